"""Keys, and what was asked for once."""

from __future__ import annotations

from typing import Any

from plugins.api.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
