"""Jobs: durable work as rows, claimed by a guarded UPDATE with a lease, retried with back-off, then a dead letter.

A worker thread (`worker.py`) runs inside `./stoa run`; `./stoa work` processes run more. Waking is only a hint: a
killed worker's
job is found
again when its lease ends. A job's key is UNIQUE, so that the same work is enqueued once.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import peewee
import structlog
from msgspec import Struct

from core.kernel import activity, db, tables
from core.kernel.i18n import speaking_for
from core.kernel.installation import installation
from core.kernel.measures import JOB, MEASURES
from core.lib import clock
from core.lib.errors import Broken
from core.lib.jsons import to_json

log = structlog.get_logger(__name__)
READY, RUNNING, DONE, DEAD, DROPPED = "ready", "running", "done", "dead", "dropped"
LEASE = timedelta(minutes=5)
TRIES = 8
KEPT = timedelta(days=7)


class Job(tables.Table):
    """One piece of work. `plugin` names whose it is; `progress` is 0-100 for long ones, shown in the panel."""

    name = peewee.CharField(max_length=80, index=True)
    site_id = peewee.IntegerField(null=True, index=True)
    plugin = peewee.CharField(max_length=60, default="")
    payload = tables.JSONField(default=dict)
    key = peewee.CharField(max_length=200, null=True, unique=True)
    state = peewee.CharField(max_length=8, default=READY)
    due_at = tables.InstantField()
    lease_until = tables.InstantField(null=True)
    attempt = peewee.IntegerField(default=0)
    error = peewee.TextField(default="")
    progress = peewee.IntegerField(default=0)
    created_at = tables.InstantField()
    ended_at = tables.InstantField(null=True)

    class Meta:
        indexes = ((("state", "due_at"), False),)


class Running(Struct, frozen=True, kw_only=True):
    """What a handler gets: the payload, and how to tell progress and keep the lease."""

    id: int
    name: str
    payload: Mapping[str, Any]
    site_id: int | None
    attempt: int

    def progress(self, percent: int) -> None:
        """Show how far it is, and renew the lease. Its own transaction."""
        with db.transaction():
            db.execute(
                "UPDATE job SET progress = ?, lease_until = ? WHERE id = ?",
                percent,
                clock.micros(clock.now() + LEASE),
                self.id,
            )


_present: ContextVar[Running | None] = ContextVar("stoa_running_job", default=None)


def progress(percent: int) -> None:
    """Say how far the job is that runs now, and keep its lease: for work of minutes. Outside a job it does nothing."""
    if (running := _present.get()) is not None:
        running.progress(percent)


Handler = Callable[[Running], None]
_handlers: dict[str, Handler] = {}
_every: dict[str, timedelta] = {}
_wake = threading.Event()


def job(name: str, *, every: timedelta | None = None) -> Callable[[Handler], Handler]:
    """Declare the handler of jobs called `name`.

    With `every`, it is enqueued by itself at that pace (and keyed by its slot).
    """

    def declare(handler: Handler) -> Handler:
        _handlers[name] = handler
        if every is not None:
            _every[name] = every
        return handler

    return declare


def enqueue(
    name: str,
    payload: Mapping[str, Any] | None = None,
    *,
    site_id: int | None = None,
    plugin: str = "",
    key: str | None = None,
    at: datetime | None = None,
) -> None:
    """Store a job inside the present transaction; a key that exists already is left as it is."""
    db.require_transaction()
    now = clock.now()
    db.execute(
        "INSERT INTO job (name, site_id, plugin, payload, key, state, due_at, attempt, error, progress, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', 0, ?) ON CONFLICT (key) DO NOTHING",
        name,
        site_id,
        plugin,
        to_json(dict(payload or {})),
        key,
        READY,
        clock.micros(at or now),
        clock.micros(now),
    )
    db.after_commit(_wake.set)


def wake() -> None:
    """Let this process's worker look now."""
    _wake.set()


def wait(seconds: float) -> None:
    """Sleep until somebody wakes this process's worker, at most `seconds`."""
    _wake.wait(seconds)
    _wake.clear()


# -- working -----------------------------------------------------------------------------------------------------------


def run_due(limit: int = 100) -> int:
    """Run what is due, one after the other; answers how many ran. The worker's loop, and what tests call."""
    _enqueue_periodic()
    done = 0
    while done < limit and (claimed := _claim()) is not None:
        _perform(claimed)
        done += 1
    return done


def _enqueue_periodic() -> None:
    now = clock.now()
    due = [(name, pace, int(now.timestamp() // pace.total_seconds())) for name, pace in _periodic().items()]
    keys = [f"{name}@{slot}" for name, _, slot in due]
    sql = f"SELECT key FROM job WHERE key IN ({db.marks(keys)})"
    known = {row[0] for row in db.rows(sql, *keys)}
    fresh = [(name, key) for (name, _, _), key in zip(due, keys, strict=True) if key not in known]
    if fresh:
        with db.transaction():
            for name, key in fresh:
                enqueue(name, key=key)


def _periodic() -> dict[str, timedelta]:
    plugins = {
        f"{name}.{job_name}": timedelta(seconds=seconds)
        for name, loaded in installation().plugins.loaded.items()
        for job_name, seconds in loaded.plugin.every.items()
    }
    return {**_every, **plugins}


def _claim() -> Running | None:
    """Take one due job by a guarded UPDATE; None when there is none."""
    now = clock.now_us()
    lease = now + LEASE // timedelta(microseconds=1)
    for row in db.rows(
        "SELECT id FROM job WHERE (state = ? AND due_at <= ?) OR (state = ? AND lease_until < ?)"
        " ORDER BY due_at, id LIMIT 5",
        READY,
        now,
        RUNNING,
        now,
    ):
        with db.transaction():
            taken = db.execute(
                "UPDATE job SET state = ?, lease_until = ?, attempt = attempt + 1"
                " WHERE id = ? AND ((state = ? AND due_at <= ?) OR (state = ? AND lease_until < ?))",
                RUNNING,
                lease,
                row[0],
                READY,
                now,
                RUNNING,
                now,
            )
        if taken:
            found = Job.get_by_id(row[0])
            MEASURES.took(JOB, max(0.0, (clock.instant(now) - found.due_at).total_seconds()))
            return Running(
                id=found.id, name=found.name, payload=found.payload, site_id=found.site_id, attempt=found.attempt
            )
    return None


def _perform(running: Running) -> None:
    token = _present.set(running)
    try:
        with speaking_for(running.site_id or 0):
            _handler(running.name)(running)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the worker must outlive every job
        _failed(running, error)
        return
    finally:
        _present.reset(token)
    with db.transaction():
        db.execute(
            "UPDATE job SET state = ?, progress = 100, ended_at = ?, lease_until = NULL WHERE id = ?",
            DONE,
            clock.now_us(),
            running.id,
        )


def _handler(name: str) -> Handler:
    """The handler of core or of a plugin; Broken for good where nobody knows the job."""
    if name in _handlers:
        return _handlers[name]
    plugin, _, short = name.partition(".")
    loaded = installation().plugins.loaded.get(plugin)
    if loaded is None or short not in loaded.plugin.jobs:
        raise Broken("Nobody knows the job %(name)s.", permanent=True, name=name)
    function = loaded.plugin.jobs[short]

    def handle(running: Running) -> None:
        sites = (
            [installation().sites.by_id(running.site_id)] if running.site_id is not None else installation().sites.all()
        )
        for state in sites:
            if state.states.get(plugin) in {"on", "draining"}:
                with speaking_for(state.site.id):
                    function(running.payload, state.site)

    return handle


def _failed(running: Running, error: BaseException) -> None:
    permanent = isinstance(error, Broken) and error.permanent
    dead = permanent or running.attempt >= TRIES
    wait = timedelta(seconds=min(5 * 4 ** (running.attempt - 1), 6 * 3600))
    log.warning("job failed", job=running.name, id=running.id, attempt=running.attempt, dead=dead, error=str(error))
    trace = "".join(traceback.format_exception(error))[-8000:]
    with db.transaction():
        db.execute(
            "UPDATE job SET state = ?, due_at = ?, lease_until = NULL, error = ?, ended_at = ? WHERE id = ?",
            DEAD if dead else READY,
            clock.micros(clock.now() + wait),
            trace,
            clock.now_us() if dead else None,
            running.id,
        )


def retry(job_id: int) -> bool:
    """Give a dead letter its tries again; False if it is not dead."""
    with db.transaction():
        found = db.execute(
            "UPDATE job SET state = ?, due_at = ?, attempt = 0, ended_at = NULL WHERE id = ? AND state = ?",
            READY,
            clock.now_us(),
            job_id,
            DEAD,
        )
        db.after_commit(_wake.set)
    return bool(found)


def drop(job_id: int, actor: str = "system") -> bool:
    """Give a dead letter up; False if it is not dead. It is kept as long as done ones, so that it can be brought back.

    Its key is free at once.
    """
    return _put_aside(job_id, DEAD, DROPPED, "job.dropped", actor)


def take_back(job_id: int, actor: str = "system") -> bool:
    """Let a dropped job be a dead letter again; False if it was not dropped, or is forgotten by now."""
    return _put_aside(job_id, DROPPED, DEAD, "job.kept", actor)


def _put_aside(job_id: int, before: str, after: str, verb: str, actor: str) -> bool:
    with db.transaction():
        found = db.execute(
            "UPDATE job SET state = ?, key = NULL, ended_at = ? WHERE id = ? AND state = ?",
            after,
            clock.now_us(),
            job_id,
            before,
        )
        if found:
            name = db.value("SELECT name FROM job WHERE id = ?", job_id)
            activity.record(actor, verb, f"job:{job_id}", title=name)
    return bool(found)


@job("jobs.forget", every=timedelta(hours=6))
def _forget(running: Running) -> None:
    """Done jobs are kept a week, so that a key stays taken that long; dropped ones, so that they can be taken back."""
    del running
    with db.transaction():
        db.execute(
            "DELETE FROM job WHERE state IN (?, ?) AND ended_at < ?", DONE, DROPPED, clock.micros(clock.now() - KEPT)
        )
