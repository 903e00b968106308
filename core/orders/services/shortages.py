"""Who waits for goods: which promised pieces are not on the shelf, and so cannot be picked.

The rule: a shelf (a variant at a location) serves the orders that were promised pieces there by age, the oldest first;
whoever comes after the last piece waits. What was split off is as old as the order that it comes from. Pieces that were
sold ahead wait until the release, whatever is there. Whether an order is paid or on hold makes no difference: it keeps
its turn. `ship` sends what is there to whom staff choose; then an older order may wait.

`order_shortage` holds that rule's answer, copied by the last statements of the transaction that changes a short level
(`touch_short`), under the level's lock. Where there is enough there is no row, so lists ask a short table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from msgspec import Struct

from core.catalogue.services.stock_short import Touched, on_short, touch_short
from core.kernel import db, jobs
from core.lib import clock
from core.orders.services.waits import copy_waits, wrong_waits

_REFERENCE = "order:"
Level = tuple[int, int]  # variant, location
_NOWHERE = (0, 0)


class Promised(Struct, frozen=True, kw_only=True):
    """What an order was promised at a level: of `pieces`, `ahead` were sold before the release."""

    order_id: int
    pieces: int
    ahead: int = 0


class Short(Struct, frozen=True, kw_only=True):
    """What of that is not on the shelf for it."""

    order_id: int
    pieces: int
    ahead: int = 0


def who_waits(on_hand: int, queue: Sequence[Promised], *, is_released: bool) -> list[Short]:
    """The rule: `queue` is served in its order; answers those who do not get all of it."""
    found, left = [], on_hand
    for one in queue:
        ahead = 0 if is_released else one.ahead
        now = min(left, one.pieces - ahead)
        left -= now
        if now < one.pieces:
            found.append(Short(order_id=one.order_id, pieces=one.pieces - now, ahead=ahead))
    return found


# Orders that wait for a variant, by itself or in a kit. Each has few moves, a level has many: `+` keeps databases from
# reading all moves of the level once for every order.
_LINES = """
SELECT l.order_id FROM order_line l WHERE l.variant_id = ? AND l.ordered > l.shipped + l.cancelled
UNION SELECT l.order_id FROM order_line_part k JOIN order_line l ON l.id = k.line_id
 WHERE k.variant_id = ? AND l.ordered > l.shipped + l.cancelled
"""
_SINCE = "COALESCE(o.queued_at, o.placed_at)"
_QUEUE = f"""
SELECT w.order_id, SUM(m.allocated) + SUM(m.preordered), SUM(m.preordered) FROM ({_LINES}) w
JOIN orders o ON o.id = w.order_id
JOIN stock_move m ON m.reference = '{_REFERENCE}' || w.order_id AND +m.variant_id = ? AND +m.location_id = ?
GROUP BY w.order_id, {_SINCE} HAVING SUM(m.allocated) + SUM(m.preordered) > 0 ORDER BY {_SINCE}, w.order_id
"""


def _queue(variant_id: int, location_id: int) -> list[Promised]:
    """Who was promised pieces at a level and has not got them, the oldest first. One statement."""
    return [
        Promised(order_id=row[0], pieces=int(row[1]), ahead=int(row[2]))
        for row in db.rows(_QUEUE, variant_id, variant_id, variant_id, location_id)
    ]


@on_short
def _copy(touched: set[Touched]) -> None:
    """The last statements of a transaction that touched short levels."""
    newcomers: dict[Level, set[str]] = {}
    for variant_id, location_id, reference in touched:
        newcomers.setdefault((variant_id, location_id), set()).add(reference)
    changed = {_order_id(reference) for reference in newcomers.pop(_NOWHERE, ())}
    for (variant_id, location_id), references in sorted(newcomers.items()):
        one = references.pop() if len(references) == 1 else ""
        changed |= _copy_level(variant_id, location_id, _order_id(one) if one.startswith(_REFERENCE) else None)
    copy_waits(changed)


def _order_id(reference: str) -> int:
    return int(reference.removeprefix(_REFERENCE))


def units_changed(order_id: int) -> None:
    """Part of every verb that touches an order: whether it waits for goods follows at the end of the transaction."""
    touch_short([(*_NOWHERE, f"{_REFERENCE}{order_id}")])


def _copy_level(variant_id: int, location_id: int, newcomer: int | None) -> set[int]:
    """Answers the orders for which something is different now."""
    on_hand, promised, ahead, is_released = _level(variant_id, location_id)
    if on_hand >= promised and (is_released or not ahead):
        gone = "DELETE FROM order_shortage WHERE variant_id = ? AND location_id = ? RETURNING order_id"
        return {row[0] for row in db.rows(gone, variant_id, location_id)}
    if newcomer is not None and _is_newest(newcomer):
        # All others were there before it, so nothing changes for them, however many they are.
        own = _own(newcomer, variant_id, location_id)
        rest = on_hand - (promised - own.pieces) + (0 if is_released else ahead - own.ahead)
        true = who_waits(max(0, rest), [own], is_released=is_released) if own.pieces else []
        return _replace(variant_id, location_id, _rows(variant_id, location_id, newcomer), true)
    true = who_waits(on_hand, _queue(variant_id, location_id), is_released=is_released)
    return _replace(variant_id, location_id, _rows(variant_id, location_id), true)


def _level(variant_id: int, location_id: int) -> tuple[int, int, int, bool]:
    """(on hand, promised in all, of that ahead, released?), held still until the commit.

    A level that is gone lacks nothing: such goods are not counted any more.
    """
    row = db.one(
        "SELECT l.on_hand, l.allocated + l.preordered, l.preordered, v.release_at FROM stock_level l"
        " JOIN variant v ON v.id = l.variant_id WHERE l.variant_id = ? AND l.location_id = ?"
        + ("" if db.is_sqlite() else " FOR UPDATE OF l"),
        variant_id,
        location_id,
    )
    if row is None:
        return 0, 0, 0, True
    return int(row[0]), int(row[1]), int(row[2]), row[3] is None or row[3] <= clock.now_us()


def _is_newest(order_id: int) -> bool:
    """Whether no other order, of any site, came after it."""
    row = db.one("SELECT placed_at, id FROM orders WHERE id = ? AND queued_at IS NULL", order_id)
    return row is not None and not db.value(
        "SELECT 1 FROM site s WHERE EXISTS"
        " (SELECT 1 FROM orders o WHERE o.site_id = s.id AND (o.placed_at, o.id) > (?, ?)) LIMIT 1",
        *row,
    )


def _own(order_id: int, variant_id: int, location_id: int) -> Promised:
    row = db.one(
        "SELECT COALESCE(SUM(allocated + preordered), 0), COALESCE(SUM(preordered), 0) FROM stock_move"
        " WHERE reference = ? AND +variant_id = ? AND +location_id = ?",
        f"{_REFERENCE}{order_id}", variant_id, location_id,
    )  # fmt: skip
    assert row is not None
    return Promised(order_id=order_id, pieces=int(row[0]), ahead=int(row[1]))


def _rows(variant_id: int, location_id: int, order_id: int | None = None) -> list[Short]:
    also, params = ("", []) if order_id is None else (" AND order_id = ?", [order_id])
    return [
        Short(order_id=row[0], pieces=int(row[1]), ahead=int(row[2]))
        for row in db.rows(
            f"SELECT order_id, pieces, ahead FROM order_shortage WHERE variant_id = ? AND location_id = ?{also}",
            variant_id, location_id, *params,
        )
    ]  # fmt: skip


def _replace(variant_id: int, location_id: int, old: Sequence[Short], true: Sequence[Short]) -> set[int]:
    """Write what differs; answers the orders."""
    for one in sorted(set(old) - set(true), key=lambda one: one.order_id):
        db.execute(
            "DELETE FROM order_shortage WHERE order_id = ? AND variant_id = ? AND location_id = ?",
            one.order_id, variant_id, location_id,
        )  # fmt: skip
    for one in sorted(set(true) - set(old), key=lambda one: one.order_id):
        db.execute(
            "INSERT INTO order_shortage (order_id, variant_id, location_id, pieces, ahead) VALUES (?, ?, ?, ?, ?)",
            one.order_id, variant_id, location_id, one.pieces, one.ahead,
        )  # fmt: skip
    return {one.order_id for one in set(old) ^ set(true)}


@jobs.job("orders.released", every=timedelta(minutes=1))
def _released(running: jobs.Running) -> None:
    del running
    queue_released()


def queue_released() -> None:
    """What was sold ahead takes its turn from the release on. Commits for each level."""
    found = db.rows(
        "SELECT DISTINCT s.variant_id, s.location_id FROM order_shortage s JOIN variant v ON v.id = s.variant_id"
        " WHERE s.ahead > 0 AND (v.release_at IS NULL OR v.release_at <= ?) ORDER BY 1, 2",
        clock.now_us(),
    )
    for variant_id, location_id in found:
        with db.transaction():
            touch_short([(variant_id, location_id, "")])


# -- proof -------------------------------------------------------------------------------------------------------------


def wrong_shortages() -> list[Level]:
    """Levels of which the table says something else than the rule. Empty is right."""
    return [one for one in _levels() if not _is_true(*one)]


def copy_all_shortages() -> int:
    """Make all that is wrong anew; answers of how many levels and orders that was. Commits for each."""
    wrong = wrong_shortages()
    for variant_id, location_id in wrong:
        with db.transaction():
            touch_short([(variant_id, location_id, "")])
    orders = wrong_waits()
    for order_id in orders:
        with db.transaction():
            copy_waits([order_id])
    return len(wrong) + len(orders)


def _levels() -> Iterable[Level]:
    """All that are short, or said to be."""
    return [
        (row[0], row[1])
        for row in db.rows(
            "SELECT variant_id, location_id FROM stock_level WHERE on_hand < allocated + preordered OR preordered > 0"
            " UNION SELECT variant_id, location_id FROM order_shortage ORDER BY 1, 2"
        )
    ]


def _is_true(variant_id: int, location_id: int) -> bool:
    row = db.one(
        "SELECT l.on_hand, v.release_at FROM stock_level l JOIN variant v ON v.id = l.variant_id"
        " WHERE l.variant_id = ? AND l.location_id = ?",
        variant_id, location_id,
    )  # fmt: skip
    if row is None:
        return not _rows(variant_id, location_id)
    is_released = row[1] is None or row[1] <= clock.now_us()
    true = who_waits(int(row[0]), _queue(variant_id, location_id), is_released=is_released)
    return set(true) == set(_rows(variant_id, location_id))
