"""Delivery rates of a site."""

from __future__ import annotations

import peewee

from core.api import JSONField, RemovableTable


class FlatRate(RemovableTable):
    """One rate. `titles` {language: text}; `prices` {currency: [amount, free from or null]} in minor units.

    `countries` are ISO 3166 alpha-2 codes between spaces; empty: everywhere. `tracking` is the address of a parcel's
    page, with `{number}` in it.
    """

    position = peewee.IntegerField(default=0)
    titles = JSONField(default=dict)
    prices = JSONField(default=dict)
    countries = peewee.TextField(default="")
    days_from = peewee.IntegerField(null=True)
    days_to = peewee.IntegerField(null=True)
    tracking = peewee.TextField(default="")

    class Meta:
        table_name = "flat_rate_rate"


TABLES = (FlatRate,)
