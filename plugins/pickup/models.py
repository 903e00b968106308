"""Pickup points of a site."""

from __future__ import annotations

import peewee

from core.api import JSONField, RemovableTable


class PickupPoint(RemovableTable):
    """A place where shoppers collect. `hours` {language: text}; `fees` {currency: minor units}, absent: free."""

    position = peewee.IntegerField(default=0)
    name = peewee.CharField(max_length=120)
    address = peewee.TextField()
    hours = JSONField(default=dict)
    fees = JSONField(default=dict)
    days_from = peewee.IntegerField(null=True)
    days_to = peewee.IntegerField(null=True)

    class Meta:
        table_name = "pickup_point"


TABLES = (PickupPoint,)
