"""Reviews, votes, invitations, and addresses that want none."""

from __future__ import annotations

from typing import Any

from plugins.reviews.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
