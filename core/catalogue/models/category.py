"""Categories: one tree for the installation; each site may hide or reorder its parts."""

from __future__ import annotations

import peewee

from core.catalogue.models.product import Product
from core.kernel.tables import InstantField, SiteTable, Table


class Category(Table):
    """A category; `parent` NULL is a top one. A deleted one takes its descendants out of sight.

    `returns` is what its products say about sending back that say nothing themselves; see `services.returns`.
    """

    parent = peewee.ForeignKeyField("self", null=True, on_delete="RESTRICT")
    position = peewee.IntegerField(default=0)
    code = peewee.CharField(max_length=120, unique=True)
    media_id = peewee.IntegerField(null=True)
    returns = peewee.CharField(max_length=20, default="")
    deleted_at = InstantField(null=True)


class CategoryText(Table):
    """The words of a category in one language: for all sites (`site_id` NULL), or one site's own instead."""

    category = peewee.ForeignKeyField(Category, on_delete="CASCADE")
    language = peewee.CharField(max_length=20)
    site_id = peewee.IntegerField(null=True)
    name = peewee.CharField(max_length=255)
    body_html = peewee.TextField(default="")
    seo_title = peewee.CharField(max_length=255, default="")
    seo_description = peewee.TextField(default="")


CategoryText.add_index(
    CategoryText.index(CategoryText.category, CategoryText.language, unique=True, where=CategoryText.site_id.is_null())
)
CategoryText.add_index(CategoryText.category, CategoryText.language, CategoryText.site_id, unique=True)


class ProductCategory(Table):
    """A product's place in a category; it shows in the ancestors too."""

    product = peewee.ForeignKeyField(Product, on_delete="CASCADE", index=False)
    category = peewee.ForeignKeyField(Category, on_delete="CASCADE")
    position = peewee.IntegerField(default=0)

    class Meta:
        primary_key = peewee.CompositeKey("product", "category")


class CategorySite(SiteTable):
    """What a site says of a category; without a row it is visible at its own position."""

    site_id = peewee.IntegerField()
    category = peewee.ForeignKeyField(Category, on_delete="CASCADE")
    visible = peewee.BooleanField(default=True)
    position = peewee.IntegerField(default=0)

    class Meta:
        primary_key = peewee.CompositeKey("site_id", "category")
