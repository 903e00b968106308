"""The scores of orders."""

from __future__ import annotations

from typing import Any

from plugins.risk.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
