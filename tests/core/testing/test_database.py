"""Every test starts on the same database, whatever the one before it did."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from core.kernel import db
from core.testing.database import Databases


def _rows() -> dict[str, int]:
    tables = db.db.get_tables()
    return {table: db.value(f'SELECT count(*) FROM "{table}"') for table in tables}


@pytest.fixture(scope="module")
def first_seen() -> dict[str, int]:
    """What the first test of this module found; filled by it."""
    return {}


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_rows_of_the_test_before_are_gone(database: str, first_seen: dict[str, int], turn: int) -> None:
    found = _rows()
    first_seen.update(first_seen or found)
    assert found == first_seen, f"turn {turn}"
    with db.transaction():
        db.execute("UPDATE epoch SET n = n + 5")
        db.execute("INSERT INTO plugin_default (name, settings) VALUES (?, ?)", "coupons", "{}")


def test_migrated_rows_are_back_to_what_they_were(databases: Databases, database: str, tmp_path: Path) -> None:
    before = db.value("SELECT n FROM epoch")
    with db.transaction():
        db.execute("UPDATE epoch SET n = n + 5")
    db.close_all()
    db.configure(databases.fresh(tmp_path))
    assert db.value("SELECT n FROM epoch") == before


def test_a_table_that_a_test_made_is_gone(databases: Databases, database: str, tmp_path: Path) -> None:
    db.db.execute_sql("CREATE TABLE passing_by (id INTEGER)")
    db.close_all()
    db.configure(databases.fresh(tmp_path))
    assert "passing_by" not in db.db.get_tables()


def test_a_table_that_was_made_anew_is_emptied_too(databases: Databases, database: str, tmp_path: Path) -> None:
    for sql in ("CREATE TABLE same AS SELECT * FROM epoch", "DROP TABLE epoch", "ALTER TABLE same RENAME TO epoch"):
        db.db.execute_sql(sql)
    with db.transaction():
        db.execute("INSERT INTO epoch SELECT * FROM epoch")
    databases.leave()
    db.configure(databases.fresh(tmp_path))
    assert db.value("SELECT count(*) FROM epoch") == 1


_LOCKS = """SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()"""


@pytest.mark.postgres
@pytest.mark.parametrize("altered", [False, True])
def test_nothing_that_a_test_set_in_its_connection_outlives_it(
    databases: Databases, database: str, tmp_path: Path, *, altered: bool
) -> None:
    lost = Thread(target=lambda: db.value("SELECT pg_advisory_lock(2)"))
    lost.start()
    lost.join()
    db.value("SELECT pg_advisory_lock(1)")
    for sql in ("SET work_mem = '77MB'", "LISTEN news", "CREATE TEMP TABLE note (n INTEGER)")[: 3 if altered else 2]:
        db.db.execute_sql(sql)
    for _ in range(7):  # psycopg prepares what is asked often
        db.value("SELECT n FROM epoch WHERE n <> ?", -1)
    server = db.value("SELECT pg_backend_pid()")
    databases.leave()
    db.configure(databases.fresh(tmp_path))
    assert db.value("SELECT pg_backend_pid()") == server
    assert db.value("SHOW work_mem") != "77MB"
    assert db.value(_LOCKS) == 0
    assert db.value("SELECT count(*) FROM pg_listening_channels()") == 0
    assert db.value("SELECT to_regclass('note')") is None
    assert db.value("SELECT n FROM epoch WHERE n <> ?", -1) is not None


@pytest.mark.postgres
def test_what_is_prepared_follows_the_tables(databases: Databases, database: str, tmp_path: Path) -> None:
    for columns in ("first INTEGER", "first INTEGER, second INTEGER"):
        db.db.execute_sql(f"CREATE TABLE passing_by ({columns})")
        for _ in range(7):
            assert db.rows("SELECT * FROM passing_by") == []
        databases.leave()
        db.configure(databases.fresh(tmp_path))


def test_a_clone_lives_beside_the_test_s_own_database(databases: Databases, database: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = databases.clone(tmp_path / "other")
    with db.transaction():
        db.execute("UPDATE epoch SET n = n + 5")
    changed = db.value("SELECT n FROM epoch")
    db.configure(other)
    assert db.value("SELECT n FROM epoch") == changed - 5


@pytest.mark.postgres
def test_the_server_is_postgresql(database: str) -> None:
    assert db.value("SELECT version()").startswith("PostgreSQL")


def test_the_same_address_again_keeps_what_is_open(database: str) -> None:
    before = db.db.connection()
    db.configure(database)
    assert db.db.connection() is before
