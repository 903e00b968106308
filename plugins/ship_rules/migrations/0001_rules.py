"""The table of rules."""

from __future__ import annotations

from typing import Any

from plugins.ship_rules.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
