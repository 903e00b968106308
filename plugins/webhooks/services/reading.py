"""What the panel's pages show: endpoints with how they fare, deliveries by filter, and the tries of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import NotFound, Site, instant, one, rows
from plugins.webhooks.models import DEAD, SENDING, STATES, WAITING, Attempt, Endpoint

PAGE = 50


class EndpointRow(Struct, frozen=True, kw_only=True):
    """An endpoint of the list. `waiting` and `dead` count its deliveries; `last_at` is its last success."""

    endpoint: Endpoint
    waiting: int
    dead: int
    last_at: datetime | None


class DeliveryRow(Struct, frozen=True, kw_only=True):
    """A delivery as shown. `status`, `duration_ms` and `problem` are those of its last attempt, if there was one."""

    id: int
    endpoint_id: int
    endpoint: str
    url: str
    kind: str
    uid: str
    at: datetime
    state: str
    attempts: int
    due_at: datetime
    ended_at: datetime | None
    status: int | None
    duration_ms: int | None
    problem: str
    body: str


class Filters(Struct, frozen=True, kw_only=True):
    """What to list; an empty one leaves everything. `after` is the id that the page before ended with."""

    endpoint_id: int | None = None
    state: str = ""
    kind: str = ""
    after: int | None = None


def listed(site: Site) -> list[EndpointRow]:
    """The endpoints of the site in the order they were added; two statements."""
    counts = {
        row[0]: row[1:]
        for row in rows(
            "SELECT d.endpoint_id, SUM(CASE WHEN d.state IN (?, ?) THEN 1 ELSE 0 END),"
            " SUM(CASE WHEN d.state = ? THEN 1 ELSE 0 END), MAX(CASE WHEN d.state = 'sent' THEN d.ended_at END)"
            " FROM webhooks_delivery d WHERE d.site_id = ? GROUP BY d.endpoint_id",
            *(WAITING, SENDING, DEAD, site.id),
        )
    }
    known = Endpoint.for_site(site).where(Endpoint.deleted_at.is_null()).order_by(Endpoint.id)
    return [_row(endpoint, counts.get(endpoint.id, (0, 0, None))) for endpoint in known]


def _row(endpoint: Endpoint, counts: tuple[int, int, int | None]) -> EndpointRow:
    waiting, dead, last = counts
    return EndpointRow(
        endpoint=endpoint, waiting=int(waiting), dead=int(dead), last_at=None if last is None else instant(last)
    )


_SHOWN = (
    "SELECT d.id, d.endpoint_id, e.title, e.url, v.kind, v.uid, v.at, d.state, d.attempts, d.due_at, d.ended_at,"
    " a.status, a.duration_ms, a.problem, v.body FROM webhooks_delivery d"
    " JOIN webhooks_endpoint e ON e.id = d.endpoint_id JOIN webhooks_event v ON v.id = d.event_id"
    " LEFT JOIN webhooks_attempt a ON a.id ="
    " (SELECT MAX(t.id) FROM webhooks_attempt t WHERE t.delivery_id = d.id)"
    " WHERE d.site_id = ? AND e.deleted_at IS NULL"
)


def deliveries(site: Site, filters: Filters, limit: int = PAGE) -> tuple[list[DeliveryRow], int | None]:
    """A page of deliveries, the newest first, and where the next one begins; one statement."""
    where, params = [], list[object]([site.id])
    if filters.endpoint_id is not None:
        where.append("d.endpoint_id = ?")
        params.append(filters.endpoint_id)
    if filters.state in STATES:
        where.append("d.state = ?")
        params.append(filters.state)
    if filters.kind:
        where.append("v.kind = ?")
        params.append(filters.kind)
    if filters.after is not None:
        where.append("d.id < ?")
        params.append(filters.after)
    more = "".join(f" AND {condition}" for condition in where)
    found = [_shown(row) for row in rows(f"{_SHOWN}{more} ORDER BY d.id DESC LIMIT ?", *params, limit + 1)]
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def latest_of(site: Site, endpoint_id: int, limit: int = 10) -> list[DeliveryRow]:
    """The newest deliveries of one endpoint."""
    return deliveries(site, Filters(endpoint_id=endpoint_id), limit)[0]


def find_delivery(site: Site, delivery_id: int) -> DeliveryRow:
    """A delivery of this site. Raises NotFound."""
    row = one(f"{_SHOWN} AND d.id = ?", site.id, delivery_id)
    if row is None:
        raise NotFound
    return _shown(row)


def _shown(row: tuple[Any, ...]) -> DeliveryRow:
    (number, endpoint_id, title, url, kind, uid, at, state, attempts, due, ended, *last, body) = row
    status, duration, problem = last
    return DeliveryRow(
        id=number, endpoint_id=endpoint_id, endpoint=title or url, url=url, kind=kind, uid=uid, at=instant(at),
        state=state, attempts=attempts, due_at=instant(due), ended_at=None if ended is None else instant(ended),
        status=status, duration_ms=duration, problem=problem or "", body=body,
    )  # fmt: skip


def attempts_of(site: Site, delivery_id: int) -> list[Attempt]:
    """The tries of a delivery of this site, the newest first. Raises NotFound."""
    find_delivery(site, delivery_id)
    return list(Attempt.select().where(Attempt.sending == delivery_id).order_by(Attempt.id.desc()))
