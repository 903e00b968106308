"""Pictures: what is known of each stored file. The bytes and their renditions belong to the kernel's files."""

from __future__ import annotations

import peewee

from core.catalogue.models.product import Product
from core.kernel.tables import InstantField, JSONField, Table


class Media(Table):
    """A stored picture. `name` is generated, `original` the uploader's; the focal point in hundredths of its size.

    `before` holds the file that the present one took the place of, if any.
    """

    name = peewee.CharField(max_length=120, unique=True)
    original = peewee.CharField(max_length=255, default="")
    mime = peewee.CharField(max_length=80)
    width = peewee.IntegerField()
    height = peewee.IntegerField()
    bytes = peewee.BigIntegerField(default=0)
    focal_x = peewee.IntegerField(default=50)
    focal_y = peewee.IntegerField(default=50)
    alt = JSONField(default=dict)
    sha256 = peewee.CharField(max_length=64, index=True)
    before = JSONField(default=dict)
    created_at = InstantField()


class RemovedMedia(Table):
    """A picture that was deleted, with the row that it had: its file is kept for a while, so that it can come back."""

    name = peewee.CharField(max_length=120, unique=True)
    kept = JSONField(default=dict)
    removed_at = InstantField()

    class Meta:
        table_name = "media_removed"


class ProductMedia(Table):
    """A picture of a product, in order; the first one stands for it in lists."""

    product = peewee.ForeignKeyField(Product, on_delete="CASCADE", index=False)
    media = peewee.ForeignKeyField(Media, on_delete="RESTRICT")
    position = peewee.IntegerField(default=0)

    class Meta:
        primary_key = peewee.CompositeKey("product", "media")
