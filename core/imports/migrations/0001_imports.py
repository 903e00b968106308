"""The tables of imports."""

from __future__ import annotations

from typing import Any

from core.imports.models import TABLES


def up(migrator: Any, db: Any) -> None:
    """Create them; their indexes are declared on the models."""
    db.create_tables(TABLES)
