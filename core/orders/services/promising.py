"""Another day is promised for what waits: said in the timeline, and told to whoever ordered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.hookspecs.events import OrderPromised
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.kernel.repeats import claim
from core.lib import clock
from core.lib.errors import NotFound, Refused
from core.orders.services.settle import lock_order
from core.orders.services.timeline import note


class NothingWaits(Refused):
    """No unit of the order waits for goods, so there is nothing to promise."""

    code = "nothing_waits"
    default_message = "Nothing of this order waits for goods."


class DayOver(Refused):
    """A day that has passed is no promise."""

    status = 422
    code = "day_over"
    default_message = "Choose a day that is still to come."

    def __init__(self) -> None:
        super().__init__(field="day")


def promise_day(
    site: Site,
    order_id: int,
    day: date | None,
    *,
    actor: str,
    why: str = "",
    lines: Sequence[int] | None = None,
    key: str = "",
) -> bool:
    """Say from which day on (the site's own) the units leave that are not there; None: as soon as they are there.

    Of all lines that wait for goods, or of `lines` among them. Answers whether anything is different now: only then a
    line is written and OrderPromised recorded. Raises NotFound, NothingWaits, DayOver, and
    DoneBefore for a form that was heeded: sent again after another day was promised, it takes nothing back. Commits.
    """
    at = None if day is None else datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(site.timezone))
    if day is not None and day < clock.now().astimezone(ZoneInfo(site.timezone)).date():
        raise DayOver
    micros = None if at is None else clock.micros(at)
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        waiting = _waiting(order_id)
        if lines is not None:
            if not set(lines) <= {row[0] for row in waiting}:
                raise NotFound
            waiting = [row for row in waiting if row[0] in lines]
        if not waiting:
            raise NothingWaits
        changed = [row for row in waiting if row[2] != micros or not row[3]]
        if not changed:
            return False
        for line_id, _name, _before, _promise in changed:
            db.execute(
                "UPDATE order_line SET promised_at = ?, promise = CASE WHEN promise = '' THEN 'backorder' ELSE promise"
                " END WHERE id = ? AND order_id = ?",
                micros, line_id, order_id,
            )  # fmt: skip
        days = [{"name": row[1], "before": row[2], "after": micros} for row in changed]
        note(order_id, actor, "promised", days=days, why=why.strip()[:500])
        number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
        activity.record(
            actor, "promise", f"order:{order_id}", site_id=site.id, title=number,
            before={row[1]: row[2] for row in changed}, after={row[1]: micros for row in changed},
        )  # fmt: skip
        events.record(OrderPromised(order_id=order_id, number=number), site.id)
    return True


def _waiting(order_id: int) -> list[db.Row]:
    """(line, name, promised instant, promise) of lines with units that were promised for later, or are missing now."""
    return db.rows(
        "SELECT l.id, l.name, l.promised_at, l.promise FROM order_line l WHERE l.order_id = ? AND l.allocated > 0"
        " AND (l.promise <> '' OR EXISTS (SELECT 1 FROM order_shortage s WHERE s.order_id = l.order_id"
        " AND (s.variant_id = l.variant_id OR s.variant_id IN"
        " (SELECT p.variant_id FROM order_line_part p WHERE p.line_id = l.id)))) ORDER BY l.position",
        order_id,
    )
