"""Words that staff put on orders."""

from __future__ import annotations

import peewee

from core.kernel import tables
from core.orders.models.order import Order


class OrderTag(tables.SiteTable):
    """A word on an order, to find it and its like again."""

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE", index=False)
    tag = peewee.CharField(max_length=40)

    class Meta:
        indexes = ((("order", "tag"), True), (("site_id", "tag", "order"), False))
