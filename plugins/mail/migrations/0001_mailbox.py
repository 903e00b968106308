"""The table of mails that stay on this machine."""

from __future__ import annotations

from typing import Any

from plugins.mail.models import TABLES


def up(migrator: Any, db: Any) -> None:
    del migrator
    db.create_tables(TABLES)
