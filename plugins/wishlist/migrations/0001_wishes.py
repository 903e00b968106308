"""Wishes, and links to lists."""

from __future__ import annotations

from typing import Any

from plugins.wishlist.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
