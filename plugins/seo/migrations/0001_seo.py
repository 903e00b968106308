"""Words, redirects, what was asked for in vain, and what was found."""

from __future__ import annotations

from typing import Any

from plugins.seo.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
