"""The tables of the catalogue, and the first place to ship from."""

from __future__ import annotations

from typing import Any

from core.catalogue.models import TABLES, Location


def up(migrator: Any, db: Any) -> None:
    """Create them; their CHECKs and indexes are declared on the models."""
    db.create_tables(TABLES)
    Location.insert(code="main", name="Main", priority=0, country="").execute()
