"""From which place each waiting unit of an order is to be sent: a parcel leaves one place.

A unit is sent from a place that was promised all of its pieces. Places give in their order, and what is not counted
goes with the first of them. Units of a kit whose parts were promised at several places belong to none: their place is
None, and each place packs its own parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.kernel import db
from core.orders.services.goods import stock_reference
from core.orders.services.waits import Wanted, units_here, wanted_of


class LocationUnits(Struct, frozen=True, kw_only=True):
    """Units {line id: quantity} that wait to be sent from a place, and those of them that are on its shelves."""

    location_id: int | None
    name: str
    units: Mapping[int, int]
    here: Mapping[int, int]


class _Place(Struct, frozen=True):
    """A place with the pieces per variant that are promised there, and those of them that are missing."""

    id: int
    name: str
    pieces: dict[int, int]
    missing: dict[int, int]


class KitPart(Struct, frozen=True, kw_only=True):
    """Pieces of a variant that a place packs for a line's kit, whose other parts are packed elsewhere."""

    line_id: int
    variant_id: int
    pieces: int


class LocationPacking(Struct, frozen=True, kw_only=True):
    """What a place packs for an order now: units {line id: quantity} as a whole, and parts of kits that lie apart."""

    location_id: int | None
    name: str
    units: Mapping[int, int]
    parts: tuple[KitPart, ...] = ()


def units_by_location(order_id: int) -> list[LocationUnits]:
    """The waiting units of an order by place, the first to ship from first. Two statements."""
    shared = _share(wanted_of([order_id]).get(order_id, []), _places([order_id]).get(order_id, []))
    if not shared.rest:
        return shared.whole
    rest = _some({line.line_id: line.units for line in shared.rest})
    return [*shared.whole, LocationUnits(location_id=None, name="", units=rest, here=_some(shared.rest_here))]


def packed_by_location(order_ids: Sequence[int]) -> dict[int, list[LocationPacking]]:
    """{order: what each place packs for it}, of what is on the shelves, the first to ship from first. Two statements.

    What is counted nowhere has no place, where nothing that goes along is counted.
    """
    places, wanted = _places(order_ids), wanted_of(order_ids)
    return {order_id: _packed(_share(lines, places.get(order_id, []))) for order_id, lines in wanted.items()}


class _Shared(Struct, frozen=True):
    """Units by the place that has all of them; the lines with what lies apart, and the pieces that are left there."""

    places: Sequence[_Place]
    whole: list[LocationUnits]
    rest: list[Wanted]
    rest_here: Mapping[int, int]
    left: Mapping[int, dict[int, int]]


def _share(lines: Sequence[Wanted], places: Sequence[_Place]) -> _Shared:
    counted = {variant_id for place in places for variant_id in place.pieces}
    whole: list[LocationUnits] = []
    left: dict[int, dict[int, int]] = {}
    for place in places:
        units = _from(lines, counted, place.pieces)
        mine = [replace(line, units=units[line.line_id]) for line in lines]
        there = {variant: pieces - place.missing.get(variant, 0) for variant, pieces in place.pieces.items()}
        here = _from(mine, counted, there)
        if any(units.values()):
            whole.append(LocationUnits(location_id=place.id, name=place.name, units=_some(units), here=_some(here)))
            lines = [replace(line, units=line.units - units[line.line_id]) for line in lines]
        used = _pieces([replace(line, units=here[line.line_id]) for line in mine])
        left[place.id] = {variant: pieces - used.get(variant, 0) for variant, pieces in there.items()}
    rest = [line for line in lines if line.units]
    free = {variant: sum(pieces.get(variant, 0) for pieces in left.values()) for variant in counted}
    return _Shared(places, whole, rest, _from(rest, counted, free), left)


def _packed(shared: _Shared) -> list[LocationPacking]:
    parts: dict[int, list[KitPart]] = {}
    loose: dict[int, int] = {}
    for line in shared.rest:
        units = shared.rest_here[line.line_id]
        if not shared.places:
            loose[line.line_id] = units
            continue
        for place, variant_id, pieces in _apart(line, units, shared):
            parts.setdefault(place, []).append(KitPart(line_id=line.line_id, variant_id=variant_id, pieces=pieces))
    whole = {one.location_id: one.here for one in shared.whole}
    found = [
        LocationPacking(
            location_id=place.id, name=place.name, units=whole.get(place.id, {}), parts=tuple(parts.get(place.id, ()))
        )
        for place in shared.places
    ]  # fmt: skip
    found.append(LocationPacking(location_id=None, name="", units=_some(loose)))
    return [one for one in found if one.units or one.parts]


def _apart(line: Wanted, units: int, shared: _Shared) -> Iterator[tuple[int, int, int]]:
    """(place, variant, pieces) of these units; what is not counted goes along with the first part. Takes off `left`."""
    counted = [variant for variant in line.each if any(variant in left for left in shared.left.values())]
    first = shared.places[0].id
    for variant_id in sorted(line.each, key=lambda variant: (variant not in counted, variant)):
        wanted = line.each[variant_id] * units
        if variant_id not in counted:
            yield first, variant_id, wanted
            continue
        for place_id in sorted(shared.left, key=lambda place: place != first):
            if taken := min(wanted, shared.left[place_id].get(variant_id, 0)):
                shared.left[place_id][variant_id] -= taken
                wanted -= taken
                yield place_id, variant_id, taken


def _some(units: Mapping[int, int]) -> dict[int, int]:
    return {line_id: quantity for line_id, quantity in units.items() if quantity}


def _from(lines: Sequence[Wanted], counted: set[int], pieces: Mapping[int, int]) -> dict[int, int]:
    """How many units of each line these pieces make; what is not counted is there."""
    lacking = {
        variant: max(0, n - pieces.get(variant, 0)) for variant, n in _pieces(lines).items() if variant in counted
    }
    return units_here(lines, lacking)


def _pieces(lines: Iterable[Wanted]) -> dict[int, int]:
    """All that these lines need, per variant."""
    needed: dict[int, int] = {}
    for line in lines:
        for variant_id, each in line.each.items():
            needed[variant_id] = needed.get(variant_id, 0) + each * line.units
    return needed


def _places(order_ids: Sequence[int]) -> dict[int, list[_Place]]:
    """Where orders were promised pieces. One statement."""
    references = {stock_reference(order_id): order_id for order_id in order_ids}
    found: dict[int, dict[int, _Place]] = {}
    marks = db.marks(tuple(references))
    for reference, location_id, name, variant_id, pieces, missing in db.rows(
        "SELECT p.reference, o.id, o.name, p.variant_id, p.pieces, s.pieces FROM (SELECT reference, variant_id,"
        " location_id, SUM(allocated) + SUM(preordered) AS pieces FROM stock_move"
        f" WHERE reference IN ({marks}) GROUP BY reference, variant_id, location_id"
        " HAVING SUM(allocated) + SUM(preordered) > 0) p JOIN location o ON o.id = p.location_id"
        f" LEFT JOIN order_shortage s ON s.order_id IN ({db.marks(order_ids)}) AND p.reference = 'order:' || s.order_id"
        " AND s.variant_id = p.variant_id AND s.location_id = p.location_id ORDER BY o.priority, o.id, p.variant_id",
        *references, *order_ids,
    ):  # fmt: skip
        place = found.setdefault(references[reference], {}).setdefault(location_id, _Place(location_id, name, {}, {}))
        place.pieces[variant_id] = int(pieces)
        place.missing[variant_id] = int(missing or 0)
    return {order_id: list(places.values()) for order_id, places in found.items()}
