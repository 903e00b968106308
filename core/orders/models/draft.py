"""Orders that staff prepare: what was agreed with whom. It becomes an order once.

Until then no stock is promised, at most kept for a while.
"""

from __future__ import annotations

import peewee
from peewee import Check

from core.kernel import tables
from core.orders.models.order import Order


class OrderDraft(tables.SiteTable):
    """An order in the making. `version` rises with every edit, and a pay link holds for the version it was made of.

    `key` (of the form that was sent) makes a repeated click the same draft. `links` counts the pay links made; the
    digest of the valid one is `link_digest`, until `link_until`. `ended_at` is set when it became `order` or was let
    go. Its goods are held until `keep_until`, if that is set. `places` are further addresses with what goes there.
    """

    key = peewee.CharField(max_length=64)
    shopper_id = peewee.IntegerField(null=True)
    email = peewee.CharField(max_length=254, default="")
    language = peewee.CharField(max_length=20)
    currency = peewee.CharField(max_length=3)
    address = tables.JSONField(null=True)
    billing = tables.JSONField(null=True)
    carrier = peewee.CharField(max_length=60, default="")
    service = peewee.CharField(max_length=60, default="")
    places = tables.JSONField(default=list)
    note = peewee.TextField(default="")
    discount = peewee.BigIntegerField(default=0, constraints=[Check("discount >= 0")])
    discount_reason = peewee.CharField(max_length=200, default="")
    actor = peewee.CharField(max_length=80)
    version = peewee.IntegerField(default=1)
    links = peewee.IntegerField(default=0)
    link_digest = peewee.CharField(max_length=64, null=True, unique=True)
    link_until = tables.InstantField(null=True)
    order = peewee.ForeignKeyField(Order, null=True, on_delete="SET NULL")
    created_at = tables.InstantField()
    updated_at = tables.InstantField()
    ended_at = tables.InstantField(null=True)
    keep_until = tables.InstantField(null=True)

    class Meta:
        indexes = ((("site_id", "key"), True),)


class OrderDraftLine(tables.Table):
    """Units of a variant, at today's price or at an agreed one in minor units, with the reason for it.

    A line of the shop's own words (a service, engraving) has a `title`, no variant, and always an agreed price.
    """

    draft = peewee.ForeignKeyField(OrderDraft, on_delete="CASCADE")
    position = peewee.IntegerField()
    variant_id = peewee.IntegerField()
    quantity = peewee.IntegerField(constraints=[Check("quantity BETWEEN 1 AND 999")])
    agreed = peewee.BigIntegerField(null=True, constraints=[Check("agreed IS NULL OR agreed >= 0")])
    reason = peewee.CharField(max_length=200, default="")
    title = peewee.CharField(max_length=200, default="", constraints=[peewee.SQL("DEFAULT ''")])
    tax_class = peewee.CharField(max_length=60, default="standard", constraints=[peewee.SQL("DEFAULT 'standard'")])

    class Meta:
        indexes = ((("draft", "position"), True),)
