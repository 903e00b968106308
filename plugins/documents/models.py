"""Issued documents, and the last number of each series. A document's row is written once and never changed."""

from __future__ import annotations

import peewee
from peewee import Check

from core.api import InstantField, SiteTable

INVOICE, CREDIT_NOTE = "invoice", "credit_note"
KINDS = (INVOICE, CREDIT_NOTE)


class Document(SiteTable):
    """An invoice or a credit note. `content` is all that stands on it, as JSON; `sha256` is the digest of that text.

    `reason` says why it was issued: `order` for an order's first, `after:<n>` for what changed since its first `n`.
    """

    order_id = peewee.IntegerField()
    order_number = peewee.CharField(max_length=40)
    kind = peewee.CharField(max_length=20, constraints=[Check("kind IN ('invoice', 'credit_note')")])
    number = peewee.IntegerField(constraints=[Check("number > 0")])
    code = peewee.CharField(max_length=40)
    reason = peewee.CharField(max_length=40)
    name = peewee.CharField(max_length=200)
    currency = peewee.CharField(max_length=3)
    total = peewee.BigIntegerField()
    content = peewee.TextField()
    sha256 = peewee.CharField(max_length=64)
    actor = peewee.CharField(max_length=80)
    issued_at = InstantField()

    class Meta:
        table_name = "documents_document"
        indexes = (
            (("site_id", "kind", "number"), True),
            (("order_id", "reason"), True),
            (("site_id", "order_number"), False),
        )


class Series(SiteTable):
    """The last number that was given out, per site and kind."""

    kind = peewee.CharField(max_length=20)
    last = peewee.IntegerField()

    class Meta:
        table_name = "documents_series"
        indexes = ((("site_id", "kind"), True),)


TABLES = (Document, Series)
