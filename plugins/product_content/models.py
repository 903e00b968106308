"""What a site says of its products beyond words, prices and pictures."""

from __future__ import annotations

import peewee

from core.api import InstantField, JSONField, SiteTable


class Specs(SiteTable):
    """The specifications of a product in one language.

    `groups`: [{"title": text, "rows": [[name, value], ...]}, ...].
    """

    product_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    groups = JSONField(default=list)

    class Meta:
        table_name = "product_content_specs"
        indexes = ((("site_id", "product_id", "language"), True),)


class Download(SiteTable):
    """A file of a product, for readers of `language` or, if that is empty, of all.

    `name` is generated, `original` is for people.
    One that was removed (`removed_at`) can be brought back until its file is deleted.
    """

    product_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20, default="")
    position = peewee.IntegerField(default=0)
    title = peewee.CharField(max_length=120)
    name = peewee.CharField(max_length=60)
    original = peewee.CharField(max_length=120)
    mime = peewee.CharField(max_length=60)
    size = peewee.IntegerField()
    created_at = InstantField()
    removed_at = InstantField(null=True)

    class Meta:
        table_name = "product_content_download"
        indexes = ((("site_id", "product_id"), False),)


class Related(SiteTable):
    """Another product that goes with a product. `kind`: accessory, similar, or replaces: the other is the older one."""

    product_id = peewee.IntegerField()
    kind = peewee.CharField(max_length=10)
    other_id = peewee.IntegerField()
    position = peewee.IntegerField(default=0)

    class Meta:
        table_name = "product_content_related"
        indexes = ((("site_id", "product_id", "kind", "other_id"), True), (("site_id", "other_id"), False))


class Sizes(SiteTable):
    """A table of sizes in one language, of a product or of all in a category (`owner`).

    `cells`: rows, the first is the head.
    """

    owner = peewee.CharField(max_length=10)
    owner_id = peewee.IntegerField()
    language = peewee.CharField(max_length=20)
    cells = JSONField(default=list)
    note = peewee.TextField(default="")

    class Meta:
        table_name = "product_content_sizes"
        indexes = ((("site_id", "owner", "owner_id", "language"), True),)


TABLES = (Specs, Download, Related, Sizes)
