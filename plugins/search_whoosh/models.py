"""What waits for the writer. The index itself is files, and can be made anew."""

from __future__ import annotations

import peewee

from core.api import SiteTable


class Waiting(SiteTable):
    """A product whose words changed; however often, it waits once. `seq` is the latest event that said so."""

    site_id = peewee.IntegerField()
    product_id = peewee.IntegerField()
    seq = peewee.BigIntegerField()

    class Meta:
        table_name = "search_whoosh_waiting"
        primary_key = peewee.CompositeKey("site_id", "product_id")


TABLES = (Waiting,)
