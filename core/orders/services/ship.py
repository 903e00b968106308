"""Parcels leave, arrive, and sometimes come back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from core.catalogue.services import stock
from core.hookspecs.events import OrderReturned, OrderShipped
from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.kernel.repeats import claim
from core.lib import clock, ids
from core.lib.errors import Broken, NotFound
from core.orders.services.by_location import units_by_location
from core.orders.services.due_scans import first_asked
from core.orders.services.giving_back import after_resolving
from core.orders.services.goods import NotThatMany, Units, needs, pick, stock_reference
from core.orders.services.guards import ask_guards
from core.orders.services.hold_checks import check_not_held
from core.orders.services.parcels import Way, sent_with
from core.orders.services.settle import lock_order, settle
from core.orders.services.timeline import note


def ship(
    site: Site,
    order_id: int,
    *,
    actor: str,
    lines: Mapping[int, int] | None = None,
    place: int | None = None,
    carrier: str = "",
    service: str = "",
    title: str = "",
    tracking: str = "",
    key: str = "",
    location: int | None = None,
) -> int:
    """Send units {line id: quantity}, or all that wait, from `location`; answers the shipment's id. Commits.

    A parcel goes to one place: with `place`, all that waits to go there is meant. Without a location they leave from
    where they were promised, one parcel for each: the first one has the tracking number, and its id is answered.
    `carrier` and `service` are codes of `ways`; any other word is the name of a carrier, as `title` is. `key` (of the
    form that was sent) makes a repeated click the same parcel. Takes the pieces off the shelf; raises NotFound,
    Guarded, OnHold, NotThatMany, NotPromisedThere, OutOfStock (a backorder that is not there yet). Records OrderShipped
    for each parcel.
    """
    key = f"{order_id}:{key or ids.uid()}"
    if lines is None and place is not None:
        lines = _waiting(site, order_id, place, location)
    ask_guards(site, order_id, ActKind.SHIP, actor=actor, lines=lines, done=lambda: _sent(key))
    way = sent_with(site, order_id, carrier, service, title)
    with db.transaction():
        lock_order(order_id, site.id)
        if (sent := _sent(key)) is not None:
            return sent
        check_not_held(order_id)
        units = pick(order_id, "promised", _units_at(order_id, location, lines))
        if len({one.place for one in units}) > 1:
            raise NotThatMany("A parcel goes to one address. Choose what goes to the same one.")
        moved = stock.ship(needs(units), stock_reference(order_id), actor, at=location)
        for one in units:
            _count_shipped(one)
        number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
        made: list[int] = []
        for parcel in _parcels(units, _by_place(moved)):
            parcel.place = location if parcel.place is None else parcel.place
            made.append(_leave(order_id, key, way, tracking, parcel, actor, is_first=not made))
            events.record(OrderShipped(order_id=order_id, number=number, shipment_id=made[-1]), site.id)
        all_lines = {str(one.line_id): one.quantity for one in units}
        activity.record(
            actor,
            "ship",
            f"order:{order_id}",
            after={"lines": all_lines, "tracking": tracking},
            site_id=site.id,
            title=number,
        )
    return made[0]


def _leave(order_id: int, key: str, way: Way, tracking: str, parcel: _Parcel, actor: str, *, is_first: bool) -> int:
    """A parcel with what leaves elsewhere for it, and its line in the timeline; answers its id."""
    number = tracking if is_first else ""
    made = _insert(order_id, key if is_first else f"{key}:{parcel.place}"[:64], way, number, parcel)
    for parts in parcel.apart.values():
        _insert(order_id, f"{key}:{parcel.place}:{parts.place}"[:64], way, "", parts, with_id=made)
    about = {"shipment_id": made, "lines": parcel.lines, "location": parcel.place}
    note(order_id, actor, "shipped", carrier=way.title, tracking=number, **about)
    return made


def _units_at(order_id: int, location: int | None, lines: Mapping[int, int] | None) -> Mapping[int, int] | None:
    """The units that leave: those that are wanted, else all that this place was promised. Raises NotThatMany."""
    if location is None:
        return lines
    there = next((dict(one.units) for one in units_by_location(order_id) if one.location_id == location), {})
    return there if lines is None else lines


def _waiting(site: Site, order_id: int, place: int, location: int | None) -> dict[int, int]:
    there: dict[int, int] = dict(
        db.rows(
            "SELECT l.id, l.allocated FROM order_line l JOIN orders o ON o.id = l.order_id WHERE o.id = ?"
            " AND o.site_id = ? AND l.place = ? AND l.allocated > 0",
            order_id, site.id, place,
        )
    )  # fmt: skip
    if location is None:
        return there
    from_there = next((one.units for one in units_by_location(order_id) if one.location_id == location), {})
    return {line_id: min(n, from_there[line_id]) for line_id, n in there.items() if line_id in from_there}


def is_sent(order_id: int, key: str) -> bool:
    """Whether the form with this key sent its parcel already."""
    return bool(key) and _sent(f"{order_id}:{key}") is not None


def _sent(key: str) -> int | None:
    found: int | None = db.value("SELECT id FROM shipment WHERE key = ?", key)
    return found


_Pieces = dict[int, dict[int, int]]


def _by_place(moved: list[stock.Allocation]) -> _Pieces:
    """The pieces that left, per variant and location; several lines may take of the same."""
    pieces: _Pieces = {}
    for part in moved:
        places = pieces.setdefault(part.variant_id, {})
        places[part.location_id] = places.get(part.location_id, 0) + part.quantity
    return pieces


def _count_shipped(units: Units) -> None:
    changed = db.execute(
        "UPDATE order_line SET allocated = allocated - ?, shipped = shipped + ? WHERE id = ? AND allocated >= ?",
        units.quantity, units.quantity, units.line_id, units.quantity,
    )  # fmt: skip
    if not changed:
        raise Broken("The units of a locked order changed.", permanent=True)


class _Parcel(Struct):
    """What leaves a place together: units {line id: quantity}, and the pieces taken [variant, location, quantity]."""

    place: int | None
    units: dict[int, int] = field(default_factory=dict)
    uncounted: dict[int, int] = field(default_factory=dict)
    taken: list[tuple[int, int, int]] = field(default_factory=list)
    apart: dict[int, _Parcel] = field(default_factory=dict)

    def put(self, line_id: int, pieces: Sequence[tuple[int, int, int]]) -> None:
        """Pieces of a line: what lies elsewhere leaves from there, in a parcel of its own that belongs to this one."""
        for piece in pieces:
            if piece[1] == self.place:
                self.taken.append(piece)
                continue
            parts = self.apart.setdefault(piece[1], _Parcel(piece[1]))
            parts.taken.append(piece)
            parts.units[line_id] = 0

    @property
    def lines(self) -> dict[str, int]:
        """All that is in it, by line."""
        both = (*self.units.items(), *self.uncounted.items())
        return {str(line_id): self.units.get(line_id, 0) + self.uncounted.get(line_id, 0) for line_id, _count in both}


def _parcels(units: Sequence[Units], pieces: _Pieces) -> list[_Parcel]:
    """One for each place, in their order; what is not counted goes along with the first. Takes off `pieces`.

    A kit counts with the first of its parts that is counted; parts that lie elsewhere leave from there.
    """
    found: dict[int, _Parcel] = {}
    uncounted: dict[int, int] = {}
    for one in units:
        left = one.quantity
        while left:
            counted = next((part for part in sorted(one.pieces) if any(pieces.get(part, {}).values())), 0)
            if not counted:
                uncounted[one.line_id] = left
                break
            place, there = next((at, n) for at, n in pieces[counted].items() if n)
            part = min(left, max(1, there // one.pieces[counted]))
            parcel = found.setdefault(place, _Parcel(place))
            parcel.units[one.line_id] = parcel.units.get(one.line_id, 0) + part
            for variant_id, each in one.pieces.items():
                parcel.put(one.line_id, _take(variant_id, each * part, pieces.get(variant_id, {}), place))
            left -= part
    parcels = [found[place] for place in sorted(found)] or [_Parcel(None)]
    parcels[0].uncounted = uncounted
    return parcels


def _take(variant_id: int, wanted: int, places: dict[int, int], first: int) -> list[tuple[int, int, int]]:
    """Take pieces off `places`, the first one first."""
    taken = []
    for place in sorted(places, key=lambda at: (at != first, at)):
        if part := min(wanted, places[place]):
            places[place] -= part
            wanted -= part
            taken.append((variant_id, place, part))
    return taken


def _insert(order_id: int, key: str, way: Way, tracking: str, parcel: _Parcel, *, with_id: int | None = None) -> int:
    """Store a parcel, a row per line: those that are not counted have no place."""
    shipment_id = int(
        db.value(
            "INSERT INTO shipment (order_id, key, carrier, service, title, tracking, shipped_at, location_id, taken,"
            " with_id, ask_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            order_id, key, way.carrier, way.service, way.title, tracking[:120], clock.now_us(), parcel.place,
            json.dumps(parcel.taken), with_id, first_asked(way.carrier, tracking),
        )
    )  # fmt: skip
    for place, units in ((parcel.place, parcel.units), (None, parcel.uncounted)):
        for line_id, quantity in units.items():
            _insert_part(shipment_id, line_id, place, quantity)
    return shipment_id


def _insert_part(shipment_id: int, line_id: int, location_id: int | None, quantity: int) -> None:
    db.execute(
        "INSERT INTO shipment_line (shipment_id, line_id, location_id, quantity) VALUES (?, ?, ?, ?)",
        shipment_id, line_id, location_id, quantity,
    )  # fmt: skip


def set_tracking(
    site: Site,
    order_id: int,
    shipment_id: int,
    tracking: str,
    *,
    carrier: str = "",
    service: str = "",
    title: str = "",
    actor: str,
) -> None:
    """Correct a parcel's number, and what it was sent with where that is said. Commits; raises NotFound."""
    way = sent_with(site, order_id, carrier, service, title) if carrier or title else None
    with db.transaction():
        lock_order(order_id, site.id)
        row = "SELECT tracking, carrier, service, title FROM shipment WHERE id = ? AND order_id = ?"
        before = db.one(row, shipment_id, order_id)
        if before is None:
            raise NotFound
        same = way is None or (way.carrier, way.service, way.title) == tuple(before[1:])
        if same and tracking[:120] == before[0]:
            return
        db.execute(
            "UPDATE shipment SET tracking = ?, ask_at = ?, scan = NULL, scanned_at = NULL, scan_place = NULL"
            " WHERE id = ?",
            tracking[:120], first_asked(before[1] if way is None else way.carrier, tracking), shipment_id,
        )  # fmt: skip
        if way is not None:
            db.execute(
                "UPDATE shipment SET carrier = ?, service = ?, title = ? WHERE id = ?",
                way.carrier, way.service, way.title, shipment_id,
            )  # fmt: skip
        note(order_id, actor, "tracking", shipment_id=shipment_id, before=before[0], after=tracking)


def deliver(
    site: Site,
    order_id: int,
    *,
    actor: str,
    lines: Mapping[int, int] | None = None,
    shipment_id: int | None = None,
    key: str = "",
) -> None:
    """Note that shipped units arrived: all of them, {line id: quantity}, or what is in a parcel. Commits.

    Raises NotFound, NotThatMany (nothing of it is on its way), DoneBefore.
    """
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        if shipment_id is not None:
            lines = _on_its_way(order_id, shipment_id)
            if lines and not any(lines.values()) and _are_parts(shipment_id):
                db.execute("UPDATE shipment SET delivered_at = ? WHERE id = ?", clock.now_us(), shipment_id)
                return
        units = pick(order_id, "on its way", lines)
        for one in units:
            db.execute("UPDATE order_line SET delivered = delivered + ? WHERE id = ?", one.quantity, one.line_id)
        if shipment_id is not None or lines is None:
            which, params = ("", []) if shipment_id is None else (" AND id = ?", [shipment_id])
            db.execute(
                "UPDATE shipment SET delivered_at = ? WHERE order_id = ? AND delivered_at IS NULL AND undone_at IS NULL"
                f"{which}",
                clock.now_us(), order_id, *params,
            )  # fmt: skip
        note(order_id, actor, "delivered", lines={str(one.line_id): one.quantity for one in units})


def _are_parts(shipment_id: int) -> bool:
    """Whether it holds parts of kits alone, which arrive with their kit."""
    return db.value("SELECT with_id FROM shipment WHERE id = ?", shipment_id) is not None


def _on_its_way(order_id: int, shipment_id: int) -> dict[int, int]:
    """What of a parcel has not arrived; nothing of one that has. Raises NotFound for one that is not the order's."""
    if not db.value(
        "SELECT 1 FROM shipment WHERE id = ? AND order_id = ? AND undone_at IS NULL", shipment_id, order_id
    ):
        raise NotFound
    found = db.rows(
        "SELECT l.id, MIN(l.shipped - l.delivered), SUM(p.quantity) FROM shipment s JOIN shipment_line p"
        " ON p.shipment_id = s.id JOIN order_line l ON l.id = p.line_id WHERE s.id = ? AND s.delivered_at IS NULL"
        " GROUP BY l.id",
        shipment_id,
    )
    return {line_id: min(int(left), int(sent)) for line_id, left, sent in found}


def request_return(site: Site, order_id: int, *, actor: str, lines: Mapping[int, int]) -> None:
    """Note that units are announced to come back. Raises Guarded. Commits."""
    ask_guards(site, order_id, ActKind.RETURN, actor=actor, lines=lines)
    with db.transaction():
        lock_order(order_id, site.id)
        units = pick(order_id, "not announced", lines)
        for one in units:
            db.execute(
                "UPDATE order_line SET return_requested = return_requested + ? WHERE id = ?", one.quantity, one.line_id
            )
        note(order_id, actor, "return_requested", lines={str(one.line_id): one.quantity for one in units})


def return_goods(
    site: Site,
    order_id: int,
    *,
    actor: str,
    lines: Mapping[int, int] | None = None,
    restock: bool = True,
    location_id: int | None = None,
) -> None:
    """Goods came back: received, and put on the shelf again (`restock`) or written off. Commits.

    They go to `location_id`, else to where they were sent from. What was paid for them is then due back. Raises
    NotFound, NotThatMany. Records OrderReturned.
    """
    with db.transaction():
        lock_order(order_id, site.id)
        units = pick(order_id, "not returned", lines)
        number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
        column = "restocked" if restock else "written_off"
        back: dict[int, dict[int, int]] = {}
        for one in units:
            db.execute(
                f"UPDATE order_line SET received = received + ?, {column} = {column} + ? WHERE id = ?",
                one.quantity,
                one.quantity,
                one.line_id,
            )
            place = location_id if location_id is not None else sent_from(one.line_id)
            if restock and place is not None:
                there = back.setdefault(place, {})
                for variant_id, pieces in one.taken.items():
                    there[variant_id] = there.get(variant_id, 0) + pieces
        for place, pieces_back in sorted(back.items()):
            stock.restock(pieces_back, place, stock_reference(order_id), actor, "return")
        came: dict[str, Any] = {str(one.line_id): one.quantity for one in units}
        note(order_id, actor, "returned", lines=came, restocked=restock)
        activity.record(
            actor,
            "return",
            f"order:{order_id}",
            after={"lines": came, "restocked": restock},
            site_id=site.id,
            title=number,
        )
        events.record(OrderReturned(order_id=order_id, number=number), site.id)
        settle(order_id)
        after_resolving(site.id, order_id)


def sent_from(line_id: int) -> int | None:
    """Where the line's latest units were taken from; None if they are not counted."""
    found: int | None = db.value(
        "SELECT l.location_id FROM shipment_line l JOIN shipment s ON s.id = l.shipment_id WHERE l.line_id = ?"
        " AND l.location_id IS NOT NULL AND l.quantity > 0 AND s.undone_at IS NULL ORDER BY l.id DESC LIMIT 1",
        line_id,
    )
    return found
