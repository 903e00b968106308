"""The one door to the database: connections, prebuilt SQL, and the transaction that every verb opens once.

Writes enter through `transaction()` alone. On SQLite it takes a process lock, then a file lock, then BEGIN IMMEDIATE:
writers queue fairly instead of polling, so none meets "database is locked". On PostgreSQL it is a plain transaction.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import peewee
import structlog
from playhouse.pool import PooledPostgresqlDatabase

from core.kernel.config import BadConfig

log = structlog.get_logger(__name__)
db = peewee.DatabaseProxy()
Row = tuple[Any, ...]
_Result = TypeVar("_Result")
_BUSY_MS = 15_000


# -- connections -------------------------------------------------------------------------------------------------------


class _Lock:
    """Writers of all processes in line: a thread lock in this process, an advisory lock on a file between processes.

    flock() sleeps in the kernel and wakes one waiter, where SQLite's busy handler polls with growing pauses and starves
    single writers for seconds.
    """

    def __init__(self) -> None:
        self._thread = threading.Lock()
        self._file: Any = None

    def open(self, path: Path | None) -> None:
        if self._file is not None:
            self._file.close()
        self._file = path.open("ab") if path else None

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._thread:
            if self._file is None:
                yield
                return
            import fcntl  # noqa: PLC0415 -- only where files can be locked so

            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


_writer = _Lock()
atexit.register(_writer.open, None)


class _State(threading.local):
    depth = 0
    asking = 0

    def __init__(self) -> None:
        self.after: list[Callable[[], None]] = []
        self.last: dict[str, tuple[Callable[[set[Any]], None], set[Any]]] = {}
        self.statements: list[str] | None = None


_state = _State()


def is_sqlite() -> bool:
    """Whether the configured database is SQLite."""
    return db.obj is not None and bool(db.obj.is_sqlite)


def configure(url: str) -> None:
    """Point `db` at `sqlite:///path` or `postgresql://user:secret@host:port/name`. Closes what was open elsewhere.

    SQLite runs in WAL with synchronous=FULL: under a simulated power cut NORMAL lost acknowledged orders.
    """
    if db.obj is not None and db.obj.address == url:
        return
    close_all()
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = Path(unquote(parts.path.removeprefix("/") if parts.path.startswith("//") else parts.path))
        pragmas = {
            "journal_mode": "wal",
            "synchronous": "full",
            "busy_timeout": _BUSY_MS,
            "foreign_keys": 1,
            "cache_size": -500,
            "temp_store": "memory",
        }
        db.initialize(_Sqlite(str(path), pragmas=pragmas, thread_safe=True, check_same_thread=False))
        _writer.open(path.with_name(path.name + ".lock"))
    elif parts.scheme in {"postgresql", "postgres"}:
        _load_driver()
        db.initialize(
            _Postgres(
                parts.path.lstrip("/"),
                user=unquote(parts.username or ""),
                password=unquote(parts.password or "") or None,
                host=_host(parts.hostname, parts.query),
                port=parts.port or 5432,
                prefer_psycopg3=True,
                max_connections=40,
                stale_timeout=300,
                timeout=30,
            )
        )
        _writer.open(None)
    else:
        raise BadConfig(f"a database address begins with sqlite:// or postgresql://, not {parts.scheme}://")
    db.obj.address = url


def _load_driver() -> None:
    """Give peewee its driver for PostgreSQL, which was kept from it when it was imported: a shop on SQLite has none."""
    import psycopg  # noqa: PLC0415
    from psycopg.pq import TransactionStatus  # noqa: PLC0415
    from psycopg.types.json import Json, Jsonb  # noqa: PLC0415

    found = {"psycopg": psycopg, "TransactionStatus": TransactionStatus, "Json_pg3": Json, "Jsonb_pg3": Jsonb}
    vars(peewee).update(found)
    adapter = peewee.Psycopg3Adapter
    adapter.txn_idle, adapter.txn_inerror = TransactionStatus.IDLE, TransactionStatus.INERROR
    adapter.txn_unknown = TransactionStatus.UNKNOWN


def _host(hostname: str | None, query: str) -> str:
    """The host, or the socket folder given as `?host=/path`."""
    for pair in query.split("&"):
        if pair.startswith("host="):
            return unquote(pair[5:])
    return hostname or "localhost"


class Statements:
    """Counts the statements of this thread where a test or the debug bar listens.

    A page runs many: it takes the short way to the cursor, past peewee's log and its listeners, which nobody uses.
    """

    is_sqlite = False
    address = ""

    def execute_sql(self, sql: str, params: Sequence[object] | None = None) -> Any:
        if _state.statements is not None:
            _state.statements.append(sql)
        cursor = self.cursor()  # type: ignore[attr-defined]
        try:
            cursor.execute(sql, params or ())
        except Exception:
            with peewee.__exception_wrapper__:  # type: ignore[attr-defined]
                raise
        return cursor


class _Sqlite(Statements, peewee.SqliteDatabase):
    is_sqlite = True


class _Postgres(Statements, PooledPostgresqlDatabase):
    pass


def connect() -> None:
    """Open this thread's connection if it has none."""
    if db.obj is not None and db.is_closed():
        db.connect()


def release() -> None:
    """End of a request.

    A PostgreSQL connection goes back to the pool; SQLite's stays open for the thread's next request.
    """
    if db.obj is not None and not is_sqlite() and not db.is_closed() and not _state.depth:
        db.close()


def close_all() -> None:
    """Close this thread's connection and, on PostgreSQL, the idle ones of the pool."""
    if db.obj is None:
        return
    if not db.is_closed():
        db.close()
    if isinstance(db.obj, PooledPostgresqlDatabase):
        db.obj.close_all()


def after_fork() -> None:
    """A child process must not use its parent's connections."""
    if db.obj is not None:
        db.obj.dispose()
        _writer.open(Path(db.obj.database + ".lock") if is_sqlite() else None)


# -- transactions ------------------------------------------------------------------------------------------------------


class InTransaction(RuntimeError):
    """A verb was called, or a hook asked, inside another verb's transaction."""


@contextmanager
def transaction() -> Iterator[None]:
    """One verb's writes: all or none, durable when the block ends. Never nested; inside only SQL and pure functions.

    On PostgreSQL the block is READ COMMITTED: guard by single statements (`UPDATE ... WHERE`), not by reading first.
    """
    if _state.depth:
        raise InTransaction("a verb opens its transaction itself; call the inner function instead")
    connect()
    waiting: list[Callable[[], None]] = []
    with _locked():
        _state.depth, _state.after, _state.last = 1, waiting, {}
        try:
            with db.atomic("IMMEDIATE") if is_sqlite() else db.atomic():
                yield
                for call, things in _state.last.values():
                    call(things)
        finally:
            _state.depth, _state.after, _state.last = 0, [], {}
    for wake in waiting:
        _wake(wake)


def _locked() -> AbstractContextManager[None]:
    return _writer.held() if is_sqlite() else nullcontext()


@contextmanager
def alone() -> Iterator[None]:
    """One process at a time, for migrations: the writers' lock on SQLite, an advisory lock on PostgreSQL."""
    connect()
    if is_sqlite():
        with _writer.held():
            yield
        return
    db.execute_sql("SELECT pg_advisory_lock(7140250)")
    try:
        yield
    finally:
        db.execute_sql("SELECT pg_advisory_unlock(7140250)")


def _wake(call: Callable[[], None]) -> None:
    """The rows are committed whatever happens here, so an error is logged and goes no further."""
    try:
        call()
    except Exception:  # a wake-up that fails must not make a stored order look failed
        log.exception("after_commit failed")


@contextmanager
def in_haste() -> Iterator[None]:
    """Within the block this thread's commits do not wait for the disk; the first one after it waits for all of them.

    A power cut may undo the last of them, and breaks nothing. For what can be made anew from nothing, such as a demo,
    before anything is served.
    """
    sqlite = is_sqlite()
    _run("PRAGMA synchronous = NORMAL" if sqlite else "SET synchronous_commit TO off", ())
    try:
        yield
    finally:
        _run("PRAGMA synchronous = FULL" if sqlite else "RESET synchronous_commit", ())


def require_transaction() -> None:
    """First line of a function that writes as part of a verb."""
    if not _state.depth:
        raise InTransaction("this runs inside a verb's transaction")


def in_transaction() -> bool:
    """Whether this thread is inside `transaction()`."""
    return bool(_state.depth)


def after_commit(call: Callable[[], None]) -> None:
    """Run `call` once the present transaction is committed; only for waking workers and clearing memory."""
    require_transaction()
    _state.after.append(call)


def retrying(verb: Callable[[], _Result], tries: int = 5) -> _Result:
    """Run a verb again when PostgreSQL ended it for a deadlock or a serialisation conflict."""
    for attempt in range(tries):
        try:
            return verb()
        except peewee.OperationalError as error:
            state = getattr(getattr(error, "orig", None), "sqlstate", None)
            if state not in {"40001", "40P01"} or attempt == tries - 1:
                raise
            time.sleep(0.005 * 2**attempt)
    raise AssertionError


# -- prebuilt SQL ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _for_postgres(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def _run(sql: str, params: Sequence[object]) -> Any:
    """Run it on this thread's connection, which is opened if there is none."""
    database = db.obj
    return database.execute_sql(sql if database.is_sqlite else _for_postgres(sql), params)


def rows(sql: str, *params: object) -> list[Row]:
    """All rows of a prebuilt SELECT.

    `?` stands for a parameter on both databases. About 6 us where a model query costs 140.
    """
    return list(_run(sql, params).fetchall())


def one(sql: str, *params: object) -> Row | None:
    """The first row or None."""
    row: Row | None = _run(sql, params).fetchone()
    return row


def value(sql: str, *params: object) -> Any:
    """The first column of the first row, or None."""
    row = _run(sql, params).fetchone()
    return row[0] if row else None


def execute(sql: str, *params: object) -> int:
    """Run one writing statement inside a verb's transaction; answers how many rows it touched."""
    require_transaction()
    return int(_run(sql, params).rowcount)


def look_again() -> None:
    """Let PostgreSQL count its rows, so that it plans for the sizes that tables have now; SQLite needs no such help.

    Its own clock does this a minute late: an import that fills empty tables slowed down with every row until then.
    """
    if not is_sqlite() and not in_transaction():
        _run("ANALYZE", ())


def marks(values: Sequence[object]) -> str:
    """`?, ?, ?` for an IN list; an empty list gives NULL, which is in nothing."""
    return ", ".join("?" * len(values)) or "NULL"


def holds(column: str) -> str:
    """The condition that a text column holds the parameter, letter by letter: for folded texts. `LIKE` is slower."""
    return f"{'instr' if is_sqlite() else 'strpos'}({column}, ?) > 0"


def joined(column: str) -> str:
    """The texts of a group, one per line."""
    return f"group_concat({column}, char(10))" if is_sqlite() else f"string_agg({column}, chr(10))"


def at_commit(name: str, call: Callable[[set[Any]], None], things: set[Any]) -> None:
    """Run `call` once, with all `things` gathered under `name`, as the transaction's last statements.

    For rows that every writer needs (a shared clock): held last and shortly, they cannot cross other locks into a
    deadlock.
    """
    require_transaction()
    _state.last.setdefault(name, (call, set()))[1].update(things)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of this thread within the block, for budgets in tests and the debug bar."""
    before, _state.statements = _state.statements, []
    try:
        yield _state.statements
    finally:
        _state.statements = before


# -- asking hooks ------------------------------------------------------------------------------------------------------


@contextmanager
def asking() -> Iterator[None]:
    """Around a hook: it may not be asked inside a transaction (a slow plugin would hold everybody's lock)."""
    if _state.depth:
        raise InTransaction("hooks are asked before the transaction opens")
    yield


def reset_thread(opened: Any = None) -> None:
    """Close this thread's connection, and forget what was left behind in it.

    A thread that may outlive the configuration it began with says by `opened` (`db.obj` then) whose connection it has.
    """
    with suppress(Exception):
        used = opened or db.obj
        if used is not None and not used.is_closed():
            used.close()
    _state.depth, _state.after = 0, []
