"""Returns, exchanges and claims: what was asked for, and what became of every unit. No state is stored."""

from __future__ import annotations

import peewee
from peewee import Check

from core.kernel import tables
from core.orders.models.order import Order, OrderLine


class OrderCase(tables.SiteTable):
    """One return, exchange or claim (`kind`). Its state follows from the instants and from its lines' counts.

    `granted` is what was decided to be given back, in minor units, once it is resolved; what moved is a payment fact.
    `label` is the way back that a carrier sold. Of a claim, `wish` is what the shopper would like and `way` what was
    decided: refund or replace, empty where nothing was said. Of an exchange, `sent_change_id` is the change that sent
    the new goods before the old ones were decided about, and `advance` what the old ones count for until they come.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    kind = peewee.CharField(max_length=10, constraints=[Check("kind IN ('return', 'exchange', 'claim')")])
    key = peewee.CharField(max_length=64)
    reason = peewee.CharField(max_length=40)
    note = peewee.TextField(default="")
    photos = tables.JSONField(default=list)
    wanted = tables.JSONField(default=dict)
    wish = peewee.CharField(max_length=10, default="")
    way = peewee.CharField(max_length=10, default="")
    outcome = peewee.CharField(max_length=20, default="")
    granted = peewee.BigIntegerField(default=0)
    actor = peewee.CharField(max_length=80)
    answer = peewee.TextField(default="")
    label = tables.JSONField(null=True)
    sent_change_id = peewee.IntegerField(null=True)
    advance = peewee.BigIntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0"), Check("advance >= 0")])
    requested_at = tables.InstantField()
    approved_at = tables.InstantField(null=True)
    ended_at = tables.InstantField(null=True)

    class Meta:
        indexes = ((("order", "key"), True), (("site_id", "requested_at"), False))


class OrderCaseLine(tables.Table):
    """Units of one line: how many are to come, came, and where each of them went after it was looked at.

    `value` is what was paid for the units that came (or were claimed), in minor units.
    """

    case = peewee.ForeignKeyField(OrderCase, on_delete="CASCADE")
    line = peewee.ForeignKeyField(OrderLine, on_delete="CASCADE")
    quantity = peewee.IntegerField(constraints=[Check("quantity > 0")])
    received = peewee.IntegerField(default=0)
    sellable = peewee.IntegerField(default=0)
    damaged = peewee.IntegerField(default=0)
    discarded = peewee.IntegerField(default=0)
    to_supplier = peewee.IntegerField(default=0)
    value = peewee.BigIntegerField(default=0)

    class Meta:
        indexes = ((("case", "line"), True),)
        constraints = [
            Check("received >= 0 AND received <= quantity"),
            Check("sellable >= 0 AND damaged >= 0 AND discarded >= 0 AND to_supplier >= 0"),
            Check("sellable + damaged + discarded + to_supplier <= received"),
        ]


class ReturnRules(tables.SiteTable):
    """What shoppers of a site may send back by themselves; see `services.case_rules`."""

    site_id = peewee.IntegerField(primary_key=True)
    data = tables.JSONField(default=dict)
