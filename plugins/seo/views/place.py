"""Where the views of this plugin are kept, and who may use them."""

from __future__ import annotations

from core.api import Views, staff

PERMISSION = "seo.edit"
panel, shop = Views(), Views("/feeds")
may_edit = staff(PERMISSION)
