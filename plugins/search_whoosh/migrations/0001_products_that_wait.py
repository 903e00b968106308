"""Products that wait for the writer of the index."""

from __future__ import annotations

from typing import Any

from plugins.search_whoosh.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
