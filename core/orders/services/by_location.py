"""From which place each waiting unit of an order is to be sent: a parcel leaves one place.

A unit is sent from a place that was promised all of its pieces. Places give in their order, and what is not counted
goes with the first of them. Units of a kit whose parts were promised at several places belong to none: their place is
None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.kernel import db
from core.orders.services.goods import stock_reference
from core.orders.services.waits import Wanted, units_here, wanted_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationUnits:
    """Units {line id: quantity} that wait to be sent from a place, and those of them that are on its shelves."""

    location_id: int | None
    name: str
    units: Mapping[int, int]
    here: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Place:
    """A place with the pieces per variant that are promised there, and those of them that are missing."""

    id: int
    name: str
    pieces: dict[int, int]
    missing: dict[int, int]


def units_by_location(order_id: int) -> list[LocationUnits]:
    """The waiting units of an order by place, the first to ship from first. Two statements."""
    lines, places = wanted_of([order_id]).get(order_id, []), _places(order_id)
    counted = {variant_id for place in places for variant_id in place.pieces}
    found: list[LocationUnits] = []
    for place in places:
        units = _from(lines, counted, place.pieces)
        if any(units.values()):
            mine = [replace(line, units=units[line.line_id]) for line in lines]
            there = {variant: pieces - place.missing.get(variant, 0) for variant, pieces in place.pieces.items()}
            here = _from(mine, counted, there)
            found.append(LocationUnits(location_id=place.id, name=place.name, units=_some(units), here=_some(here)))
            lines = [replace(line, units=line.units - units[line.line_id]) for line in lines]
    rest = _some({line.line_id: line.units for line in lines})
    if rest:
        lacking: dict[int, int] = {}
        for place in places:
            for variant_id, pieces in place.missing.items():
                lacking[variant_id] = lacking.get(variant_id, 0) + pieces
        found.append(LocationUnits(location_id=None, name="", units=rest, here=_some(units_here(lines, lacking))))
    return found


def _some(units: Mapping[int, int]) -> dict[int, int]:
    return {line_id: quantity for line_id, quantity in units.items() if quantity}


def _from(lines: Sequence[Wanted], counted: set[int], pieces: Mapping[int, int]) -> dict[int, int]:
    """How many units of each line these pieces make; what is not counted is there."""
    needed: dict[int, int] = {}
    for line in lines:
        for variant_id, each in line.each.items():
            needed[variant_id] = needed.get(variant_id, 0) + each * line.units
    lacking = {variant: max(0, n - pieces.get(variant, 0)) for variant, n in needed.items() if variant in counted}
    return units_here(lines, lacking)


def _places(order_id: int) -> list[_Place]:
    """Where the order was promised pieces. One statement."""
    found: dict[int, _Place] = {}
    for location_id, name, variant_id, pieces, missing in db.rows(
        "SELECT o.id, o.name, m.variant_id, SUM(m.allocated) + SUM(m.preordered),"
        " (SELECT s.pieces FROM order_shortage s WHERE s.order_id = ? AND s.variant_id = m.variant_id"
        " AND s.location_id = o.id) FROM stock_move m JOIN location o ON o.id = m.location_id WHERE m.reference = ?"
        " GROUP BY o.id, o.name, o.priority, m.variant_id HAVING SUM(m.allocated) + SUM(m.preordered) > 0"
        " ORDER BY o.priority, o.id, m.variant_id",
        order_id,
        stock_reference(order_id),
    ):
        place = found.setdefault(location_id, _Place(location_id, name, {}, {}))
        place.pieces[variant_id] = int(pieces)
        place.missing[variant_id] = int(missing or 0)
    return list(found.values())
