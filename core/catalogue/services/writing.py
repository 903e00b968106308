"""Plain rows into tables, many with one statement.

A model's `create` costs ten times as much, and an import has 100,000.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from core.kernel import db, tables

_PER_STATEMENT = 100
_json = tables.JSONField()


def encoded(value: object) -> str:
    """JSON as `JSONField` stores it."""
    return str(_json.db_value(value))


@lru_cache(maxsize=8192)
def decoded(text: str | None) -> Any:
    """The inverse of `encoded`.

    None stays None. Not to be changed: the same words are read again and again, so they are kept.
    """
    return None if text is None else json.loads(text)


@lru_cache(maxsize=512)
def _insert(table: str, columns: tuple[str, ...], rows: int, ending: str) -> str:
    one = f"({', '.join('?' * len(columns))})"
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES {", ".join([one] * rows)} {ending}'


def insert(table: str, row: Mapping[str, object]) -> int:
    """Insert one row and answer its id."""
    db.require_transaction()
    return int(db.value(_insert(table, tuple(row), 1, "RETURNING id"), *row.values()))


def insert_all(table: str, key: str, rows: Sequence[Mapping[str, object]]) -> dict[Any, int]:
    """Insert rows with the same columns and answer their ids by what they have in the column `key`, which differs."""
    db.require_transaction()
    found: dict[Any, int] = {}
    for start in range(0, len(rows), _PER_STATEMENT):
        part = rows[start : start + _PER_STATEMENT]
        sql = _insert(table, tuple(part[0]), len(part), f'RETURNING "{key}", id')
        found.update(dict(db.rows(sql, *(value for row in part for value in row.values()))))
    return found


def insert_rows(table: str, columns: tuple[str, ...], rows: Sequence[Sequence[object]], ending: str = "") -> None:
    """Insert rows in their order; `ending` may be an ON CONFLICT clause."""
    for start in range(0, len(rows), _PER_STATEMENT):
        part = rows[start : start + _PER_STATEMENT]
        db.execute(_insert(table, columns, len(part), ending), *(value for row in part for value in row))


def update(table: str, row_id: int, changes: Mapping[str, object]) -> None:
    """Change columns of the row with this id."""
    columns = ", ".join(f'"{column}" = ?' for column in changes)
    # Safe in SQL: tables and columns are named in this package, never by a request.
    db.execute(f'UPDATE "{table}" SET {columns} WHERE id = ?', *changes.values(), row_id)
