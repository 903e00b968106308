"""SQLite's own online backup: a snapshot beside which the shop reads and writes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.kernel.backups.sums import BEGUN, Dumped, Sum, summed
from core.lib.errors import Refused

NAME = "sqlite"
FILE = "stoa.sqlite"
_WAIT_S = 30.0


def path_of(url: str) -> Path:
    """The database's file."""
    path = urlsplit(url).path
    return Path(unquote(path.removeprefix("/") if path.startswith("//") else path))


def dump(url: str, folder: Path) -> Dumped:
    """The database as it is now, as one file in `folder`.

    All pages are copied in one step, which sees one moment and holds nobody up: writers append to the log meanwhile.
    """
    path = folder / FILE
    if not path_of(url).is_file():
        raise Refused(f"There is no database to back up at {path_of(url)}.")
    with closing(_open(path_of(url))) as live, closing(_open(path)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = delete").fetchone()
        if "site" not in _tables(copy):
            raise Refused(f"There is no shop in {path_of(url)} yet: nothing to back up.")
        return Dumped(
            path=path,
            version=sqlite3.sqlite_version,
            tables=_sums(copy),
            sites=[row[0] for row in copy.execute("SELECT host FROM site ORDER BY host")],
            plugins=[row[0] for row in copy.execute("SELECT DISTINCT name FROM site_plugin WHERE state <> 'off'")],
        )


def load(path: Path, url: str) -> None:
    """Put the snapshot in the place of the database, in one transaction of SQLite's own. Raises Refused if damaged."""
    with closing(_open(path)) as source:
        if (said := source.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise Refused(f"The database in this backup is damaged: {said}")
        with closing(_open(path_of(url))) as live:
            source.backup(live)


def sums(url: str) -> dict[str, Sum]:
    """Rows and digest of every table, as they are now."""
    with closing(_open(path_of(url))) as connection:
        return _sums(connection)


def is_empty(url: str) -> bool:
    """Whether nobody has begun a shop there."""
    path = path_of(url)
    if not path.exists() or not path.stat().st_size:
        return True
    with closing(_open(path)) as connection:
        known = set(_tables(connection))
        return not any(
            connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in known & {*BEGUN}
        )  # Safe in SQL: names of ours


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_WAIT_S)


def _tables(connection: sqlite3.Connection) -> list[str]:
    """All but SQLite's own, and views of words that it makes of other tables."""
    return [
        name
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
        if not name.startswith("sqlite_") and not sql.upper().startswith("CREATE VIRTUAL")
    ]


def _sums(connection: sqlite3.Connection) -> dict[str, Sum]:
    return {name: summed(connection.execute(f'SELECT * FROM "{name}"')) for name in _tables(connection)}
