"""Prices."""

from __future__ import annotations

import peewee

from core.catalogue.models.product import Variant
from core.kernel.tables import InstantField, SiteTable


class Price(SiteTable):
    """`amount` minor units for one of at least `from_qty`, from `starts` until before `ends` (NULL: without bound).

    `list` NULL is the public price; others are filled by plugins. Of several that hold, the lowest counts. Without a
    price in
    a currency the variant is not sold in it. `was` is the price it is compared with.
    """

    site_id = peewee.IntegerField()
    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE", index=False)
    currency = peewee.CharField(max_length=3)
    list = peewee.CharField(max_length=80, null=True)
    from_qty = peewee.IntegerField(default=1)
    starts = InstantField(null=True)
    ends = InstantField(null=True)
    amount = peewee.BigIntegerField()
    was = peewee.BigIntegerField(null=True)

    class Meta:
        indexes = ((("variant", "site_id", "currency"), False),)
        constraints = [
            peewee.Check("amount >= 0", name="price_amount"),
            peewee.Check("from_qty >= 1", name="price_from_qty"),
            peewee.Check("was IS NULL OR was > amount", name="price_was"),
            peewee.Check("starts IS NULL OR ends IS NULL OR starts < ends", name="price_period"),
        ]
