"""Issued documents and their series."""

from __future__ import annotations

from typing import Any

from plugins.documents.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
