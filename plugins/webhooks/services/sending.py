"""Sending: due deliveries are claimed under a lease, posted all at once outside any transaction, and what came is kept.

A process that dies while it sends leaves its lease behind; when that ends the delivery is sent again, under the same
id. An endpoint that fails is asked again along the ladder, about three days long; one that keeps failing is paused.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from core.api import (
    Message,
    NotFound,
    Site,
    enqueue_job,
    enqueue_message,
    execute,
    micros,
    now,
    record_activity,
    rows,
    speaking,
    transaction,
    value,
)
from core.api import gettext as _
from plugins.webhooks import client
from plugins.webhooks.models import DEAD, FAILURES, GONE, SENDING, SENT, WAITING
from plugins.webhooks.models.kinds import TEST
from plugins.webhooks.services.endpoints import open_secrets
from plugins.webhooks.services.signing import signature

LADDER = tuple(
    timedelta(**step)
    for step in (
        {"seconds": 5},
        {"minutes": 1},
        {"minutes": 5},
        {"minutes": 30},
        {"hours": 2},
        {"hours": 5},
        {"hours": 10},
        {"hours": 14},
        {"hours": 18},
        {"hours": 22},
    )
)
LEASE = timedelta(minutes=2)
AT_ONCE = 20
AT_ONCE_EACH = 5
_LOOKED_AT = 200
_DUE = (
    "((d.state = ? AND d.due_at <= ?) OR (d.state = ? AND d.lease_until < ?))"
    " AND e.paused_at IS NULL AND e.deleted_at IS NULL"
)


class Claimed(Struct, frozen=True, kw_only=True):
    """A delivery that is ours until `lease_until`, with all that is needed to send it."""

    id: int
    endpoint_id: int
    url: str
    uid: str
    body: str
    kind: str
    attempts: int
    lease_until: int


def send_due(site: Site, pause_after: int) -> int:
    """Send what is due, a number at once, and go on by a job of its own if there is more; answers how many were tried.

    Network; each claim and each outcome is a transaction.
    """
    claimed = _claim_due(site)
    _send(site, claimed, pause_after)
    if len(claimed) and _is_any_due(site):
        with transaction():
            enqueue_job("webhooks.send", site_id=site.id, plugin="webhooks")
    return len(claimed)


def send_now(site: Site, delivery_id: int, pause_after: int) -> client.Outcome | None:
    """Try one delivery at once, even to a paused endpoint; None: somebody else is sending it. Network."""
    owner = value("SELECT id FROM webhooks_delivery WHERE id = ? AND site_id = ?", delivery_id, site.id)
    if owner is None:
        raise NotFound
    with transaction():
        lease = take(site, delivery_id)
    return _send(site, [_read(site, delivery_id, lease)], pause_after)[0] if lease else None


# -- claiming ----------------------------------------------------------------------------------------------------------


def _claim_due(site: Site) -> list[Claimed]:
    """Some due deliveries, the longest due first, and of no endpoint so many that the others have to wait for it."""
    at = micros(now())
    due = rows(
        "SELECT d.id, d.endpoint_id FROM webhooks_delivery d JOIN webhooks_endpoint e ON e.id = d.endpoint_id"
        f" WHERE d.site_id = ? AND {_DUE} ORDER BY d.due_at, d.id LIMIT {_LOOKED_AT}",
        *(site.id, WAITING, at, SENDING, at),
    )
    each: Counter[int] = Counter()
    claimed: list[Claimed] = []
    for delivery_id, endpoint_id in due:
        if each[endpoint_id] >= AT_ONCE_EACH or len(claimed) >= AT_ONCE:
            continue
        with transaction():
            lease = take(site, delivery_id)
        if lease:
            each[endpoint_id] += 1
            claimed.append(_read(site, delivery_id, lease))
    return claimed


def take(site: Site, delivery_id: int) -> int:
    """Claim a delivery by one guarded statement; answers when the lease ends, 0 if somebody else has it.

    In the present transaction.
    """
    at = micros(now())
    lease = micros(now() + LEASE)
    taken = execute(
        "UPDATE webhooks_delivery SET state = ?, lease_until = ?, attempts = attempts + 1"
        " WHERE id = ? AND site_id = ? AND (state = ? OR (state = ? AND lease_until < ?))",
        *(SENDING, lease, delivery_id, site.id, WAITING, SENDING, at),
    )
    return lease if taken else 0


def _read(site: Site, delivery_id: int, lease: int) -> Claimed:
    ((endpoint_id, url, uid, body, kind, attempts),) = rows(
        "SELECT e.id, e.url, v.uid, v.body, v.kind, d.attempts FROM webhooks_delivery d"
        " JOIN webhooks_endpoint e ON e.id = d.endpoint_id JOIN webhooks_event v ON v.id = d.event_id"
        " WHERE d.id = ? AND d.site_id = ?",
        delivery_id,
        site.id,
    )
    return Claimed(
        id=delivery_id,
        endpoint_id=endpoint_id,
        url=url,
        uid=uid,
        body=body,
        kind=kind,
        attempts=attempts,
        lease_until=lease,
    )


def _is_any_due(site: Site) -> bool:
    at = micros(now())
    found = value(
        "SELECT 1 FROM webhooks_delivery d JOIN webhooks_endpoint e ON e.id = d.endpoint_id"
        f" WHERE d.site_id = ? AND {_DUE} LIMIT 1",
        *(site.id, WAITING, at, SENDING, at),
    )
    return found is not None


# -- posting -----------------------------------------------------------------------------------------------------------


def _send(site: Site, claimed: Sequence[Claimed], pause_after: int) -> list[client.Outcome]:
    keys = {one.endpoint_id: open_secrets(site, one.endpoint_id) for one in claimed}
    outcomes = client.post_all([_post(one, keys[one.endpoint_id]) for one in claimed])
    for one, outcome in zip(claimed, outcomes, strict=True):
        _keep(site, one, outcome, pause_after)
    return outcomes


def _post(one: Claimed, keys: Sequence[str]) -> client.Post:
    message_id, at, body = f"msg_{one.uid}", int(now().timestamp()), one.body.encode()
    return client.Post(
        url=one.url, id=message_id, timestamp=at, signature=signature(keys, message_id, at, body), body=body
    )


# -- what came of it ---------------------------------------------------------------------------------------------------


def _keep(site: Site, one: Claimed, outcome: client.Outcome, pause_after: int) -> None:
    with speaking(site.language, site.timezone), transaction():
        execute(
            "INSERT INTO webhooks_attempt (delivery_id, at, status, duration_ms, problem, answer)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(one.id, micros(now()), outcome.status, outcome.duration_ms, outcome.problem, outcome.answer),
        )
        if outcome.is_good:
            _end(one, SENT)
            execute("UPDATE webhooks_endpoint SET failures = 0 WHERE id = ?", one.endpoint_id)
            return
        if one.kind == TEST:
            # Somebody looks at what came of it; nobody waits for it to come again.
            _end(one, DEAD)
            return
        if one.attempts > len(LADDER):
            _end(one, DEAD)
        else:
            _again(site, one, outcome)
        _count_failure(site, one, outcome, pause_after)


def _end(one: Claimed, state: str) -> None:
    """Only whoever still holds the lease decides: an answer that comes later changes nothing."""
    execute(
        "UPDATE webhooks_delivery SET state = ?, lease_until = NULL, ended_at = ?"
        " WHERE id = ? AND state = ? AND lease_until = ?",
        *(state, micros(now()), one.id, SENDING, one.lease_until),
    )


def _again(site: Site, one: Claimed, outcome: client.Outcome) -> None:
    due = next_try(one.uid, one.attempts, now(), outcome.retry_after_s)
    ours = execute(
        "UPDATE webhooks_delivery SET state = ?, lease_until = NULL, due_at = ?"
        " WHERE id = ? AND state = ? AND lease_until = ?",
        *(WAITING, micros(due), one.id, SENDING, one.lease_until),
    )
    if ours:
        enqueue_job("webhooks.send", site_id=site.id, plugin="webhooks", at=due)


def next_try(uid: str, attempts: int, at: datetime, retry_after_s: int = 0) -> datetime:
    """When to try again after so many attempts: the ladder's step, up to a tenth longer, or what was asked for.

    The tenth differs from event to event, so that those which failed together do not all come back together.
    """
    step = LADDER[attempts - 1]
    spread = zlib.crc32(f"{uid}:{attempts}".encode()) % 1000 / 10_000
    return at + max(step * (1 + spread), timedelta(seconds=retry_after_s))


def _count_failure(site: Site, one: Claimed, outcome: client.Outcome, pause_after: int) -> None:
    failures = value(
        "UPDATE webhooks_endpoint SET failures = failures + 1 WHERE id = ? RETURNING failures", one.endpoint_id
    )
    reason = GONE if outcome.is_gone else FAILURES if failures is not None and failures >= pause_after else ""
    if reason:
        _pause(site, one, reason)


def _pause(site: Site, one: Claimed, reason: str) -> None:
    """Stop asking an endpoint, and say so: in the log of activity, and to the shop's own address."""
    at = micros(now())
    paused = execute(
        "UPDATE webhooks_endpoint SET paused_at = ?, pause_reason = ? WHERE id = ? AND paused_at IS NULL",
        *(at, reason, one.endpoint_id),
    )
    if not paused:
        return
    thing = f"webhook endpoint:{one.endpoint_id}"
    record_activity(
        "plugin:webhooks", "webhooks.paused", thing, after={"reason": reason}, site_id=site.id, title=one.url
    )
    if site.email:
        enqueue_message(site, _notice(site, one, at))


def _notice(site: Site, one: Claimed, at: int) -> Message:
    return Message(
        key=f"webhooks.paused:{one.endpoint_id}:{at}",
        kind="webhooks.paused",
        to=site.email,
        subject=_("A webhook of %(shop)s is paused", shop=site.name),
        text=_(
            "The endpoint %(url)s did not take what was sent to it, again and again, so nothing more is sent for now."
            " What happens meanwhile is kept. Put the endpoint right, then send on: %(panel)s",
            url=one.url,
            panel=f"{site.origin}/panel/webhooks/{one.endpoint_id}",
        ),
        language=site.language,
    )
