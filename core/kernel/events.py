"""Events: an outbox row in the verb's transaction, numbered by the relay, then one job per plugin that listens.

`seq` is NULL at insert. The relay numbers committed rows while it holds the counter's row, so the stream has no gap
and no late
arrival, which a PostgreSQL sequence has both. `replay` tells any part of it again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import msgspec
import peewee

from core.hookspecs.events import CoreEvent, Event
from core.hookspecs.notify import Delivery
from core.kernel import db, jobs, tables
from core.kernel.installation import installation
from core.kernel.sites import state_of
from core.lib import clock, ids
from core.lib.errors import Broken

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CoreEvent)
# Where the debug bar listens: the events of this request by their tags.
listening: ContextVar[list[str] | None] = ContextVar("stoa_events", default=None)


class Outbox(tables.Table):
    """One event as told. `uid` is what receivers de-duplicate by; `seq` its place in the stream, NULL until relayed."""

    uid = peewee.CharField(max_length=40, unique=True)
    seq = peewee.BigIntegerField(null=True, unique=True)
    site_id = peewee.IntegerField(index=True)
    type = peewee.CharField(max_length=60)
    payload = peewee.TextField()
    at = tables.InstantField()


class Counter(tables.Table):
    """Numbers that only rise, each a row that a writer holds until its commit."""

    name = peewee.CharField(max_length=80, unique=True)
    n = peewee.BigIntegerField(default=0)


def record(event: Event, site_id: int) -> None:
    """Store `event` in the verb's transaction. Listeners hear of it after the commit."""
    db.require_transaction()
    if (heard := listening.get()) is not None:
        heard.append(tag(type(event)))
    db.execute(
        "INSERT INTO outbox (uid, seq, site_id, type, payload, at) VALUES (?, NULL, ?, ?, ?, ?)",
        ids.uid(),
        site_id,
        tag(type(event)),
        _encoder.encode(event).decode(),
        clock.now_us(),
    )
    db.after_commit(jobs.wake)


def tag(kind: type[Event]) -> str:
    """`order.placed` of OrderPlaced."""
    return str(kind.__struct_config__.tag)


def take_number(counter: str, how_many: int = 1) -> int:
    """The first of the next `how_many` numbers of a counter, in the present transaction.

    No gaps, since a rollback gives them back.
    """
    db.execute("INSERT INTO counter (name, n) VALUES (?, 0) ON CONFLICT (name) DO NOTHING", counter)
    return int(db.value("UPDATE counter SET n = n + ? WHERE name = ? RETURNING n", how_many, counter)) - how_many + 1


Listener = Callable[[Delivery, int], None]
_listeners: dict[str, list[tuple[str, Listener]]] = {}


def listen(kind: type[Event]) -> Callable[[Listener], Listener]:
    """Declare a core function `(delivery, site_id)` that hears one kind of event, retried like a plugin."""

    def declare(function: Listener) -> Listener:
        _listeners.setdefault(tag(kind), []).append((f"{function.__module__}.{function.__name__}", function))
        return function

    return declare


def relay(limit: int = 500) -> int:
    """Number committed events and make their deliveries, in one transaction; answers how many."""
    if db.value("SELECT 1 FROM outbox WHERE seq IS NULL LIMIT 1") is None:
        return 0
    consumers = _consumers()
    with db.transaction():
        take_number("outbox", 0)  # hold the counter: one relay at a time, and only committed rows are seen after it
        fresh = db.rows("SELECT id, site_id, type FROM outbox WHERE seq IS NULL ORDER BY id LIMIT ?", limit)
        first = take_number("outbox", len(fresh))
        for offset, (outbox_id, site_id, kind) in enumerate(fresh):
            db.execute("UPDATE outbox SET seq = ? WHERE id = ?", first + offset, outbox_id)
            plugins = [name for name, heard in consumers.get(site_id, ()) if not heard or kind in heard]
            for consumer in [*plugins, *(name for name, _ in _listeners.get(kind, ()))]:
                _deliver_later(outbox_id, site_id, consumer)
    return len(fresh)


def replay(first: int, last: int, consumer: str) -> int:
    """Tell `consumer` the events `first` to `last` of the stream again, with their old ids; answers how many."""
    with db.transaction():
        found = db.rows("SELECT id, site_id FROM outbox WHERE seq BETWEEN ? AND ? ORDER BY seq", first, last)
        for outbox_id, site_id in found:
            jobs.enqueue(
                "events.deliver",
                {"outbox_id": outbox_id, "consumer": consumer},
                site_id=site_id,
                key=f"replay:{outbox_id}:{consumer}:{ids.uid()}",
            )
    return len(found)


def _deliver_later(outbox_id: int, site_id: int, consumer: str) -> None:
    jobs.enqueue(
        "events.deliver",
        {"outbox_id": outbox_id, "consumer": consumer},
        site_id=site_id,
        key=f"event:{outbox_id}:{consumer}",
        plugin=consumer,
    )


def _consumers() -> dict[int, list[tuple[str, frozenset[str]]]]:
    """By site, the plugins that listen, each with the events it wants to hear; none named are all."""
    loaded = installation().plugins.loaded
    heard = {name: frozenset(map(tag, one.plugin.hears)) for name, one in loaded.items()}
    return {
        state.site.id: [(name, heard[name]) for name in state.hooks.answering("notify_event")]
        for state in installation().sites.all()
    }


@jobs.job("events.deliver")
def _deliver(running: jobs.Running) -> None:
    """Hand one event to one consumer; what it raises makes the job try again."""
    row: Any = Outbox.get_by_id(running.payload["outbox_id"])
    consumer: str = running.payload["consumer"]
    delivery = Delivery(id=row.uid, seq=row.seq, at=row.at, attempt=running.attempt, event=decode(row.payload))
    for name, listener in _listeners.get(row.type, ()):
        if name == consumer:
            listener(delivery, row.site_id)
            return
    _tell(consumer, row.site_id, delivery)


def _tell(plugin: str, site_id: int, delivery: Delivery) -> Any:

    state = state_of(site_id)
    if plugin not in state.hooks.answering("notify_event"):
        return  # switched off since: what it missed can be replayed
    try:
        state.hooks.one("notify_event", plugin, site=state.site, delivery=delivery)
    except (Exception, SystemExit) as error:
        installation().faults.report(site_id, plugin, "notify_event", error)
        raise


def decode(payload: str) -> Event:
    """The event of an outbox row; Broken for good where nobody knows its kind."""
    try:
        event: Event = _decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise Broken(f"An event of an unknown kind: {error}", permanent=True) from error
    return event
