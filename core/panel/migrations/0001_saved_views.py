"""Lists as staff narrowed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.kernel.db import db as database
from core.panel.models import SavedView

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the table."""
    database.create_tables([SavedView])
