"""Zones and methods."""

from __future__ import annotations

from typing import Any

from plugins.table_rate.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
