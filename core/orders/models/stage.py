"""Where orders stand with plugins that keep stages of their own."""

from __future__ import annotations

import peewee

from core.kernel import tables
from core.orders.models.order import Order


class OrderStage(tables.SiteTable):
    """An order came to a stage of a plugin's. Rows are never changed: the last one of a plugin is where it stands."""

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE", index=False)
    plugin = peewee.CharField(max_length=40)
    stage = peewee.CharField(max_length=40)
    actor = peewee.CharField(max_length=80)
    at = tables.InstantField()

    class Meta:
        indexes = ((("order", "plugin"), False), (("site_id", "plugin", "stage", "order"), False))
