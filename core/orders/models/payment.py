"""Payments: the intent, the operations sent to a gateway, and the facts it told. State is a fold over the facts."""

from __future__ import annotations

import peewee
from peewee import Check

from core.kernel import tables
from core.orders.models.order import Order


class Payment(tables.SiteTable):
    """What we want to be paid, through one gateway.

    `token` is our reference there; `reference` the gateway's own name of it. `of_payment_id` is the payment that took
    the money, where it was carried over from another order.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    plugin = peewee.CharField(max_length=60)
    gateway = peewee.CharField(max_length=60)
    account = peewee.CharField(max_length=120)
    live = peewee.BooleanField()
    token = peewee.CharField(max_length=64, unique=True)
    amount = peewee.BigIntegerField(constraints=[Check("amount > 0")])
    currency = peewee.CharField(max_length=3)
    title = peewee.CharField(max_length=200, default="")
    reference = peewee.CharField(max_length=200, default="", index=True)
    data = tables.JSONField(default=dict)
    shown = tables.JSONField(null=True)
    created_at = tables.InstantField()
    of_payment_id = peewee.IntegerField(null=True, index=True)


class PaymentOperation(tables.Table):
    """One thing asked of a gateway, committed with its idempotency key before the network is touched.

    `kind`: begin, capture, void, refund. `state`: sent, done, unknown, failed. `unknown` ends when the gateway was
    asked.
    """

    key = peewee.CharField(max_length=120, unique=True)
    payment = peewee.ForeignKeyField(Payment, on_delete="CASCADE")
    kind = peewee.CharField(max_length=10)
    amount = peewee.BigIntegerField()
    state = peewee.CharField(max_length=10, index=True)
    actor = peewee.CharField(max_length=80)
    note = peewee.TextField(default="")
    at = tables.InstantField()


class PaymentFact(tables.SiteTable):
    """One thing that happened at a gateway, stored once. `payment` NULL: nobody here knows it yet (an orphan).

    `verdict` is `counted`, `orphan`, or `quarantined:<reason>`; only counted facts change what an order has been paid.
    """

    plugin = peewee.CharField(max_length=60)
    account = peewee.CharField(max_length=120)
    live = peewee.BooleanField()
    kind = peewee.CharField(max_length=20)
    reference = peewee.CharField(max_length=200)
    amount = peewee.BigIntegerField()
    currency = peewee.CharField(max_length=3)
    at = tables.InstantField()
    stored_at = tables.InstantField()
    payment = peewee.ForeignKeyField(Payment, null=True, on_delete="CASCADE")
    verdict = peewee.CharField(max_length=40)
    note = peewee.TextField(default="")

    class Meta:
        indexes = ((("site_id", "plugin", "account", "kind", "reference"), True),)
