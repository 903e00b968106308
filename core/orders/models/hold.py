"""Orders that wait for a person before anything is sent, and the rules of a site that make them wait."""

from __future__ import annotations

import peewee
from peewee import Check

from core.kernel import tables
from core.orders.models.order import Order


class OrderHold(tables.SiteTable):
    """Why an order waits: by whose word (`source`: rule, staff, unpaid, or a problem's code), until that ended.

    `reason` and `facts` are those of `services.hold_reasons`.
    """

    order = peewee.ForeignKeyField(Order, on_delete="CASCADE")
    source = peewee.CharField(max_length=60)
    reason = peewee.TextField()
    facts = peewee.TextField(default="")
    actor = peewee.CharField(max_length=80)
    at = tables.InstantField()
    ended_at = tables.InstantField(null=True)
    outcome = peewee.CharField(
        max_length=10, default="", constraints=[Check("outcome IN ('', 'approved', 'cancelled')")]
    )
    answer = peewee.TextField(default="")


OrderHold.add_index(OrderHold.index(OrderHold.site_id, name="order_hold_open", where=peewee.SQL("ended_at IS NULL")))


class HoldRules(tables.SiteTable):
    """Which orders of a site wait for a person; see `services.hold_rules`."""

    site_id = peewee.IntegerField(primary_key=True)
    data = tables.JSONField(default=dict)
