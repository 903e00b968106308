"""A parcel leaves one place, and one that was noted by mistake has never left."""

from __future__ import annotations

import json

import pytest

from core.catalogue.services import add_location, receive_stock, stock_proof
from core.catalogue.services.stock import NotPromisedThere, allocated_to, stock_of
from core.catalogue.services.stock_counts import first_location, set_backorder_limit
from core.catalogue.services.stock_kits import kits_of, set_kit
from core.checkout.services.changing import change_order
from core.kernel import db
from core.lib.errors import NotFound
from core.orders.services.by_location import packed_by_location, units_by_location
from core.orders.services.cancel import cancel
from core.orders.services.change_shapes import SetQuantity
from core.orders.services.goods import NotThatMany
from core.orders.services.picking import to_pick
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import deliver, request_return, return_goods, ship
from core.orders.services.unship import HasArrived, unship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop

STAFF = "staff:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@pytest.fixture
def north(shop: Shop) -> int:
    return add_location("north", "North", 9, "GB", STAFF)


@pytest.fixture
def cup(shop: Shop, north: int) -> int:
    """One at the first place, one in the north."""
    cup = shop.sell("cup", 1000, stock=1)
    receive_stock({cup: 1}, north, "delivery:1", STAFF)
    return cup


@pytest.fixture
def order(shop: Shop, cup: int) -> OrderView:
    """Two cups that come from two places."""
    return seen(shop.order((cup, 2)).id)


def on_hand(variant_id: int) -> dict[int, int]:
    return {level[0]: level[1] for level in stock_of([variant_id])[variant_id]}


def parcels(order: OrderView) -> list[tuple[str, dict[int, int]]]:
    return [(one.sent_from, dict(one.lines)) for one in seen(order.id).shipments]


def test_what_comes_from_two_places_is_two_parcels(shop: Shop, order: OrderView, north: int) -> None:
    line = order.lines[0].id
    assert [(one.name, dict(one.units), dict(one.here)) for one in units_by_location(order.id)] == [
        ("Main", {line: 1}, {line: 1}),
        ("North", {line: 1}, {line: 1}),
    ]
    first = ship(shop.site, order.id, actor=STAFF, tracking="RM1", key="form")
    assert parcels(order) == [("Main", {line: 1}), ("North", {line: 1})]
    assert [one.tracking for one in seen(order.id).shipments] == ["RM1", ""]
    assert ship(shop.site, order.id, actor=STAFF, key="form") == first
    assert db.value("SELECT COUNT(*) FROM outbox WHERE type = 'order.shipped'") == 2
    assert (stock_proof(), unbalanced()) == ([], [])


def test_the_other_house_sends_its_own_piece(shop: Shop, order: OrderView, cup: int, north: int) -> None:
    line = order.lines[0].id
    ship(shop.site, order.id, actor=STAFF, location=north)
    assert (on_hand(cup), parcels(order)) == ({first_location(): 1, north: 0}, [("North", {line: 1})])
    with pytest.raises(NotThatMany):
        ship(shop.site, order.id, actor=STAFF, location=north)
    with pytest.raises(NotPromisedThere):
        ship(shop.site, order.id, actor=STAFF, lines={line: 1}, location=north)
    ship(shop.site, order.id, actor=STAFF, lines={line: 1}, location=first_location())
    assert on_hand(cup) == {first_location(): 0, north: 0}
    return_goods(shop.site, order.id, actor=STAFF, lines={line: 1})
    assert (stock_proof(), unbalanced()) == ([], [])


def test_what_is_not_counted_goes_along_with_the_first(shop: Shop, cup: int, north: int) -> None:
    order = seen(shop.order((cup, 2), (shop.sell("card", 100, stock=None), 3)).id)
    cups, cards = order.lines
    ship(shop.site, order.id, actor=STAFF)
    assert parcels(order) == [("Main", {cups.id: 1, cards.id: 3}), ("North", {cups.id: 1})]


def test_two_lines_of_one_thing_are_told_apart_by_place(shop: Shop, cup: int, north: int) -> None:
    """Units are given to the lines once, in the places' order: what is added later is a line of its own."""
    order = seen(shop.order((cup, 1)).id)
    change_order(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=2)], actor=STAFF, key="more")
    one, two = (line.id for line in seen(order.id).lines)
    assert [dict(place.units) for place in units_by_location(order.id)] == [{one: 1}, {two: 1}]


def test_a_parcel_noted_by_mistake_is_taken_back(shop: Shop, order: OrderView, cup: int, north: int) -> None:
    line = order.lines[0].id
    parcel = ship(shop.site, order.id, actor=STAFF, location=north)
    assert unship(shop.site, order.id, parcel, actor=STAFF, why="Wrong order")
    assert not unship(shop.site, order.id, parcel, actor=STAFF)
    after = seen(order.id)
    assert (after.status.fulfilment, after.shipments, [dict(one.lines) for one in after.taken_back]) == (
        "unfulfilled", (), [{line: 1}],
    )  # fmt: skip
    assert on_hand(cup) == {first_location(): 1, north: 1}
    assert {part.location_id: part.quantity for part in allocated_to(f"order:{order.id}")} == {
        first_location(): 1, north: 1,
    }  # fmt: skip
    assert [one.data["why"] for one in after.timeline if one.kind == "unshipped"] == ["Wrong order"]
    assert db.value("SELECT COUNT(*) FROM outbox WHERE type = 'order.unshipped'") == 1
    assert (stock_proof(), unbalanced()) == ([], [])
    cancel(shop.site, order.id, actor=STAFF)
    assert (stock_proof(), unbalanced()) == ([], [])


def test_what_has_arrived_or_comes_back_did_leave(shop: Shop, order: OrderView, north: int) -> None:
    line = order.lines[0].id
    first = ship(shop.site, order.id, actor=STAFF, location=north)
    second = ship(shop.site, order.id, actor=STAFF)
    deliver(shop.site, order.id, actor=STAFF, shipment_id=second)
    with pytest.raises(HasArrived):
        unship(shop.site, order.id, second, actor=STAFF)
    request_return(shop.site, order.id, actor=STAFF, lines={line: 2})
    with pytest.raises(HasArrived):
        unship(shop.site, order.id, first, actor=STAFF)


def test_a_parcel_of_another_order_is_not_found(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 500)
    parcel = ship(shop.site, shop.order((pot, 1)).id, actor=STAFF)
    for act in (
        lambda: unship(shop.site, order.id, parcel, actor=STAFF),
        lambda: deliver(shop.site, order.id, actor=STAFF, shipment_id=parcel),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_parcel_arrives_while_others_wait(shop: Shop, order: OrderView, north: int) -> None:
    parcel = ship(shop.site, order.id, actor=STAFF, location=north)
    deliver(shop.site, order.id, actor=STAFF, shipment_id=parcel)
    after = seen(order.id)
    assert (after.lines[0].delivered, after.status.fulfilment) == (1, "partly_shipped")
    assert after.shipments[0].delivered_at is not None
    with pytest.raises(NotThatMany):
        deliver(shop.site, order.id, actor=STAFF, shipment_id=parcel)


# -- kits whose parts lie apart ----------------------------------------------------------------------------------------


@pytest.fixture
def tray(shop: Shop, north: int) -> int:
    """A tray of a leaf, which is at the first place, and a stand, which is in the north."""
    leaf, stand, tray = shop.sell("leaf", 300, stock=2), shop.sell("stand", 900, stock=0), shop.sell("tray", 2000)
    receive_stock({stand: 2}, north, "delivery:2", STAFF)
    set_kit(tray, {leaf: 1, stand: 1}, STAFF)
    return tray


def taken(order: OrderView) -> list[tuple[int, list[list[int]]]]:
    rows = db.rows("SELECT location_id, taken FROM shipment WHERE order_id = ? ORDER BY id", order.id)
    return [(at, json.loads(pieces)) for at, pieces in rows]


def test_each_part_of_a_kit_leaves_from_where_it_lies(shop: Shop, tray: int, north: int) -> None:
    order = seen(shop.order((tray, 1)).id)
    first = ship(shop.site, order.id, actor=STAFF, tracking="T1")
    for place, pieces in taken(order):
        assert {at for _variant, at, _n in pieces} == {place}, "no parcel holds what lies elsewhere"
    assert [place for place, _pieces in taken(order)] == [first_location(), north]
    line = order.lines[0].id
    assert [(one.id == first, dict(one.lines), one.sent_from) for one in seen(order.id).shipments] == [
        (True, {line: 1}, "Main"), (False, {line: 0}, "North"),
    ]  # fmt: skip
    assert (seen(order.id).lines[0].shipped, stock_proof(), unbalanced()) == (1, [], [])
    parts = seen(order.id).shipments[1].id
    deliver(shop.site, order.id, actor=STAFF, shipment_id=parts)
    assert seen(order.id).lines[0].delivered == 0, "a kit has arrived with its first parcel"
    deliver(shop.site, order.id, actor=STAFF, shipment_id=first)
    assert seen(order.id).lines[0].delivered == 1


@pytest.mark.parametrize("which", [0, 1])
def test_whichever_parcel_of_a_kit_did_not_leave_all_of_it_waits_again(
    shop: Shop, tray: int, north: int, which: int
) -> None:
    order = seen(shop.order((tray, 2)).id)
    ship(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    assert unship(shop.site, order.id, seen(order.id).shipments[which].id, actor=STAFF)
    assert (seen(order.id).lines[0].allocated, seen(order.id).shipments) == (2, ())
    assert (stock_proof(), unbalanced()) == ([], [])
    ship(shop.site, order.id, actor=STAFF)
    assert (seen(order.id).lines[0].shipped, stock_proof()) == (2, [])


def test_a_kit_that_comes_back_is_put_where_its_first_part_was(shop: Shop, tray: int) -> None:
    order = seen(shop.order((tray, 1)).id)
    ship(shop.site, order.id, actor=STAFF)
    return_goods(shop.site, order.id, actor=STAFF)
    assert (seen(order.id).lines[0].restocked, stock_proof(), unbalanced()) == (1, [], [])


def packed(order: OrderView) -> dict[str, tuple[dict[int, int], dict[int, int]]]:
    """{place: (units as a whole, pieces of parts)}."""
    return {
        one.name: (dict(one.units), {part.variant_id: part.pieces for part in one.parts})
        for one in packed_by_location([order.id]).get(order.id, [])
    }


def test_each_place_packs_its_own_parts_of_a_kit(shop: Shop, tray: int, cup: int) -> None:
    order = seen(shop.order((tray, 2), (cup, 2)).id)
    leaf, stand = (part.variant_id for part in order.lines[0].parts)
    cups = order.lines[1].id
    assert packed(order) == {"Main": ({cups: 1}, {leaf: 2}), "North": ({cups: 1}, {stand: 2})}
    assert [(one.sku, one.place, one.pieces, one.kits) for one in to_pick(shop.site, [order])] == [
        ("cup", "Main", 1, ()), ("leaf", "Main", 2, ("Tray",)),
        ("cup", "North", 1, ()), ("stand", "North", 2, ("Tray",)),
    ]  # fmt: skip
    ship(shop.site, order.id, actor=STAFF)
    pieces = {(place, variant): n for place, found in taken(order) for variant, _at, n in found if variant != cup}
    assert list(pieces.values()) == [2, 2], "the papers name what the parcels then hold"
    assert packed(seen(order.id)) == {}


def test_a_kit_of_which_a_part_is_missing_is_packed_nowhere(shop: Shop, tray: int, north: int) -> None:
    leaf, stand = kits_of([tray])[tray]
    receive_stock({leaf: 1}, first_location(), "delivery:3", STAFF)
    set_backorder_limit(stand, north, 5, STAFF)
    order = seen(shop.order((tray, 3)).id)
    assert packed(order) == {"Main": ({}, {leaf: 2}), "North": ({}, {stand: 2})}


def test_what_a_kit_holds_uncounted_goes_along_with_its_first_part(shop: Shop, tray: int) -> None:
    card = shop.sell("card", 100, stock=None)
    leaf, stand = kits_of([tray])[tray]
    set_kit(tray, {leaf: 1, stand: 1, card: 3}, STAFF)
    order = seen(shop.order((tray, 1)).id)
    assert packed(order) == {"Main": ({}, {leaf: 1, card: 3}), "North": ({}, {stand: 1})}


def test_what_is_counted_nowhere_is_packed_at_no_place(shop: Shop) -> None:
    order = seen(shop.order((shop.sell("card", 100, stock=None), 3)).id)
    assert packed(order) == {"": ({order.lines[0].id: 3}, {})}
