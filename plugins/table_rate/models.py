"""Zones of a site, and the delivery methods of each with their brackets."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import Check

from core.api import JSONField, RemovableTable

WEIGHT, TOTAL, QUANTITY = "weight", "total", "quantity"
BASES = (WEIGHT, TOTAL, QUANTITY)
PER_PARCEL, PER_KG = "parcel", "kg"


class Zone(RemovableTable):
    """Where it is: `areas` holds one area per line, as `forms.areas` reads them.

    Not `served`: nothing is delivered there, for `reasons` {language: text}.
    """

    name = peewee.CharField(max_length=80)
    position = peewee.IntegerField(default=0)
    areas = peewee.TextField(default="")
    served = peewee.BooleanField(default=True)
    reasons = JSONField(default=dict)

    class Meta:
        table_name = "table_rate_zone"


class Method(RemovableTable):
    """A way of delivery within a zone.

    `brackets` {currency: [[from, to or null, price]]}: both ends count; grams, minor units or pieces by `basis`. The
    order value is that of the goods after discounts. `free_from` and `surcharges` {currency: minor units}; a surcharge
    is counted `per` parcel of at most `parcel_g`, or per started kilogram. `divisor`: cubic centimetres that weigh a
    kilogram. `excluded` names goods that it does not carry, one `attribute=value` per line. `tracking` is the address
    of a parcel's page, with `{number}` in it.
    """

    zone = peewee.ForeignKeyField(Zone, on_delete="CASCADE")
    zone_id: Any
    position = peewee.IntegerField(default=0)
    titles = JSONField(default=dict)
    descriptions = JSONField(default=dict)
    basis = peewee.CharField(max_length=10, default=WEIGHT)
    brackets = JSONField(default=dict)
    free_from = JSONField(default=dict)
    per = peewee.CharField(max_length=10, default="")
    surcharges = JSONField(default=dict)
    parcel_g = peewee.IntegerField(null=True, constraints=[Check("parcel_g IS NULL OR parcel_g > 0")])
    divisor = peewee.IntegerField(null=True, constraints=[Check("divisor IS NULL OR divisor > 0")])
    excluded = peewee.TextField(default="")
    days_from = peewee.IntegerField(null=True)
    days_to = peewee.IntegerField(null=True)
    tracking = peewee.TextField(default="")

    class Meta:
        table_name = "table_rate_method"


# A removed zone does not keep its name from another one.
Zone.add_index(Zone.index(Zone.site_id, Zone.name, unique=True, where=Zone.removed_at.is_null()))
TABLES = (Zone, Method)
