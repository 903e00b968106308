"""Stock: how much there is, and every move that made it so."""

from __future__ import annotations

import peewee

from core.catalogue.models.product import Variant
from core.kernel.db import InstantField, Table


def _pieces() -> peewee.BigIntegerField:
    """A count of pieces that plain INSERTs may leave out."""
    return peewee.BigIntegerField(default=0, constraints=[peewee.SQL("DEFAULT 0")])


class Location(Table):
    """A place that ships. Orders take from the lowest `priority` first."""

    code = peewee.CharField(max_length=40, unique=True)
    name = peewee.CharField(max_length=120)
    priority = peewee.IntegerField(default=0)
    country = peewee.CharField(max_length=2, default="")


class StockLevel(Table):
    """Pieces of a variant at a location: there, promised to orders, and held for carts.

    Beside what can be sold: `damaged`, being looked at (`quality`), and on order with a supplier (`incoming`).
    `backorder_limit` says how many more than are there may be promised. Written by `services.stock` alone, by guarded
    UPDATEs; the CHECKs stand behind them.
    """

    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE", index=False)
    location = peewee.ForeignKeyField(Location, on_delete="RESTRICT")
    on_hand = peewee.BigIntegerField(default=0)
    allocated = peewee.BigIntegerField(default=0)
    held = peewee.BigIntegerField(default=0)
    damaged = _pieces()
    quality = _pieces()
    incoming = _pieces()
    backorder_limit = peewee.BigIntegerField(default=0)

    class Meta:
        primary_key = peewee.CompositeKey("variant", "location")
        constraints = [
            peewee.Check("on_hand >= 0", name="stock_on_hand"),
            peewee.Check("allocated >= 0", name="stock_allocated"),
            peewee.Check("held >= 0", name="stock_held"),
            peewee.Check("damaged >= 0 AND quality >= 0 AND incoming >= 0", name="stock_beside"),
            peewee.Check("backorder_limit >= 0", name="stock_backorder_limit"),
            peewee.Check("allocated + held <= on_hand + backorder_limit", name="stock_promised"),
        ]


class StockMove(Table):
    """One change of a level: its six differences, why, by whom and for what (`reference`, such as `order:12`).

    `kind`: allocate, release, ship, receive, restock, adjust, count, hold, unhold, sort (from one state to another),
    expect (incoming), repair (a level that was put right, noted with its reason).
    """

    variant = peewee.ForeignKeyField(Variant, on_delete="CASCADE", index=False)
    location = peewee.ForeignKeyField(Location, on_delete="RESTRICT", index=False)
    kind = peewee.CharField(max_length=10)
    on_hand = peewee.BigIntegerField(default=0)
    allocated = peewee.BigIntegerField(default=0)
    held = peewee.BigIntegerField(default=0)
    damaged = _pieces()
    quality = _pieces()
    incoming = _pieces()
    reason = peewee.CharField(max_length=200, default="")
    actor = peewee.CharField(max_length=80)
    reference = peewee.CharField(max_length=80, default="")
    at = InstantField()

    class Meta:
        indexes = ((("variant", "location"), False), (("reference",), False))
