"""Parcels leave, arrive, and sometimes come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalogue.services import stock
from core.hookspecs.events import OrderReturned, OrderShipped
from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.kernel.repeats import claim
from core.lib import clock, ids
from core.lib.errors import Broken, NotFound
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
) -> int:
    """Send units {line id: quantity}, or all that wait, in one parcel; answers the shipment's id. Commits.

    A parcel goes to one place: with `place`, all that waits to go there is meant. `carrier` and `service` are codes of
    `ways`; any other word is the name of a carrier, as `title` is. `key` (of the form that was sent) makes a repeated
    click the same parcel. Takes the pieces off the shelf; raises NotFound, Guarded, OnHold, NotThatMany, OutOfStock (a
    backorder that is not there yet). Records OrderShipped.
    """
    key = f"{order_id}:{key or ids.uid()}"
    if lines is None and place is not None:
        lines = _waiting(site, order_id, place)
    ask_guards(site, order_id, ActKind.SHIP, actor=actor, lines=lines, done=lambda: _sent(key))
    way = sent_with(site, order_id, carrier, service, title)
    with db.transaction():
        lock_order(order_id, site.id)
        if (sent := _sent(key)) is not None:
            return sent
        check_not_held(order_id)
        units = pick(order_id, "promised", lines)
        if len({one.place for one in units}) > 1:
            raise NotThatMany("A parcel goes to one address. Choose what goes to the same one.")
        moved = stock.ship(needs(units), stock_reference(order_id), actor)
        shipment_id = _insert(order_id, key, way, tracking)
        pieces = _by_place(moved)
        for one in units:
            _ship_line(shipment_id, one, pieces)
        number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
        sent_lines = {str(one.line_id): one.quantity for one in units}
        note(
            order_id, actor, "shipped", shipment_id=shipment_id, lines=sent_lines, carrier=way.title, tracking=tracking
        )
        activity.record(
            actor,
            "ship",
            f"order:{order_id}",
            after={"lines": sent_lines, "tracking": tracking},
            site_id=site.id,
            title=number,
        )
        events.record(OrderShipped(order_id=order_id, number=number, shipment_id=shipment_id), site.id)
    return shipment_id


def _waiting(site: Site, order_id: int, place: int) -> dict[int, int]:
    return dict(
        db.rows(
            "SELECT l.id, l.allocated FROM order_line l JOIN orders o ON o.id = l.order_id WHERE o.id = ?"
            " AND o.site_id = ? AND l.place = ? AND l.allocated > 0",
            order_id, site.id, place,
        )
    )  # fmt: skip


def _sent(key: str) -> int | None:
    found: int | None = db.value("SELECT id FROM shipment WHERE key = ?", key)
    return found


def _insert(order_id: int, key: str, way: Way, tracking: str) -> int:
    return int(
        db.value(
            "INSERT INTO shipment (order_id, key, carrier, service, title, tracking, shipped_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            order_id, key, way.carrier, way.service, way.title, tracking[:120], clock.now_us(),
        )
    )  # fmt: skip


_Pieces = dict[int, dict[int, int]]


def _by_place(moved: list[stock.Allocation]) -> _Pieces:
    """The pieces that left, per variant and location; several lines may take of the same."""
    pieces: _Pieces = {}
    for part in moved:
        places = pieces.setdefault(part.variant_id, {})
        places[part.location_id] = places.get(part.location_id, 0) + part.quantity
    return pieces


def _ship_line(shipment_id: int, units: Units, pieces: _Pieces) -> None:
    """One line of the parcel, a row per location, taken off `pieces`; those that are not counted have none.

    A kit is noted where the first of its parts that is counted came from.
    """
    changed = db.execute(
        "UPDATE order_line SET allocated = allocated - ?, shipped = shipped + ? WHERE id = ? AND allocated >= ?",
        units.quantity, units.quantity, units.line_id, units.quantity,
    )  # fmt: skip
    if not changed:
        raise Broken("The units of a locked order changed.", permanent=True)
    left = units.quantity
    counted = next((variant_id for variant_id in sorted(units.pieces) if pieces.get(variant_id)), units.variant_id)
    places, in_each = pieces.get(counted, {}), units.pieces.get(counted, 1)
    for location_id, there in list(places.items()):
        part = min(left, -(-there // in_each))
        if part:
            _insert_part(shipment_id, units.line_id, location_id, part)
            places[location_id] -= min(there, part * in_each)
            left -= part
    if left:
        _insert_part(shipment_id, units.line_id, None, left)


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
        db.execute("UPDATE shipment SET tracking = ? WHERE id = ?", tracking[:120], shipment_id)
        if way is not None:
            db.execute(
                "UPDATE shipment SET carrier = ?, service = ?, title = ? WHERE id = ?",
                way.carrier, way.service, way.title, shipment_id,
            )  # fmt: skip
        note(order_id, actor, "tracking", shipment_id=shipment_id, before=before[0], after=tracking)


def deliver(site: Site, order_id: int, *, actor: str, lines: Mapping[int, int] | None = None, key: str = "") -> None:
    """Note that shipped units arrived: all of them, or {line id: quantity}. Raises DoneBefore. Commits."""
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        units = pick(order_id, "on its way", lines)
        for one in units:
            db.execute("UPDATE order_line SET delivered = delivered + ? WHERE id = ?", one.quantity, one.line_id)
        note(order_id, actor, "delivered", lines={str(one.line_id): one.quantity for one in units})


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
        "SELECT location_id FROM shipment_line WHERE line_id = ? AND location_id IS NOT NULL ORDER BY id DESC LIMIT 1",
        line_id,
    )
    return found
