"""Delivery rates."""

from __future__ import annotations

from typing import Any

from plugins.flat_rate.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
