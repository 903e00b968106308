"""What an order scored, and why."""

from __future__ import annotations

import peewee
from peewee import Check

from core.api import InstantField, JSONField, SiteTable


class Score(SiteTable):
    """The score of an order with its reasons, `[{"rule": ..., "points": ...}, ...]`: counts and countries, no names.

    `shopper_id` is who ordered with an account: the row goes with them.
    """

    order_id = peewee.IntegerField(unique=True)
    shopper_id = peewee.IntegerField(null=True, index=True)
    score = peewee.IntegerField(constraints=[Check("score BETWEEN 0 AND 100")])
    reasons = JSONField(default=list)
    at = InstantField()

    class Meta:
        table_name = "risk_score"
        indexes = ((("site_id", "score", "order_id"), False), (("site_id", "order_id"), False))


TABLES = (Score,)
