"""Endpoints, secrets, events, deliveries and attempts."""

from __future__ import annotations

from typing import Any

from plugins.webhooks.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
