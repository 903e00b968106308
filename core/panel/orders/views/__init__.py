"""The list of orders, one order, what may be changed of it, its refunds and returns."""

from __future__ import annotations

import core.panel.orders.views.bulk
import core.panel.orders.views.cancelling
import core.panel.orders.views.captures
import core.panel.orders.views.carriers
import core.panel.orders.views.cases
import core.panel.orders.views.changes
import core.panel.orders.views.drafts
import core.panel.orders.views.holds
import core.panel.orders.views.imports
import core.panel.orders.views.manifests
import core.panel.orders.views.orders
import core.panel.orders.views.parcels
import core.panel.orders.views.parting
import core.panel.orders.views.promises
import core.panel.orders.views.refunds
import core.panel.orders.views.returns  # noqa: F401 -- imported for what they record
