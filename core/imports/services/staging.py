"""A file laid out on disk by product.

The rows of one product need not stand together, nor a parent before its variations, and a file may be larger than
memory. So the rows go once into a scratch table on disk and come back product by product, in the order of the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from types import TracebackType
from typing import Protocol, Self

import msgspec

from core.lib.csv import Row

_TABLES = """
CREATE TABLE staged (line INTEGER PRIMARY KEY, key TEXT NOT NULL, surplus INTEGER NOT NULL, cells BLOB NOT NULL);
CREATE TABLE alias (name TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sku (sku TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID;
"""
_BATCH = 500
_json = msgspec.json.Decoder(dict[str, str])


class Keyed(Protocol):
    """What tells which rows belong together."""

    def key(self, cells: Mapping[str, str], above: str | None) -> str | None:
        """What the rows of one thing have in common; None if the row stands alone. `above` is the last row's."""

    def aliases(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        """Other names by which rows elsewhere in the file may call this row's."""


class Staging:
    """Scratch space for one reading of one file; gone when the block ends."""

    def __enter__(self) -> Self:
        # An empty name: a scratch file without a name on the disk, which is gone with its process, even a killed one.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_TABLES)
        self._db.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def fill(self, rows: Iterable[Row], folded: Mapping[str, str], format_: Keyed) -> int:
        """Take in every row, its columns under their folded names; answers how many products there are."""
        batch: list[tuple[int, str, int, bytes]] = []
        key: str | None = None
        for row in rows:
            cells = {folded[column]: cell for column, cell in row.cells.items() if cell.strip()}
            key = self._key(row.line, cells, format_, key)
            batch.append((row.line, key, row.surplus, msgspec.json.encode(cells)))
            if len(batch) >= _BATCH:
                self._store(batch)
        self._store(batch)
        # A variation names its parent by SKU or by id; both now lead to the key under which the parent stands.
        self._db.execute(
            "UPDATE staged SET key = (SELECT alias.key FROM alias WHERE name = staged.key)"
            " WHERE key IN (SELECT name FROM alias)"
        )
        self._db.execute("CREATE INDEX staged_key ON staged (key, line)")
        return int(self._db.execute("SELECT COUNT(DISTINCT key) FROM staged").fetchone()[0])

    def _key(self, line: int, cells: Mapping[str, str], format_: Keyed, above: str | None) -> str:
        """The row's product. A second row that claims to be the same product stands alone, to be refused by itself."""
        alone = f"line:{line}"
        names = format_.aliases(cells)
        if not names:
            return format_.key(cells, above) or alone
        if any(self._db.execute("SELECT 1 FROM alias WHERE name = ?", (name,)).fetchone() for name in names):
            return alone
        self._db.executemany("INSERT INTO alias VALUES (?, ?)", [(name, names[0]) for name in names])
        return names[0]

    def _store(self, batch: list[tuple[int, str, int, bytes]]) -> None:
        self._db.executemany("INSERT INTO staged VALUES (?, ?, ?, ?)", batch)
        batch.clear()

    def products(self) -> Iterator[list[Row]]:
        """The rows of each product, in the order of their first lines. Column names are folded, empty cells absent."""
        with closing(self._db.cursor()) as keys:
            for key, _ in keys.execute("SELECT key, MIN(line) AS first FROM staged GROUP BY key ORDER BY first"):
                found = self._db.execute("SELECT line, surplus, cells FROM staged WHERE key = ? ORDER BY line", (key,))
                yield [Row(line, _json.decode(cells), surplus) for line, surplus, cells in found]

    def first_use(self, sku: str, line: int) -> int:
        """The line on which `sku` was used first: `line` itself if it is new."""
        self._db.execute("INSERT OR IGNORE INTO sku VALUES (?, ?)", (sku, line))
        return int(self._db.execute("SELECT line FROM sku WHERE sku = ?", (sku,)).fetchone()[0])
