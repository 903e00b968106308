"""What an import remembers: how far a file got, and where the pictures of products came from."""

from __future__ import annotations

import peewee

from core.kernel.db import InstantField, JSONField, SiteTable, Table

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


class ImportRun(SiteTable):
    """One file on its way into a site.

    `file` is the kept copy's name in the installation's folder for imports, `original` the merchant's. `mapping` maps
    columns of the file to columns of the format, `pictures` is where those are that have only a name.
    `line` is the first line of the last product dealt with: a run that
    was killed goes on behind it. `remarks_bytes` is how much of the remarks' file belongs to it. Counts are products.
    """

    file = peewee.CharField(max_length=80)
    original = peewee.CharField(max_length=255, default="")
    format = peewee.CharField(max_length=20)
    mapping = JSONField(default=dict)
    pictures = peewee.CharField(max_length=500, default="")
    language = peewee.CharField(max_length=20, default="en")
    actor = peewee.CharField(max_length=80)
    dry_run = peewee.BooleanField(default=False)
    state = peewee.CharField(max_length=10, default=WAITING)
    line = peewee.IntegerField(default=0)
    done = peewee.IntegerField(default=0)
    total = peewee.IntegerField(default=0)
    created = peewee.IntegerField(default=0)
    updated = peewee.IntegerField(default=0)
    unchanged = peewee.IntegerField(default=0)
    refused = peewee.IntegerField(default=0)
    warnings = peewee.IntegerField(default=0)
    remarks_bytes = peewee.BigIntegerField(default=0)
    error = peewee.TextField(default="")
    created_at = InstantField()
    ended_at = InstantField(null=True)


class PictureSource(Table):
    """A picture that a file named for a product: fetched once, and not brought back when the merchant takes it away.

    `media_id` is the stored picture, once it is there. `skus` are those of the variants that it shows.
    """

    product_id = peewee.IntegerField()
    url = peewee.TextField()
    url_digest = peewee.CharField(max_length=64)
    position = peewee.IntegerField(default=0)
    alt = peewee.CharField(max_length=255, default="")
    language = peewee.CharField(max_length=20)
    skus = JSONField(default=list)
    state = peewee.CharField(max_length=10, default=WAITING)
    media_id = peewee.IntegerField(null=True)
    reason = peewee.CharField(max_length=255, default="")
    run_id = peewee.IntegerField(null=True, index=True)
    line = peewee.IntegerField(default=0)

    class Meta:
        indexes = ((("product_id", "url_digest"), True), (("url_digest", "state"), False))


TABLES = (ImportRun, PictureSource)
