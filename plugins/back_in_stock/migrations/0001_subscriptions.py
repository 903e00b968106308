"""The table of subscriptions."""

from __future__ import annotations

from typing import Any

from plugins.back_in_stock.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
