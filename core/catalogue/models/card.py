"""Cards: what lists show, made from the facts in the transaction that changes them. Nothing here is true by itself.

Written by `services.cards` alone, which can make all of it anew. So no row refers by a foreign key.
"""

from __future__ import annotations

import peewee

from core.kernel.tables import InstantField, JSONField, SiteTable


class Card(SiteTable):
    """A product in a list, on a site that sells it now, in one language and currency.

    `price` is what everyone pays, promotions included, until `until`. `variant_id` is set if there is nothing to
    choose. `data` is what plugins say of the product, by their names.
    """

    site_id = peewee.IntegerField()
    product_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    currency = peewee.CharField(max_length=3)
    variant_id = peewee.IntegerField(null=True)
    name = peewee.CharField(max_length=255)
    path = peewee.CharField(max_length=200)
    summary = peewee.TextField()
    price = peewee.BigIntegerField()
    was = peewee.BigIntegerField(null=True)
    from_price = peewee.BooleanField()
    until = InstantField(null=True)
    picture = JSONField(null=True)
    swatches = JSONField()
    available = peewee.BooleanField()
    low = peewee.BooleanField()
    created_at = InstantField()
    position = peewee.IntegerField()
    data = JSONField(default=dict)

    class Meta:
        primary_key = peewee.CompositeKey("product_id", "site_id", "language", "currency")


class CardPlace(SiteTable):
    """A card's place in a category, in each of its ancestors, and in category 0: everything. Lists walk its indexes."""

    site_id = peewee.IntegerField()
    category_id = peewee.IntegerField()
    currency = peewee.CharField(max_length=3)
    product_id = peewee.IntegerField()
    position = peewee.IntegerField()
    price = peewee.BigIntegerField()
    created_at = InstantField()
    rating = peewee.BigIntegerField(default=0)
    available = peewee.BooleanField()

    class Meta:
        primary_key = peewee.CompositeKey("product_id", "site_id", "category_id", "currency")
        indexes = (
            (("site_id", "category_id", "currency", "position", "product_id"), True),
            (("site_id", "category_id", "currency", "price", "product_id"), True),
            (("site_id", "category_id", "currency", "created_at", "product_id"), True),
            (("site_id", "category_id", "currency", "rating", "product_id"), True),
        )


class CardName(SiteTable):
    """A card's place by its folded name, which depends on the language but not on the currency."""

    site_id = peewee.IntegerField()
    category_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    product_id = peewee.IntegerField()
    name = peewee.CharField(max_length=255)

    class Meta:
        primary_key = peewee.CompositeKey("product_id", "site_id", "category_id", "language")
        indexes = ((("site_id", "category_id", "language", "name", "product_id"), True),)


class CardWords(SiteTable):
    """The folded words of a card, for the plain search."""

    site_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    product_id = peewee.IntegerField()
    words = peewee.TextField()

    class Meta:
        primary_key = peewee.CompositeKey("product_id", "site_id", "language")


class CardFacet(SiteTable):
    """A value by which a card can be filtered: codes of options and attributes."""

    site_id = peewee.IntegerField()
    code = peewee.CharField(max_length=80)
    value = peewee.CharField(max_length=255)
    product_id = peewee.IntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("site_id", "code", "value", "product_id")
        indexes = ((("product_id", "site_id", "code", "value"), False),)


class CardCount(SiteTable):
    """How many cards a category has in a currency, and how many of them are available.

    In all (`code` empty), per value of a facet.
    """

    site_id = peewee.IntegerField()
    category_id = peewee.IntegerField()
    currency = peewee.CharField(max_length=3)
    code = peewee.CharField(max_length=80)
    value = peewee.CharField(max_length=255)
    total = peewee.IntegerField()
    available = peewee.IntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("site_id", "category_id", "currency", "code", "value")


class CardDue(SiteTable):
    """When the cards of a product on a site must be made anew: a price, a promotion or a listing begins or ends."""

    site_id = peewee.IntegerField()
    product_id = peewee.IntegerField()
    at = InstantField(index=True)

    class Meta:
        primary_key = peewee.CompositeKey("product_id", "site_id")
