"""What shoppers keep for later, and the links by which they show it."""

from __future__ import annotations

import peewee

from core.api import InstantField, SiteTable


class Wish(SiteTable):
    """A product that a shopper keeps, with its price (minor units) and whether it could be bought, as it was then."""

    shopper_id = peewee.IntegerField()
    product_id = peewee.IntegerField()
    price = peewee.BigIntegerField()
    currency = peewee.CharField(max_length=3)
    available = peewee.BooleanField()
    kept_at = InstantField()

    class Meta:
        table_name = "wishlist_wish"
        indexes = ((("site_id", "shopper_id", "product_id"), True),)


class SharedList(SiteTable):
    """A shopper shows the list to whoever has its link, derived from `nonce`; without the row nobody sees it."""

    shopper_id = peewee.IntegerField()
    nonce = peewee.CharField(max_length=40)
    digest = peewee.CharField(max_length=64, unique=True)
    made_at = InstantField()

    class Meta:
        table_name = "wishlist_shared"
        indexes = ((("site_id", "shopper_id"), True),)


TABLES = (Wish, SharedList)
