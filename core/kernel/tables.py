"""What every table is built upon: its columns of kinds that the databases lack, and rows of one site."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import peewee

from core.kernel.db import db, is_sqlite
from core.lib import clock

KEPT_WHEN_REMOVED = timedelta(days=30)


class InstantField(peewee.BigIntegerField):
    """An aware UTC datetime, stored as microseconds since 1970."""

    def db_value(self, value: object) -> object:
        return clock.micros(value) if isinstance(value, datetime) else value

    def python_value(self, value: object) -> object:
        return clock.instant(value) if isinstance(value, int) else value


class JSONField(peewee.TextField):
    """Plain JSON in a text column: the same bytes on both databases."""

    def db_value(self, value: object) -> object:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    def python_value(self, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value


class LastingId(peewee.AutoField):
    """An id that is never given again, also after its row was deleted: others may still name it.

    On PostgreSQL every id is like that; SQLite by itself goes on behind the highest one that is left.
    """

    def ddl(self, ctx: Any) -> Any:
        """The column as it is created."""
        nodes = super().ddl(ctx)
        return peewee.NodeList((nodes, peewee.SQL("AUTOINCREMENT"))) if is_sqlite() else nodes


class Table(peewee.Model):
    """Base of every table. A table knows its row and nothing above it."""

    id: Any

    class Meta:
        database = db
        legacy_table_names = False
        only_save_dirty = True


class SiteTable(Table):
    """Base of every table whose rows belong to one site; look-ups start from `for_site`."""

    site_id: Any = peewee.IntegerField(index=True)

    @classmethod
    def for_site(cls, site: Any) -> Any:
        """The rows of `site` (anything with an `id`, or the id itself)."""
        return cls.select().where(cls.site_id == getattr(site, "id", site))


class RemovableTable(SiteTable):
    """A table whose rows are put away when somebody removes them, and go for good with a removal 30 days later.

    `for_site` answers what is not put away.
    """

    removed_at: Any = InstantField(null=True)

    @classmethod
    def for_site(cls, site: Any) -> Any:
        return super().for_site(site).where(cls.removed_at.is_null())

    @classmethod
    def put_away(cls, site: Any, row_id: int) -> bool:
        """Take a row away, and for good those that were taken away long ago; False: there is none. In a transaction."""
        of_site, now = cls.site_id == getattr(site, "id", site), clock.now()
        cls.delete().where(of_site, cls.removed_at < now - KEPT_WHEN_REMOVED).execute()
        one = (of_site, cls.id == row_id, cls.removed_at.is_null())
        return bool(cls.update(removed_at=now).where(*one).execute())

    @classmethod
    def bring_back(cls, site: Any, row_id: int) -> Any:
        """The row that was put away, which is there again; None: there is none. In a transaction."""
        one = (cls.site_id == getattr(site, "id", site), cls.id == row_id, cls.removed_at.is_null(is_null=False))
        return (
            cls.for_site(site).where(cls.id == row_id).first()
            if cls.update(removed_at=None).where(*one).execute()
            else None
        )
