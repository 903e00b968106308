"""Stock: levels, one variant, rules, and the places that ship."""

from __future__ import annotations

import core.panel.stock.views.held
import core.panel.stock.views.locations
import core.panel.stock.views.stock
import core.panel.stock.views.transfers  # noqa: F401 -- imported for what they record
