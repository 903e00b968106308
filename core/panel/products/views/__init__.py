"""The list of products, and the parts of one product's editor, each with a form of its own."""

from __future__ import annotations

import core.panel.products.views.bulk
import core.panel.products.views.drafts
import core.panel.products.views.history
import core.panel.products.views.listing
import core.panel.products.views.pictures
import core.panel.products.views.places
import core.panel.products.views.stock
import core.panel.products.views.variants
import core.panel.products.views.words  # noqa: F401 -- imported for what they record
