"""Coupons and their codes."""

from __future__ import annotations

from typing import Any

from plugins.coupons.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
