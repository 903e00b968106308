"""What staff keep beside the products: their acts on many at once, and what they typed and have not saved."""

from __future__ import annotations

import peewee

from core.kernel import tables


class BulkRun(tables.SiteTable):
    """One act on many products. `choice` says it in full; `key` is the form's: a repeated click is the same act.

    Without `begun_at` nothing has happened yet: it is only looked at, or begins by itself at `due_at`. With `undone_at`
    its rows are taken back, one by one like they were done.
    """

    staff_id = peewee.IntegerField()
    act = peewee.CharField(max_length=80)
    choice = tables.JSONField(default=dict)
    key = peewee.CharField(max_length=64)
    at = tables.InstantField(index=True)
    due_at = tables.InstantField(null=True)
    begun_at = tables.InstantField(null=True)
    undone_at = tables.InstantField(null=True)

    class Meta:
        indexes = ((("staff_id", "key"), True),)


class BulkRow(tables.Table):
    """What becomes of one product. `state`: todo, doing, done, same (was so already), refused, undoing, undone, kept.

    `version` is the product's before the act, and after it once it is done; `before` is what an undo brings back; `at`
    is when somebody took the row in hand.
    """

    run = peewee.ForeignKeyField(BulkRun, on_delete="CASCADE", index=False)
    product_id = peewee.IntegerField()
    state = peewee.CharField(max_length=8, default="todo")
    text = peewee.TextField(default="")
    before = tables.JSONField(null=True)
    version = peewee.IntegerField(null=True)
    at = tables.InstantField(null=True)

    class Meta:
        indexes = ((("run", "product_id"), True), (("run", "state"), False))


class EditDraft(tables.SiteTable):
    """What somebody typed into a form and has not saved: `thing` is the form (`product:5:words`), `fields` its pairs.

    `version` is that of the thing when it was opened. `state`: open, discarded (until it is typed in again, so that it
    can come back), or closed by a save, which leaves the version that was saved and no fields.
    """

    staff_id = peewee.IntegerField()
    thing = peewee.CharField(max_length=80)
    version = peewee.BigIntegerField(default=0)
    fields = tables.JSONField(default=list)
    state = peewee.CharField(max_length=10, default="open")
    at = tables.InstantField(index=True)

    class Meta:
        indexes = ((("site_id", "staff_id", "thing"), True),)
