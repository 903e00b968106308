"""Orders with their lines, parcels and payments."""

from __future__ import annotations

from typing import Any

from core.orders.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
