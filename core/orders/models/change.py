"""What changed an order after it was placed: drafts with their actions, and the charges they left."""

from __future__ import annotations

import peewee
from peewee import Check

from core.kernel import tables
from core.orders.models.order import Order, OrderLine


class OrderChange(tables.SiteTable):
    """A list of actions, looked at in the order's `version`; `state` is draft, confirmed or dropped.

    `plan` is all that confirming will write, priced when it was drafted; `effect` what that does to money, stock and
    delivery. `key` (of the form that was sent) makes a repeated click the same change. `into_order_id` is where a split
    or a merge carried its units.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    version = peewee.IntegerField()
    state = peewee.CharField(max_length=10, constraints=[Check("state IN ('draft', 'confirmed', 'dropped')")])
    policy = peewee.CharField(max_length=10)
    actor = peewee.CharField(max_length=80)
    reason = peewee.TextField(default="")
    key = peewee.CharField(max_length=64)
    plan = tables.JSONField()
    effect = tables.JSONField()
    created_at = tables.InstantField()
    ended_at = tables.InstantField(null=True)
    into_order_id = peewee.IntegerField(null=True)

    class Meta:
        indexes = ((("order", "key"), True),)


class OrderChangeAction(tables.Table):
    """One action of a change, in its place; `data` holds its fields."""

    change = peewee.ForeignKeyField(OrderChange, on_delete="CASCADE")
    position = peewee.IntegerField()
    kind = peewee.CharField(max_length=20)
    data = tables.JSONField()

    class Meta:
        indexes = ((("change", "position"), True),)


class OrderCharge(tables.Table):
    """A fee (above zero) or what was granted (below): part of the order's total, with its reason.

    `kind`: fee, goodwill, restocking, return_delivery, claim. `line` is set where it concerns one line.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    change = peewee.ForeignKeyField(OrderChange, on_delete="CASCADE")
    line = peewee.ForeignKeyField(OrderLine, null=True, on_delete="CASCADE")
    kind = peewee.CharField(max_length=20)
    reason = peewee.TextField(default="")
    amount = peewee.BigIntegerField(constraints=[Check("amount <> 0")])
