"""Sales, their items, and the history of prices."""

from __future__ import annotations

from typing import Any

from plugins.sale_prices.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
