"""Sending again what was sent, or missed, and sending a test."""

from __future__ import annotations

from datetime import datetime

from core.api import NotFound, Site, enqueue_job, execute, micros, now, record_activity, rows, transaction, uid
from plugins.webhooks.models import DEAD, SENT, WAITING
from plugins.webhooks.models.kinds import TEST
from plugins.webhooks.services.endpoints import find_endpoint
from plugins.webhooks.services.events import body_of, hears, store_deliveries, store_event

_MOST = 10_000


def replay(site: Site, delivery_id: int, *, actor: str) -> None:
    """Let a delivery that ended begin anew, under the same id, with all its tries. Commits. Raises NotFound."""
    with transaction():
        if not _begin_anew(site, [delivery_id], (SENT, DEAD)):
            raise NotFound
        record_activity(actor, "webhooks.sent_again", f"webhook delivery:{delivery_id}", site_id=site.id)
        enqueue_job("webhooks.send", site_id=site.id, plugin="webhooks")


def replay_since(site: Site, endpoint_id: int, since: datetime, *, missed_only: bool, actor: str) -> int:
    """Send an endpoint all kept events that it hears of since an instant; `missed_only` leaves out what arrived.

    Also what happened before it was added, or while it was deleted. Answers how many. Commits. Raises NotFound.
    """
    endpoint = find_endpoint(site, endpoint_id)
    with transaction():
        known = rows(
            "SELECT v.id, v.kind, d.id, d.state FROM webhooks_event v LEFT JOIN webhooks_delivery d"
            " ON d.event_id = v.id AND d.endpoint_id = ? WHERE v.site_id = ? AND v.at >= ? AND v.kind <> ?"
            f" ORDER BY v.at, v.id LIMIT {_MOST}",
            *(endpoint_id, site.id, micros(since), TEST),
        )
        heard = [row for row in known if hears(endpoint.kinds, row[1])]
        fresh = sum(store_deliveries(site, row[0], [endpoint_id]) for row in heard if row[2] is None)
        states = (DEAD,) if missed_only else (DEAD, SENT)
        again = _begin_anew(site, [row[2] for row in heard if row[3] in states], states)
        after = {"since": since.isoformat(timespec="minutes"), "count": fresh + again}
        record_activity(
            actor,
            "webhooks.sent_again",
            f"webhook endpoint:{endpoint_id}",
            after=after,
            site_id=site.id,
            title=endpoint.url,
        )
        enqueue_job("webhooks.send", site_id=site.id, plugin="webhooks")
    return fresh + again


def _begin_anew(site: Site, delivery_ids: list[int], states: tuple[str, ...]) -> int:
    allowed = (*states, states[0])[:2]
    return sum(
        execute(
            "UPDATE webhooks_delivery SET state = ?, attempts = 0, due_at = ?, lease_until = NULL, ended_at = NULL"
            " WHERE id = ? AND site_id = ? AND state IN (?, ?)",
            *(WAITING, micros(now()), delivery_id, site.id, *allowed),
        )
        for delivery_id in delivery_ids
    )


def send_test(site: Site, endpoint_id: int, *, actor: str) -> int:
    """Make a test event for one endpoint alone; answers the delivery's id. Commits. Nothing is sent yet."""
    endpoint = find_endpoint(site, endpoint_id)
    name, at = uid(), now()
    with transaction():
        event_id = store_event(site, name, TEST, body_of(TEST, at, {"endpoint_id": endpoint_id}), at)
        store_deliveries(site, event_id, [endpoint_id])
        record_activity(
            actor, "webhooks.tested", f"webhook endpoint:{endpoint_id}", site_id=site.id, title=endpoint.url
        )
        ((delivery_id,),) = rows(
            "SELECT id FROM webhooks_delivery WHERE event_id = ? AND site_id = ?", event_id, site.id
        )
    return int(delivery_id)
