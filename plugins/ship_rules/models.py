"""From where goods go to which countries."""

from __future__ import annotations

import peewee

from core.api import JSONField, RemovableTable


class ShipRule(RemovableTable):
    """Locations in the order in which they shall send: `[id, minutes of the day until it sends today or null]`.

    `countries` are ISO 3166 alpha-2 codes between spaces; empty: everywhere else. `criteria` decide in their order:
    few, cheapest, health, places. `costs`: per parcel and per kilogram by location, in minor units of the site's
    currency. `only`: the others send nothing.
    """

    position = peewee.IntegerField(default=0)
    countries = peewee.TextField(default="")
    places = JSONField(default=list)
    criteria = JSONField(default=list)
    costs = JSONField(default=dict)
    only = peewee.BooleanField(default=False)

    class Meta:
        table_name = "ship_rules_rule"


TABLES = (ShipRule,)
