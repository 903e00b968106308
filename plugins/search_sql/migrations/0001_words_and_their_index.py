"""Words of products, their vocabulary and the full-text index over them."""

from __future__ import annotations

from typing import Any

from core.api import is_sqlite
from plugins.search_sql.models import TABLES


def up(migrator: Any, db: Any) -> None:
    db.create_tables(TABLES)
    if is_sqlite():
        # The words come prepared, so only ASCII blanks divide them. No positions: nothing asks for phrases.
        db.execute_sql(
            "CREATE VIRTUAL TABLE IF NOT EXISTS search_sql_found USING fts5(title, rest, content='search_sql_words',"
            " content_rowid='id', tokenize='ascii', prefix='2 3', detail='column')"
        )
    else:
        db.execute_sql("ALTER TABLE search_sql_words ADD COLUMN found tsvector NOT NULL")
        db.execute_sql("CREATE INDEX search_sql_found ON search_sql_words USING gin (found)")
