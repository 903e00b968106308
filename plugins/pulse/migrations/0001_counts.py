"""Counts of pages, orders, and months of orders."""

from __future__ import annotations

from typing import Any

from plugins.pulse.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
