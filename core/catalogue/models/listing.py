"""Where products and categories are shown: per site, with an address per language."""

from __future__ import annotations

import peewee

from core.catalogue.models.product import Product
from core.kernel.tables import InstantField, SiteTable


class Listing(SiteTable):
    """A product on a site, from `publish_at` until before `withdraw_at` (NULL: without bound)."""

    site_id = peewee.IntegerField()
    product = peewee.ForeignKeyField(Product, on_delete="CASCADE")
    visible = peewee.BooleanField(default=True)
    position = peewee.IntegerField(default=0)
    publish_at = InstantField(null=True)
    withdraw_at = InstantField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("site_id", "product")


# Few of many: what begins or ends at a time is found here.
Listing.add_index(
    Listing.index(
        Listing.site_id,
        Listing.product,
        name="listing_timed",
        where=peewee.SQL("publish_at IS NOT NULL OR withdraw_at IS NOT NULL"),
    )
)


class Slug(SiteTable):
    """An address below /p/ or /c/.

    `kind`: product or category. Those that are not `current` redirect to the one that is.
    """

    site_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    kind = peewee.CharField(max_length=10)
    path = peewee.CharField(max_length=200)
    ref = peewee.IntegerField()
    current = peewee.BooleanField(default=True)

    class Meta:
        primary_key = peewee.CompositeKey("site_id", "language", "kind", "path")
        indexes = ((("kind", "ref", "site_id", "language"), False),)
