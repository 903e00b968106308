"""Shoppers, staff and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.accounts.models import MODELS
from core.kernel.db import db as database

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the tables."""
    database.create_tables(MODELS)
