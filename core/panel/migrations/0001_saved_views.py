"""What staff keep for themselves: lists as they narrowed them, their columns, and acts on many things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.kernel.db import db as database
from core.panel.models import ListColumns, SavedView
from core.panel.products.models import BulkRow, BulkRun, EditDraft

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the tables."""
    database.create_tables([SavedView, ListColumns, BulkRun, BulkRow, EditDraft])
