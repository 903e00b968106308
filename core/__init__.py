"""A minimal shop: it boots with every plugin off."""

from __future__ import annotations

import os

from core.lib.spare import hollow, without

# Where zones lie; who does not say it makes `zoneinfo` read how this Python was built, which stays loaded: 1 MB.
os.environ.setdefault("PYTHONTZPATH", "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo")

# Loaded here, before anything else asks for them, so that they take nothing along that a shop does without: the driver
# of the other database is 11 MB (db.configure() loads it where it is wanted), structlog's way of colouring traces, which
# no log of ours has, is 4 MB, and what runs coroutines and greenlets 3 MB. limits brings 2 MB along that note in its
# documentation what came when.
with (
    without("psycopg", "psycopg2", "rich", "greenlet"),
    hollow("asyncio", "limits.aio", versionadded="deprecated.sphinx", versionchanged="deprecated.sphinx"),
):
    import limits as limits
    import peewee as peewee
    import structlog as structlog
