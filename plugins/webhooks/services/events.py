"""Events as they are kept for endpoints: once each, as the bytes that every try sends."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.api import Delivery, Site, enqueue_job, execute, micros, now, rows, transaction, value
from plugins.webhooks.models import SENDING, WAITING
from plugins.webhooks.models.kinds import kind_of


def keep_event(site: Site, told: Delivery) -> None:
    """Keep an event and its deliveries to the endpoints that hear of it, once however often it is told. Commits.

    A site without endpoints keeps nothing.
    """
    kind = kind_of(type(told.event))
    endpoints = rows("SELECT id, kinds FROM webhooks_endpoint WHERE site_id = ? AND deleted_at IS NULL", site.id)
    if not endpoints:
        return
    with transaction():
        event_id = store_event(site, told.id, kind, body_of(kind, told.at, _data(told)), told.at)
        heard = [row[0] for row in endpoints if hears(json.loads(row[1]), kind)]
        if store_deliveries(site, event_id, heard):
            enqueue_job("webhooks.send", site_id=site.id, plugin="webhooks", key=f"webhooks:{site.id}:{told.id}")


def hears(kinds: list[str], kind: str) -> bool:
    """Whether an endpoint that chose `kinds` wants this one."""
    return not kinds or kind in kinds


def _data(told: Delivery) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(told.event)
    return {name: part for name, part in plain.items() if name != "type"}


def body_of(kind: str, at: datetime, data: dict[str, Any]) -> str:
    """The JSON that is sent: type, time and data, in this order, without a blank."""
    said = {"type": kind, "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def store_event(site: Site, uid: str, kind: str, body: str, at: datetime) -> int:
    """The id of the event's row, which is made if it is new. In the present transaction."""
    execute(
        "INSERT INTO webhooks_event (site_id, uid, kind, body, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (site_id, uid) DO NOTHING",
        site.id,
        uid,
        kind,
        body,
        micros(at),
    )
    return int(value("SELECT id FROM webhooks_event WHERE site_id = ? AND uid = ?", site.id, uid))


def store_deliveries(site: Site, event_id: int, endpoint_ids: Iterable[int]) -> int:
    """Let the event wait for each endpoint; answers for how many it is new. In the present transaction."""
    at = micros(now())
    return sum(
        execute(
            "INSERT INTO webhooks_delivery (site_id, endpoint_id, event_id, state, attempts, due_at, created_at)"
            " VALUES (?, ?, ?, ?, 0, ?, ?) ON CONFLICT (endpoint_id, event_id) DO NOTHING",
            site.id,
            endpoint_id,
            event_id,
            WAITING,
            at,
            at,
        )
        for endpoint_id in endpoint_ids
    )


def forget_old(site: Site, days: int) -> int:
    """Delete events older than `days` with all that became of them, but those still on their way. Commits."""
    before = micros(now() - timedelta(days=days))
    with transaction():
        execute(
            "DELETE FROM webhooks_endpoint WHERE site_id = ? AND deleted_at IS NOT NULL AND deleted_at < ?",
            site.id,
            before,
        )
        execute(
            "DELETE FROM webhooks_secret WHERE site_id = ? AND expires_at IS NOT NULL AND expires_at < ?",
            site.id,
            before,
        )
        return execute(
            "DELETE FROM webhooks_event WHERE site_id = ? AND at < ? AND NOT EXISTS (SELECT 1 FROM webhooks_delivery d"
            " WHERE d.event_id = webhooks_event.id AND d.state IN (?, ?))",
            site.id,
            before,
            WAITING,
            SENDING,
        )
