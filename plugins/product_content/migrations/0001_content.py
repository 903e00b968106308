"""Specifications, downloads, related goods and size advice."""

from __future__ import annotations

from typing import Any

from plugins.product_content.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
