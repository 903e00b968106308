"""A fresh, migrated database for every test, on SQLite or (with STOA_TEST_DATABASE=postgres) on PostgreSQL.

Migrations run once per worker, into a template. SQLite's template is a file, copied per test in under a millisecond.
PostgreSQL keeps one database and one connection to it per worker: emptying the tables that a test filled takes 2 ms, a
new clone 40 to 600.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import peewee
import psycopg
import pytest

from core.testing import postgres

_ENGINE = "STOA_TEST_DATABASE"
_SERVER = "STOA_TEST_POSTGRES"
_CACHE = "STOA_TEST_CACHE"
_cache = pytest.StashKey[str]()
_server = pytest.StashKey[postgres.Server]()


class Databases(Protocol):
    """Where tests get their databases from."""

    def fresh(self, folder: Path) -> str:
        """The address of a migrated database for one test, valid until the next call; a file goes to `folder`."""

    def clone(self, folder: Path) -> str:
        """The address of a migrated database that lives until the run ends, for a server shared by many tests."""

    def leave(self) -> None:
        """Leave what `fresh` gave, when the test is over."""


# -- choosing what runs --------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process starts the server; its workers find it in their environment."""
    # A shop named in the developer's environment would win over that of the tests, and they would write there.
    for key in [key for key in os.environ if key.startswith("STOA_") and not key.startswith("STOA_TEST_")]:
        del os.environ[key]
    # Every commit waits for the disk, and what tests write is thrown away.
    if (memory := postgres.roomy_memory()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))
    # Templates are compiled once for all the tests of a run.
    if _CACHE not in os.environ:
        config.stash[_cache] = os.environ[_CACHE] = str(postgres.own_folder("stoa-test-cache-"))
    os.environ["STOA_CACHE_FOLDER"] = os.environ[_CACHE]
    if on_postgres() and _SERVER not in os.environ:
        server = postgres.start()
        config.stash[_server] = server
        os.environ[_SERVER] = str(server.folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if cache := config.stash.get(_cache, ""):
        del os.environ[_CACHE]
        shutil.rmtree(cache, ignore_errors=True)
    if server := config.stash.get(_server, None):
        del os.environ[_SERVER]
        server.stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what touches a database runs: the rest has run on SQLite and would say the same again."""
    slow = config.getoption("--slow")
    left_out = [item for item in items if not _runs_here(item, slow=slow)]
    items[:] = [item for item in items if _runs_here(item, slow=slow)]
    config.hook.pytest_deselected(items=left_out)


def _runs_here(item: pytest.Item, *, slow: bool) -> bool:
    if item.get_closest_marker("slow") and not slow:
        return False
    fixtures = getattr(item, "fixturenames", ())
    if on_postgres():
        is_enough_once = "browser" in fixtures or (item.get_closest_marker("once") and not slow)
        return "databases" in fixtures and not is_enough_once
    return not item.get_closest_marker("postgres")


def on_postgres() -> bool:
    """Whether this run is the PostgreSQL stage."""
    return os.environ.get(_ENGINE) == "postgres"


# -- fixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The worker's source of databases; migrations have run when it is there."""
    if on_postgres():
        with closing(_Postgres(os.environ[_SERVER], os.environ.get("PYTEST_XDIST_WORKER", "main"))) as source:
            yield source
    else:
        yield _Sqlite(tmp_path_factory.mktemp("template"))


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database to which `core.kernel.db` is connected; closed after the test."""
    from core.kernel import db

    url = databases.fresh(tmp_path)
    db.configure(url)
    db.connect()
    yield url
    databases.leave()


@pytest.fixture
def statements(database: str) -> Callable[[], AbstractContextManager[list[str]]]:
    """A block that lists what this thread asks of the database, as a list of SQL, for budgets."""
    del database
    from core.kernel import db

    return db.counted


@pytest.fixture
def together(database: str) -> Callable[..., None]:
    """`together(act, 4)`: four threads do it at one moment, each with its own connection; errors are raised."""
    del database
    import threading

    from core.kernel import db

    def run(act: Callable[[], object], times: int) -> None:
        gate, errors = threading.Barrier(times), list[BaseException]()

        def once() -> None:
            try:
                gate.wait(30)
                act()
            except BaseException as error:  # noqa: BLE001 -- handed on to the test's own thread
                errors.append(error)
            finally:
                db.reset_thread()

        threads = [threading.Thread(target=once) for _ in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        if errors:
            raise errors[0]

    return run


def _migrated(url: str) -> None:
    """Give the empty database at `url` all core tables, and leave no connection to it."""
    from core.kernel import db, migrate

    db.configure(url)
    migrate.migrate()
    db.close_all()


# -- engines ---------------------------------------------------------------------------------------------------------


class _Sqlite:
    def __init__(self, folder: Path) -> None:
        self._template = folder / "stoa.db"
        _migrated(f"sqlite:///{self._template}")
        # Closing the last connection folded the write-ahead log into the file, so the file is the whole database.

    def fresh(self, folder: Path) -> str:
        path = folder / self._template.name
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    clone = fresh

    def leave(self) -> None:
        from core.kernel import db

        db.reset_thread()
        db.close_all()


class _Postgres:
    """One database per worker, emptied between tests, and cloned anew when a test changed its tables."""

    def __init__(self, folder: str, worker: str) -> None:
        self._folder = folder
        self._template, self._name, self._numbers = f"template_{worker}", f"test_{worker}", count()
        self._clone_template("template1", self._template)
        _migrated(self._url(self._template))
        with self._connect(self._template) as connection:
            _remember(connection)
        # The one connection that empties stays open: a new one reads what every table is like, for 30 ms.
        self._emptying: psycopg.Connection[tuple[Any, ...]] | None = None
        self._pool: Any = None

    def fresh(self, folder: Path) -> str:  # noqa: ARG002 -- its files are the server's
        from core.kernel import db

        if not self._emptied():
            self.close()
            db.close_all()
            self._clone_template(self._template, self._name)
        return self._url(self._name)

    def leave(self) -> None:
        """Keep one connection for the next test: a new one reads what every table is like, for 40 ms."""
        from core.kernel import db

        db.reset_thread()
        self._pool = db.db.obj if db.db.obj.database == self._name else None
        if self._pool is None:
            db.close_all()
            return
        db.connect()
        self._pool.close_idle()
        self._pool.close()
        self._pool.close_stale(age=-1)  # what threads left open

    def clone(self, folder: Path) -> str:  # noqa: ARG002 -- its files are the server's
        name = f"{self._name}_{next(self._numbers)}"
        self._clone_template(self._template, name)
        return self._url(name)

    def close(self) -> None:
        """Leave the database."""
        if self._emptying is not None:
            self._emptying.close()
        self._emptying = None

    def _emptied(self) -> bool:
        try:
            if self._emptying is None:
                self._emptying = self._connect(self._name)
                # No key of another table keeps a row from being deleted.
                self._emptying.execute("SET session_replication_role = replica")
            return _restored(self._emptying, self._kept(self._emptying))
        except (psycopg.OperationalError, peewee.OperationalError):
            return False

    def _kept(self, emptying: psycopg.Connection[tuple[Any, ...]]) -> int:
        """The server's number of the connection that was kept, 0 if none was; what was set in it is forgotten.

        What it has prepared stays, as it does in a shop's, unless the test made, altered or dropped something.
        """
        from core.kernel import db

        if self._pool is None or self._pool is not db.db.obj:
            return 0
        db.connect()
        kept: psycopg.Connection[tuple[Any, ...]] = db.db.connection()
        kept.prepared_max = _PREPARED
        if emptying.execute("SELECT FROM pristine.altered LIMIT 1").fetchone() is None:
            kept.execute(_FORGET)
        else:
            # Only by words that it has not met does psycopg notice that its prepared statements are gone.
            kept.execute(f"DISCARD ALL -- {next(self._numbers)}")
        return kept.info.backend_pid

    def _clone_template(self, template: str, name: str) -> None:
        with self._connect("postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")

    def _url(self, name: str) -> str:
        return postgres.url(self._folder, name)

    def _connect(self, name: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self._url(name), autocommit=True)


# A database keeps, in a schema of its own, what it looked like after its migrations: its tables' columns, and the rows
# that migrations wrote. Deleting few rows takes a hundredth of what truncating does; a table that has grown beyond a
# page, by rows or by what deleted ones leave, is truncated, so that rows lie in the order in which they were written.
# Looking at every column takes longer than all that, so it is left to when something was created, altered or dropped.
_PRISTINE = """
CREATE SCHEMA pristine;
CREATE TABLE pristine.tables AS
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r';
CREATE FUNCTION pristine.shape() RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(concat_ws(' ', c.oid, c.relname, a.attname, a.atttypid), ',' ORDER BY c.relname, a.attnum))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
$$;
CREATE TABLE pristine.was AS SELECT pristine.shape() AS shape;
CREATE TABLE pristine.altered (what text);
CREATE FUNCTION pristine.note() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pristine.altered VALUES (tg_tag);
END $$;
CREATE FUNCTION pristine.reshaped() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    names text;
BEGIN
    SELECT string_agg(format('public.%I', relname), ', ') INTO names FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname NOT IN (SELECT relname FROM pristine.tables);
    IF names IS NOT NULL THEN
        EXECUTE 'DROP TABLE ' || names || ' CASCADE';
    END IF;
    DELETE FROM pristine.altered;
    RETURN pristine.shape() = (SELECT shape FROM pristine.was);
END $$;
CREATE FUNCTION pristine.restored() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    size bigint;
    grown text[] := '{}';
BEGIN
    IF EXISTS (SELECT FROM pristine.altered) AND NOT pristine.reshaped() THEN
        RETURN false;
    END IF;
    {delete}
    IF grown <> '{}' THEN
        EXECUTE 'TRUNCATE ' || array_to_string(grown, ', ') || ' CASCADE';
    END IF;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
    {refill}
    RETURN true;
END $$;
"""
# Written out for each table, the server keeps its plan.
_DELETE = """
    size := pg_relation_size('public."{table}"'::regclass);
    IF size > 8192 THEN
        grown := grown || 'public."{table}"'::text;
    ELSIF size > 0 THEN
        DELETE FROM public."{table}";
    END IF;"""
# All that DISCARD ALL forgets, but for plans.
_FORGET = "CLOSE ALL; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP"
_PREPARED = 500
_SERIALS = """SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_default LIKE 'nextval%'"""


def _remember(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Keep what the migrated database looks like within it, so that its clones can be brought back to it."""
    tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    filled = [name for name in tables if connection.execute(f'SELECT 1 FROM public."{name}" LIMIT 1').fetchone()]
    serials = connection.execute(_SERIALS).fetchall()
    delete = [_DELETE.replace("{table}", table) for table in tables]
    refill = [f'INSERT INTO public."{table}" SELECT * FROM pristine."_{table}";' for table in filled]
    refill += [
        f'PERFORM setval(pg_get_serial_sequence(\'public."{table}"\', \'{column}\'), max("{column}")) FROM "{table}";'
        for table, column in serials
        if table in filled
    ]
    connection.execute(_PRISTINE.replace("{delete}", "".join(delete)).replace("{refill}", "\n    ".join(refill)))
    for table in filled:
        connection.execute(f'CREATE TABLE pristine."_{table}" AS TABLE public."{table}"')
    connection.execute("CREATE EVENT TRIGGER altered ON ddl_command_end EXECUTE FUNCTION pristine.note()")


def _restored(connection: psycopg.Connection[tuple[Any, ...]], kept: int) -> bool:
    """Bring the rows back to what they were; False when the tables of core themselves have changed."""
    # A process that a test forgot may still hold a lock.
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
        (kept,),
    )
    found = connection.execute("SELECT pristine.restored()").fetchone()
    return bool(found and found[0])
