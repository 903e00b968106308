"""PostgreSQL's own programs: pg_dump of a snapshot that we count beside it, and pg_restore in one transaction."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.kernel.backups.sums import BEGUN, Dumped, Sum, summed
from core.lib.errors import Refused

NAME = "postgresql"
FILE = "stoa.dump"
_FETCHED = 2_000
# Where Debian keeps the programs of each version, off the path.
_DEBIAN = Path("/usr/lib/postgresql")


class CannotTry(Refused):
    """There is no place to restore into; the backup may be as good as any."""


def dump(url: str, folder: Path, programs: str = "") -> Dumped:
    """The database as it is now, as one file in `folder`. Raises Refused where no pg_dump fits the server."""
    path = folder / FILE
    with _connected(url) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
        options = ["--format=custom", "--schema=public", "--no-owner", "--no-privileges", "--compress=3"]
        _run("pg_dump", _major(connection), programs, url, *options, f"--snapshot={snapshot}", f"--file={path}")
        known = _tables(connection)
        if "site" not in known:
            raise Refused(f"There is no shop in the database {connection.info.dbname} yet: nothing to back up.")
        return Dumped(
            path=path,
            version=connection.execute("SHOW server_version").fetchone()[0],
            tables=_sums(connection),
            sites=[row[0] for row in connection.execute("SELECT host FROM site ORDER BY host")],
            plugins=[
                row[0] for row in connection.execute("SELECT DISTINCT name FROM site_plugin WHERE state <> 'off'")
            ],
        )


def load(path: Path, url: str, programs: str = "") -> None:
    """Put what was dumped in the place of all tables. What was there comes back if that fails."""
    with _connected(url) as connection:
        major = _major(connection)
        is_bare = not _tables(connection)
        if not is_bare:
            connection.execute("ALTER SCHEMA public RENAME TO before_restore")
            connection.execute("CREATE SCHEMA public")
        options = ["--schema=public", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        try:
            _run("pg_restore", major, programs, url, *options, str(path))
        except Refused:
            if not is_bare:
                connection.execute("DROP SCHEMA public CASCADE")
                connection.execute("ALTER SCHEMA before_restore RENAME TO public")
            raise
        if not is_bare:
            connection.execute("DROP SCHEMA before_restore CASCADE")


def sums(url: str) -> dict[str, Sum]:
    """Rows and digest of every table, as they are now."""
    with _connected(url) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _sums(connection)


def is_empty(url: str) -> bool:
    """Whether nobody has begun a shop there."""
    with _connected(url) as connection:
        known = _tables(connection)
        return not any(
            connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in {*known} & {*BEGUN}
        )  # Safe in SQL: names of ours


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """The address of an empty database on the same server, which is dropped afterwards. Raises CannotTry."""
    from psycopg import errors, sql  # noqa: PLC0415 -- the driver is for PostgreSQL alone

    name = f"stoa_restore_{os.getpid()}"
    with _connected(url) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except errors.InsufficientPrivilege as error:
            raise CannotTry(
                f"A restore is tried in a database of its own, and {connection.info.user} may not make one: ALTER ROLE"
                f" {connection.info.user} CREATEDB."
            ) from error
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


# -- inside ------------------------------------------------------------------------------------------------------------


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    import psycopg  # noqa: PLC0415 -- the driver is for PostgreSQL alone

    try:
        opened = psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise Refused(f"The database does not answer: {str(error).strip()}") from error
    with opened as connection:
        yield connection


def _tables(connection: Any) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return [row[0] for row in found]


def _sums(connection: Any) -> dict[str, Sum]:
    """Read through a cursor of the server's, some thousand rows at a time."""
    from psycopg import sql  # noqa: PLC0415

    found = dict[str, Sum]()
    for name in _tables(connection):
        with connection.cursor(f"sum_{len(found)}") as cursor:
            cursor.itersize = _FETCHED
            found[name] = summed(cursor.execute(sql.SQL("SELECT * FROM public.{}").format(sql.Identifier(name))))
    return found


def _major(connection: Any) -> int:
    return int(connection.info.server_version) // 10_000


def _run(program: str, major: int, programs: str, url: str, *options: str) -> None:
    """The password goes by the environment: anybody on the machine may read the words of a command."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415

    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    command = [str(_program(program, major, programs)), f"--dbname={make_conninfo(**parts)}", *options]  # type: ignore[arg-type]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Refused(f"{program}: {done.stderr.strip()[-1000:]}")


def _program(name: str, major: int, programs: str) -> Path:
    """The program of the server's own version, else the next newer one."""
    folders = [Path(programs)] if programs else [*map(Path, os.get_exec_path()), *_DEBIAN.glob("*/bin")]
    found = {_version(path): path for folder in reversed(folders) if (path := folder / name).is_file()}
    fitting = sorted(version for version in found if version >= major)
    if not fitting:
        known = ", ".join(map(str, sorted(found))) or "none"
        raise Refused(
            f"PostgreSQL {major} needs its own {name}, and there is {known}: install postgresql-client-{major}, or name"
            " the folder of these programs by postgres_programs in stoa.toml."
        )
    return found[fitting[0]]


def _version(program: Path) -> int:
    command = [str(program), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603
    number = re.search(r"\d+", said)
    return int(number[0]) if number else 0
