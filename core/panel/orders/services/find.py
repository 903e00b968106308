"""An order by the number in an address."""

from __future__ import annotations

from core.kernel import db
from core.kernel.sites import current
from core.lib.errors import NotFound
from core.orders.services.read import OrderView, order_view


def order_numbered(number: str) -> OrderView:
    """An order of this very site by its number; raises NotFound."""
    site = current().site
    order_id = db.value("SELECT id FROM orders WHERE site_id = ? AND number = ?", site.id, number)
    order = order_view(order_id, site=site) if order_id is not None else None
    if order is None:
        raise NotFound
    return order
