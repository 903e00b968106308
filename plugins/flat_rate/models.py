"""Delivery rates of a site."""

from __future__ import annotations

import peewee

from core.api import JSONField, RemovableTable


class FlatRate(RemovableTable):
    """One rate. `titles` {language: text}; `prices` {currency: [amount, free from or null]} in minor units.

    `countries` are ISO 3166 alpha-2 codes between spaces; empty: everywhere.
    """

    position = peewee.IntegerField(default=0)
    titles = JSONField(default=dict)
    prices = JSONField(default=dict)
    countries = peewee.TextField(default="")
    days_from = peewee.IntegerField(null=True)
    days_to = peewee.IntegerField(null=True)

    class Meta:
        table_name = "flat_rate_rate"


TABLES = (FlatRate,)
