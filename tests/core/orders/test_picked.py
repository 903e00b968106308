"""Picking begins for all or some of what waits, once, and is taken back while nothing has left."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.checkout.services.own_changes import can_be_changed_by_shopper
from core.kernel import db
from core.lib.errors import NotFound
from core.orders.services.cancel import cancel
from core.orders.services.goods import NotThatMany
from core.orders.services.hold_checks import OnHold
from core.orders.services.holds import hold_order
from core.orders.services.picked import HasLeft, start_picking, undo_picking
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop

STAFF = "staff:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@pytest.fixture
def order(shop: Shop) -> OrderView:
    return seen(shop.order((shop.sell("cup", 1000), 3), (shop.sell("pot", 2000), 1)).id)


def counts(order: OrderView) -> list[tuple[int, int, int]]:
    """(waiting, picked, shipped) of each line."""
    return [(line.allocated, line.picked, line.shipped) for line in seen(order.id).lines]


def test_some_are_picked_and_then_the_rest(shop: Shop, order: OrderView) -> None:
    assert start_picking(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1}) == 1
    assert counts(order) == [(3, 1, 0), (1, 0, 0)]
    assert start_picking(shop.site, order.id, actor=STAFF) == 3
    assert counts(order) == [(3, 3, 0), (1, 1, 0)]
    assert not seen(order.id).can_be_picked
    with pytest.raises(NotThatMany):
        start_picking(shop.site, order.id, actor=STAFF)
    told = [(entry.kind, entry.actor) for entry in seen(order.id).timeline if entry.kind == "picked"]
    assert told == [("picked", STAFF)] * 2


def test_it_is_taken_back_and_the_shopper_may_change_it_again(shop: Shop, order: OrderView) -> None:
    start_picking(shop.site, order.id, actor=STAFF)
    assert not can_be_changed_by_shopper(seen(order.id))
    undo_picking(shop.site, order.id, actor=STAFF)
    assert can_be_changed_by_shopper(seen(order.id))
    assert seen(order.id).timeline[-1].kind == "unpicked"
    with pytest.raises(NotThatMany):
        undo_picking(shop.site, order.id, actor=STAFF)


def test_what_has_left_was_picked(shop: Shop, order: OrderView) -> None:
    cup = order.lines[0].id
    ship(shop.site, order.id, actor=STAFF, lines={cup: 1})
    start_picking(shop.site, order.id, actor=STAFF, lines={cup: 2})
    assert counts(order) == [(2, 3, 1), (1, 0, 0)]
    with pytest.raises(HasLeft):
        undo_picking(shop.site, order.id, actor=STAFF)
    with pytest.raises(NotThatMany):
        start_picking(shop.site, order.id, actor=STAFF, lines={cup: 1})
    ship(shop.site, order.id, actor=STAFF)
    assert counts(order) == [(0, 3, 3), (0, 0, 1)]
    assert unbalanced() == []


def test_what_is_cancelled_is_not_picked_any_more(shop: Shop, order: OrderView) -> None:
    start_picking(shop.site, order.id, actor=STAFF)
    cancel(shop.site, order.id, actor=STAFF, reason="merchant", lines={order.lines[0].id: 2})
    assert counts(order) == [(1, 1, 0), (1, 1, 0)]


def test_nobody_picks_what_waits_for_a_decision_or_is_of_another_shop(shop: Shop, order: OrderView) -> None:
    other = replace(shop.site, id=shop.site.id + 1)
    for verb in (start_picking, undo_picking):
        with pytest.raises(NotFound):
            verb(other, order.id, actor=STAFF)
    hold_order(shop.site, order.id, reason="A strange name", actor=STAFF)
    with pytest.raises(OnHold):
        start_picking(shop.site, order.id, actor=STAFF)
    assert db.value("SELECT SUM(picked) FROM order_line WHERE order_id = ?", order.id) == 0
