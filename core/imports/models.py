"""What an import remembers: how far a file got, what it changed, and where the pictures of products came from."""

from __future__ import annotations

import peewee

from core.kernel.tables import InstantField, JSONField, SiteTable, Table

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
# Before a run its columns are looked at; it may be stopped half-way; afterwards all of it can be taken back.
DRAFT, STOPPED, UNDOING, UNDONE = "draft", "stopped", "undoing", "undone"
PRODUCTS, ORDERS, HISTORY = "products", "orders", "history"


class ImportRun(SiteTable):
    """One file on its way into a site. `kind` says of what; `channel` where orders come from that do not say so.

    Past orders (`history`) are in `currency` where they do not say so, and get `prefix` before their numbers; `sums`
    are those of what came in, as minor units per currency.

    `file` is the kept copy's name in the installation's folder for imports, `original` the merchant's, `digest` that of
    its bytes. `mapping` maps columns of the file to columns of the format, `pictures` is where those are that have only
    a name, `dates` the order of its days and `dates_line` the row that leaves no other. `line` is the first line of the
    last product dealt with: a run that was killed goes on behind it, `resumed` times so far, last behind
    `resumed_line`. `worker` is whoever has the run now: another one's batch is not kept.
    `remarks_bytes` is how much of the remarks' file belongs to it. Counts are products. `began_at` and `began_done` are
    the start of the present stretch, from which the remaining time is told. `undone` and `kept` count what an undo
    took back and what it had to leave.
    """

    kind = peewee.CharField(max_length=10, default=PRODUCTS)
    channel = peewee.CharField(max_length=60, default="")
    currency = peewee.CharField(max_length=3, default="")
    prefix = peewee.CharField(max_length=20, default="")
    sums = JSONField(default=dict)
    file = peewee.CharField(max_length=80)
    original = peewee.CharField(max_length=255, default="")
    digest = peewee.CharField(max_length=64, default="")
    format = peewee.CharField(max_length=20)
    mapping = JSONField(default=dict)
    pictures = peewee.CharField(max_length=500, default="")
    dates = peewee.CharField(max_length=3, default="")
    dates_line = peewee.IntegerField(default=0)
    language = peewee.CharField(max_length=20, default="en")
    actor = peewee.CharField(max_length=80)
    dry_run = peewee.BooleanField(default=False)
    state = peewee.CharField(max_length=10, default=WAITING)
    stopping = peewee.BooleanField(default=False)
    worker = peewee.CharField(max_length=40, default="")
    line = peewee.IntegerField(default=0)
    resumed = peewee.IntegerField(default=0)
    resumed_line = peewee.IntegerField(default=0)
    done = peewee.IntegerField(default=0)
    total = peewee.IntegerField(default=0)
    created = peewee.IntegerField(default=0)
    updated = peewee.IntegerField(default=0)
    unchanged = peewee.IntegerField(default=0)
    refused = peewee.IntegerField(default=0)
    warnings = peewee.IntegerField(default=0)
    undone = peewee.IntegerField(default=0)
    kept = peewee.IntegerField(default=0)
    remarks_bytes = peewee.BigIntegerField(default=0)
    error = peewee.TextField(default="")
    created_at = InstantField()
    began_at = InstantField(null=True)
    began_done = peewee.IntegerField(default=0)
    touched_at = InstantField(null=True)
    ended_at = InstantField(null=True)


class ImportChange(Table):
    """Something that a run made or changed, with how it was before: what an undo goes by, the last row first.

    `kind`: product, category, attribute or order, `ref` its id; or a return that was put to the order `ref`.
    `before` holds the rows that differ afterwards, by table; `after` the stock that it was given, or which return it
    is. Whoever edits it raises its `version`. `state`: empty, undone, or kept, with the reason.
    """

    run = peewee.ForeignKeyField(ImportRun, on_delete="CASCADE", index=False)
    line = peewee.IntegerField(default=0)
    kind = peewee.CharField(max_length=10)
    ref = peewee.IntegerField()
    title = peewee.CharField(max_length=255, default="")
    created = peewee.BooleanField(default=False)
    version = peewee.IntegerField(default=0)
    before = JSONField(default=dict)
    after = JSONField(default=dict)
    state = peewee.CharField(max_length=10, default="")
    reason = peewee.CharField(max_length=20, default="")

    class Meta:
        indexes = ((("run", "state", "id"), False), (("kind", "ref"), False))


class ColumnMapping(SiteTable):
    """Which columns of a file stand for what, kept under a name for the next file of the same kind."""

    kind = peewee.CharField(max_length=10, default=PRODUCTS)
    name = peewee.CharField(max_length=80)
    mapping = JSONField(default=dict)
    pictures = peewee.CharField(max_length=500, default="")
    dates = peewee.CharField(max_length=3, default="")
    created_at = InstantField()

    class Meta:
        indexes = ((("site_id", "kind", "name"), True),)


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


TABLES = (ImportRun, ImportChange, ColumnMapping, PictureSource)
