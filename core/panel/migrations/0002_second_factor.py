"""Authenticator apps of staff, and codes for the day one is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.kernel.db import db as database
from core.panel.models import RecoveryCode, SecondFactor

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the tables."""
    database.create_tables([SecondFactor, RecoveryCode])
