"""Carts and their lines."""

from __future__ import annotations

from typing import Any

from core.cart.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
