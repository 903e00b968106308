"""Shoppers cancel or edit by themselves until somebody begins to pick."""

from __future__ import annotations

import pytest

from core.checkout.services.changing import PreviewMoved
from core.checkout.services.own_changes import (
    NotYours,
    WindowClosed,
    can_be_changed_by_shopper,
    change_own,
    preview_own,
)
from core.orders.services.change_shapes import CancelUnits, RemoveLine, SetPrice
from core.orders.services.picked import start_picking
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop

ADA = "shopper:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@pytest.fixture
def order(shop: Shop) -> OrderView:
    return seen(shop.order((shop.sell("cup", 1000), 3)).id)


def test_a_shopper_cancels_a_part_and_then_the_rest(shop: Shop, order: OrderView) -> None:
    part = [CancelUnits(line_id=order.lines[0].id, quantity=1)]
    price = preview_own(shop.state, order.id, part).effect.price_after
    change_own(shop.state, order.id, part, key="a", actor=ADA, seen_price=price)
    assert seen(order.id).due.amount == price == 2490
    change_own(shop.state, order.id, [RemoveLine(line_id=order.lines[0].id)], key="b", actor=ADA, seen_price=0)
    assert seen(order.id).status.order == "cancelled"
    assert unbalanced() == []


@pytest.mark.parametrize("begun", ["picked", "shipped"])
def test_the_window_closes_when_picking_begins(shop: Shop, order: OrderView, begun: str) -> None:
    line = order.lines[0].id
    if begun == "picked":
        start_picking(shop.site, order.id, actor="staff:1", lines={line: 1})
    else:
        ship(shop.site, order.id, actor="staff:1", lines={line: 1})
    assert not can_be_changed_by_shopper(seen(order.id))
    with pytest.raises(WindowClosed):
        change_own(shop.state, order.id, [RemoveLine(line_id=line)], key="k", actor=ADA, seen_price=0)


def test_prices_are_not_the_shoppers_to_set(shop: Shop, order: OrderView) -> None:
    with pytest.raises(NotYours):
        preview_own(shop.state, order.id, [SetPrice(line_id=order.lines[0].id, amount=1, reason="")])


def test_a_shopper_confirms_only_what_was_shown(shop: Shop, order: OrderView) -> None:
    with pytest.raises(PreviewMoved):
        change_own(shop.state, order.id, [RemoveLine(line_id=order.lines[0].id)], key="k", actor=ADA, seen_price=5)
