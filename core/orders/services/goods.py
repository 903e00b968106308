"""The units of an order's lines: picked out by a form, checked, and moved together with the stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.kernel import db
from core.lib.errors import NotFound, Refused


class NotThatMany(Refused):
    """More units than the line has left for this act, or none at all."""

    code = "not_that_many"
    default_message = "There are not that many left of %(sku)s."


class Units(Struct, frozen=True, kw_only=True):
    """Some units of one line that go to `place`; `pieces` of variants are taken from stock for each of them.

    Nothing is for a line that is no variant's.
    """

    line_id: int
    variant_id: int
    sku: str
    quantity: int
    pieces: Mapping[int, int]
    place: int = 0

    @property
    def taken(self) -> dict[int, int]:
        """Pieces per variant for all of them."""
        return {variant_id: pieces * self.quantity for variant_id, pieces in self.pieces.items()}


def stock_reference(order_id: int) -> str:
    """What the stock's moves are for."""
    return f"order:{order_id}"


# What of a line each act may still touch.
_LEFT = {
    "promised": "allocated",
    "not picked": "allocated - CASE WHEN picked > shipped THEN picked - shipped ELSE 0 END",
    "on its way": "shipped - delivered",
    "not announced": "shipped - claimed"
    " - CASE WHEN return_requested > received THEN return_requested ELSE received END",
    "not returned": "shipped - received - claimed",
}


def pick(order_id: int, left: str, wanted: Mapping[int, int] | None) -> list[Units]:
    """The wanted units {line id: quantity}, or all that are left for an act.

    `left`: promised (not sent yet), not picked, on its way, not announced (to come back), not returned. Raises
    NotFound for a line of another order and NotThatMany, also if it comes to nothing. After `lock_order`.
    """
    db.require_transaction()
    found: dict[int, db.Row] = {}
    pieces: dict[int, dict[int, int]] = {}
    for *row, part_id, quantity in db.rows(
        f"SELECT l.id, l.variant_id, l.sku, {_LEFT[left]}, l.place, p.variant_id, p.quantity FROM order_line l"
        " LEFT JOIN order_line_part p ON p.line_id = l.id WHERE l.order_id = ? ORDER BY l.variant_id, l.id",
        order_id,
    ):
        found[row[0]] = tuple(row)
        if taken := part_id or row[1]:
            pieces.setdefault(row[0], {})[taken] = quantity or 1
    if wanted is None:
        wanted = {line_id: row[3] for line_id, row in found.items()}
    if not wanted.keys() <= found.keys():
        raise NotFound
    for line_id, quantity in wanted.items():
        if not 0 <= quantity <= found[line_id][3]:
            raise NotThatMany(sku=found[line_id][2])
    units = [
        Units(
            line_id=line_id,
            variant_id=row[1],
            sku=row[2],
            quantity=wanted[line_id],
            pieces=pieces.get(line_id, {}),
            place=row[4],
        )
        for line_id, row in found.items()
        if wanted.get(line_id, 0)
    ]
    if not units:
        raise NotThatMany("There is nothing left to do here.")
    return units


def needs(units: list[Units]) -> dict[int, int]:
    """Quantities per variant, as the stock wants them."""
    summed: dict[int, int] = {}
    for one in units:
        for variant_id, pieces in one.taken.items():
            summed[variant_id] = summed.get(variant_id, 0) + pieces
    return summed


def in_each(line_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """What each unit of these lines took from stock: pieces per variant, those in a kit. One statement."""
    found: dict[int, dict[int, int]] = {}
    for line_id, variant_id, part_id, quantity in db.rows(
        "SELECT l.id, l.variant_id, p.variant_id, p.quantity FROM order_line l LEFT JOIN order_line_part p"
        f" ON p.line_id = l.id WHERE l.id IN ({db.marks(line_ids)})",
        *line_ids,
    ):
        there = found.setdefault(line_id, {})
        if taken := part_id or variant_id:
            there[taken] = quantity or 1
    return found
