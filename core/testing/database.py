"""A fresh, migrated database for every test, on SQLite or (with STOA_TEST_DATABASE=postgres) on PostgreSQL.

Migrations run once per worker, into a template. SQLite's template is a file, copied per test in under a millisecond.
PostgreSQL keeps one database per worker: emptying the tables that a test filled takes 5 ms, a new clone 40 to 600.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from itertools import count
from pathlib import Path
from typing import Any, Protocol

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
    db.reset_thread()
    db.close_all()


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

    def fresh(self, folder: Path) -> str:  # noqa: ARG002 -- its files are the server's
        if not self._emptied():
            self.close()
            self._clone_template(self._template, self._name)
        return self._url(self._name)

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
            return _restored(self._emptying)
        except psycopg.OperationalError:
            return False

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
_PRISTINE = """
CREATE SCHEMA pristine;
CREATE TABLE pristine.tables AS
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r';
CREATE FUNCTION pristine.shape() RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(concat_ws(' ', c.relname, a.attname, a.atttypid), ',' ORDER BY c.relname, a.attnum))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
$$;
CREATE TABLE pristine.was AS SELECT pristine.shape() AS shape;
CREATE FUNCTION pristine.restored() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    names text;
    one record;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    SELECT string_agg(format('public.%I', relname), ', ') INTO names FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname NOT IN (SELECT relname FROM pristine.tables);
    IF names IS NOT NULL THEN
        EXECUTE 'DROP TABLE ' || names || ' CASCADE';
    END IF;
    IF pristine.shape() <> (SELECT shape FROM pristine.was) THEN
        RETURN false;
    END IF;
    SELECT string_agg(format('public.%I', relname), ', ') INTO names FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 8192;
    IF names IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || names || ' CASCADE';
    END IF;
    FOR one IN SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format('DELETE FROM public.%I', one.relname);
    END LOOP;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
    {refill}
    RETURN true;
END $$;
"""
_SERIALS = """SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_default LIKE 'nextval%'"""


def _remember(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Keep what the migrated database looks like within it, so that its clones can be brought back to it."""
    tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    filled = [name for name in tables if connection.execute(f'SELECT 1 FROM public."{name}" LIMIT 1').fetchone()]
    serials = connection.execute(_SERIALS).fetchall()
    refill = [f'INSERT INTO public."{table}" SELECT * FROM pristine."_{table}";' for table in filled]
    refill += [
        f'PERFORM setval(pg_get_serial_sequence(\'public."{table}"\', \'{column}\'), max("{column}")) FROM "{table}";'
        for table, column in serials
        if table in filled
    ]
    connection.execute(_PRISTINE.replace("{refill}", "\n    ".join(refill)))
    for table in filled:
        connection.execute(f'CREATE TABLE pristine."_{table}" AS TABLE public."{table}"')


def _restored(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    """Bring the rows back to what they were; False when the tables of core themselves have changed."""
    # A process that a test forgot may still hold a lock.
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    found = connection.execute("SELECT pristine.restored()").fetchone()
    return bool(found and found[0])
