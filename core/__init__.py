"""A minimal shop: it boots with every plugin off."""

from __future__ import annotations

from core.lib.spare import without

# Loaded here, before anything else asks for them, so that they take nothing along that a shop does without: the driver
# of the other database is 11 MB (db.configure() loads it where it is wanted), and structlog's way of colouring traces,
# which no log of ours has, is 4 MB.
with without("psycopg", "psycopg2", "rich"):
    import peewee as peewee
    import structlog as structlog
