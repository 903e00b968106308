"""Which units of an order are on the shelf, and so which orders are ready, partly ready, or wait for goods.

A unit is there if all of it is: a kit whose pot is missing is not picked for its cups. Lines are served in their order.
`order_wait` holds the answer for lists: written at the end of every transaction that changes it, after its levels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from core.kernel import db

READY, PARTLY, WAITING = "ready", "partly", "waiting"
_AT_ONCE = 200


class Wanted(Struct, frozen=True, kw_only=True):
    """Units of a line that wait to be sent, and what is taken from stock for each of them."""

    line_id: int
    units: int
    each: Mapping[int, int]


def units_here(lines: Sequence[Wanted], lacking: Mapping[int, int]) -> dict[int, int]:
    """How many units of each line are on the shelf; `lacking` are the pieces per variant that are not."""
    left: dict[int, int] = {}
    for line in lines:
        for variant_id, pieces in line.each.items():
            left[variant_id] = left.get(variant_id, -lacking.get(variant_id, 0)) + pieces * line.units
    here = {}
    for line in lines:
        units = min([line.units, *(max(0, left[variant_id]) // pieces for variant_id, pieces in line.each.items())])
        for variant_id, pieces in line.each.items():
            left[variant_id] -= pieces * units
        here[line.line_id] = units
    return here


def goods_code(lines: Iterable[Wanted], here: Mapping[int, int]) -> str:
    """ready, partly or waiting; nothing where nothing waits to be sent."""
    wanted, there = sum(line.units for line in lines), sum(here.values())
    if not wanted:
        return ""
    return READY if there == wanted else PARTLY if there else WAITING


def copy_waits(order_ids: Collection[int]) -> None:
    """Make the rows of these orders anew. Part of a transaction, after its short levels were written.

    A row is locked before it is reckoned, in one order by all who do: of two verbs that free different levels for one
    order, the later one sees what the earlier wrote.
    """
    db.require_transaction()
    ids = sorted(order_ids)
    for start in range(0, len(ids), _AT_ONCE):
        _copy(ids[start : start + _AT_ONCE])


def _copy(order_ids: Sequence[int]) -> None:
    marks = db.marks(order_ids)
    found = [
        row[0]
        for row in db.rows(
            f"SELECT order_id FROM order_shortage WHERE order_id IN ({marks})"
            f" UNION SELECT order_id FROM order_wait WHERE order_id IN ({marks}) ORDER BY 1",
            *order_ids,
            *order_ids,
        )
    ]
    if not found:
        return
    marks = db.marks(found)
    db.execute(
        f"INSERT INTO order_wait (order_id, site_id, stuck) SELECT id, site_id, ? FROM orders WHERE id IN ({marks})"
        " ORDER BY id ON CONFLICT (order_id) DO UPDATE SET stuck = order_wait.stuck",
        True,
        *found,
    )
    codes = goods_of(found)
    for stuck in (True, False):
        here = [order_id for order_id, code in codes.items() if code == (WAITING if stuck else PARTLY)]
        db.execute(
            f"UPDATE order_wait SET stuck = ? WHERE stuck <> ? AND order_id IN ({db.marks(here)})", stuck, stuck, *here
        )
    over = [order_id for order_id in found if codes.get(order_id) not in {WAITING, PARTLY}]
    db.execute(f"DELETE FROM order_wait WHERE order_id IN ({db.marks(over)})", *over)


def goods_of(order_ids: Sequence[int]) -> dict[int, str]:
    """ready, partly or waiting per order, as lines and shortages say it now. Two statements."""
    lines, lacking = wanted_of(order_ids, delivered=True), _lacking(order_ids)
    return {
        order_id: goods_code(found, units_here(found, lacking.get(order_id, {}))) for order_id, found in lines.items()
    }


def here_of(order_id: int) -> dict[int, int]:
    """Units of each waiting line that are on the shelf. Two statements."""
    return units_here(wanted_of([order_id]).get(order_id, []), _lacking([order_id]).get(order_id, {}))


def wanted_of(order_ids: Sequence[int], *, delivered: bool = False) -> dict[int, list[Wanted]]:
    """The waiting lines of orders, in their order; or those alone that are `delivered`. One statement."""
    lines: dict[int, dict[int, Wanted]] = {}
    for order_id, line_id, units, variant_id, part_id, quantity in db.rows(
        "SELECT l.order_id, l.id, l.allocated, l.variant_id, p.variant_id, p.quantity FROM order_line l"
        " LEFT JOIN order_line_part p ON p.line_id = l.id WHERE l.allocated > 0"
        f" AND l.order_id IN ({db.marks(order_ids)}) AND l.needs_delivery IN (?, ?) ORDER BY l.order_id, l.position",
        *order_ids,
        True,
        delivered,
    ):
        known = lines.setdefault(order_id, {}).get(line_id)
        taken = part_id or variant_id
        each = {**(known.each if known else {}), **({taken: quantity or 1} if taken else {})}
        lines[order_id][line_id] = Wanted(line_id=line_id, units=units, each=each)
    return {order_id: list(found.values()) for order_id, found in lines.items()}


def _lacking(order_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """The pieces per variant that orders wait for."""
    lacking: dict[int, dict[int, int]] = {}
    for order_id, variant_id, pieces in db.rows(
        "SELECT order_id, variant_id, SUM(pieces) FROM order_shortage"
        f" WHERE order_id IN ({db.marks(order_ids)}) GROUP BY order_id, variant_id",
        *order_ids,
    ):
        lacking.setdefault(order_id, {})[variant_id] = int(pieces)
    return lacking


def wrong_waits() -> list[int]:
    """Orders of which lists would say something else than the shelves. Empty is right."""
    said = {row[0]: WAITING if row[1] else PARTLY for row in db.rows("SELECT order_id, stuck FROM order_wait")}
    ids = sorted({*said, *(row[0] for row in db.rows("SELECT DISTINCT order_id FROM order_shortage"))})
    wrong = []
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        true = goods_of(part)
        wrong += [one for one in part if said.get(one, READY) != (true.get(one) or READY)]
    return wrong
