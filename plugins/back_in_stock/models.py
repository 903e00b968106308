"""Who wants to hear when something can be bought again."""

from __future__ import annotations

import peewee

from core.api import InstantField, SiteTable


class Subscription(SiteTable):
    """One address waits for one variant: it counts from `confirmed_at` on; at `told_at` its one mail went out."""

    product_id = peewee.IntegerField()
    variant_id = peewee.IntegerField()
    email = peewee.CharField(max_length=254)
    language = peewee.CharField(max_length=20)
    currency = peewee.CharField(max_length=3)
    created_at = InstantField()
    confirmed_at = InstantField(null=True)
    told_at = InstantField(null=True)

    class Meta:
        table_name = "back_in_stock_subscription"
        indexes = (
            (("site_id", "variant_id", "email"), True),
            (("site_id", "told_at", "product_id"), False),
        )


TABLES = (Subscription,)
