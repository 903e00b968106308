"""Documents of another shop that were read in, so that reading them again changes nothing."""

from __future__ import annotations

import peewee

from core.kernel import tables
from core.orders.models.order import Order


class OrderImport(tables.SiteTable):
    """One document of a file by its number there: the order it became, or the first one that its credit belongs to.

    `run_id` is the import that brought it. An import that is taken back takes this with it, so the file can come again.
    """

    run_id = peewee.IntegerField(null=True, index=True)
    number = peewee.CharField(max_length=60)
    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")

    class Meta:
        indexes = ((("site_id", "number"), True),)
