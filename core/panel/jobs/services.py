"""What the page of jobs shows: one statement for the figures, one each for what gave up and what is under way."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.kernel import db
from core.kernel.kept import once_a_look
from core.lib import clock

PAGE = 30
_COLUMNS = "j.id, j.name, j.plugin, j.payload, j.state, j.attempt, j.error, j.due_at, j.created_at, s.name"
_SELECT = f"SELECT {_COLUMNS} FROM job j LEFT JOIN site s ON s.id = j.site_id"
_DEAD = f"{_SELECT} WHERE j.state = 'dead' AND j.id < ? ORDER BY j.id DESC LIMIT ?"
_LIVE = f"{_SELECT} WHERE j.state IN ('ready', 'running') ORDER BY j.state DESC, j.due_at LIMIT ?"
_LAST = 2**62


class Counts(Struct, frozen=True, kw_only=True):
    """How much work is in which state; `retrying` is the part of `waiting` that failed before."""

    waiting: int
    running: int
    retrying: int
    dead: int


class WorkItem(Struct, frozen=True, kw_only=True):
    """One piece of work in words: what it is, whose, for which site, and why it failed last."""

    id: int
    title: str
    who: str
    icon: str
    attempts: int
    at: datetime
    reason: str
    trace: str


def counts() -> Counts:
    """The figures at the head of the page."""
    row = db.one(
        "SELECT COALESCE(SUM(CASE WHEN state = 'ready' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state ="
        " 'running' THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN state = 'ready' AND attempt > 0 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN"
        " state = 'dead' THEN 1 ELSE 0 END), 0)"
        " FROM job WHERE state IN ('ready', 'running', 'dead')"
    )
    waiting, running, retrying, dead = row or (0, 0, 0, 0)
    return Counts(waiting=waiting, running=running, retrying=retrying, dead=dead)


def dead_count() -> int:
    """How many pieces of work gave up, for the menu."""
    return once_a_look(("dead jobs",), lambda: int(db.value("SELECT COUNT(*) FROM job WHERE state = 'dead'")))


def dead_letters(before: int | None = None) -> tuple[list[WorkItem], int | None]:
    """What gave up, newest first, and the id to go on from if there is more."""
    found = db.rows(_DEAD, before or _LAST, PAGE + 1)
    return _items(found[:PAGE]), (found[PAGE - 1][0] if len(found) > PAGE else None)


def under_way() -> list[WorkItem]:
    """What runs or waits, in the order in which it will be done."""
    return _items(db.rows(_LIVE, PAGE))


def dead_ids() -> list[int]:
    """All that gave up, oldest first."""
    return [row[0] for row in db.rows("SELECT id FROM job WHERE state = 'dead' ORDER BY id")]


def _items(found: list[db.Row]) -> list[WorkItem]:
    payloads = {row[0]: json.loads(row[3] or "{}") for row in found}
    events = _event_types([payload["outbox_id"] for payload in payloads.values() if "outbox_id" in payload])
    return [_item(row, payloads[row[0]], events) for row in found]


def _event_types(outbox_ids: list[int]) -> dict[int, str]:
    found = (
        db.rows(f"SELECT id, type FROM outbox WHERE id IN ({db.marks(outbox_ids)})", *outbox_ids) if outbox_ids else []
    )
    return {row[0]: row[1] for row in found}


def _item(row: db.Row, payload: dict[str, Any], events: dict[int, str]) -> WorkItem:
    job_id, name, plugin, _, _, attempts, error, due_at, created_at, site = row
    event = events.get(payload.get("outbox_id", 0))
    return WorkItem(
        id=job_id,
        title=f"{event} → {payload.get('consumer', '')}" if event else name,
        who=" · ".join(part for part in (plugin, site) if part) or "Stoa",
        icon="bolt" if event else "jobs",
        attempts=attempts,
        at=clock.instant(due_at if attempts else created_at),
        reason=_last_line(error),
        trace=error,
    )


def _last_line(trace: str) -> str:
    lines = trace.strip().splitlines()
    return lines[-1][:300] if lines else ""
