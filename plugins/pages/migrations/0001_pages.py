"""Pages, their texts, addresses and revisions."""

from __future__ import annotations

from typing import Any

from plugins.pages.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
