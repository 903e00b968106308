"""Goods leave, come back, or never go: every piece is counted, and stock says the same."""

from __future__ import annotations

import pytest

from core.catalogue.services import stock
from core.kernel import db
from core.lib.errors import NotFound
from core.orders.services.cancel import cancel
from core.orders.services.goods import NotThatMany
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, find_order, find_own_order, order_view
from core.orders.services.ship import deliver, request_return, return_goods, set_tracking, ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop


@pytest.fixture
def order(shop: Shop) -> OrderView:
    return seen(shop.order((shop.sell("cup", 1000), 3), (shop.sell("pot", 500, stock=None), 1)).id)


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def on_hand(variant_id: int) -> tuple[int, int]:
    """(on hand, promised) of a variant."""
    level = stock.stock_of([variant_id])[variant_id][0]
    return level[1], level[2]


def events() -> list[str]:
    return [row[0] for row in db.rows("SELECT type FROM outbox WHERE type LIKE 'order%' ORDER BY id")]


def test_a_parcel_takes_its_pieces_off_the_shelf(shop: Shop, order: OrderView) -> None:
    cup, pot = order.lines
    ship(shop.site, order.id, actor="staff:1", lines={cup.id: 2}, carrier="post", tracking="RM1")
    assert on_hand(cup.variant_id) == (8, 1)
    assert seen(order.id).status.fulfilment == "partly_shipped"
    ship(shop.site, order.id, actor="staff:1")
    view = seen(order.id)
    assert (view.status.fulfilment, [dict(one.lines) for one in view.shipments]) == (
        "shipped",
        [{cup.id: 2}, {cup.id: 1, pot.id: 1}],
    )
    assert events() == ["order.placed", "order.shipped", "order.shipped"]
    assert unbalanced() == []


def test_a_repeated_click_is_one_parcel(shop: Shop, order: OrderView) -> None:
    sent = {ship(shop.site, order.id, actor="staff:1", lines={order.lines[0].id: 1}, key="form-1") for _ in range(3)}
    assert len(sent) == 1
    assert seen(order.id).lines[0].shipped == 1


def test_more_than_waits_cannot_be_sent(shop: Shop, order: OrderView) -> None:
    with pytest.raises(NotThatMany):
        ship(shop.site, order.id, actor="staff:1", lines={order.lines[0].id: 4})
    ship(shop.site, order.id, actor="staff:1")
    with pytest.raises(NotThatMany):
        ship(shop.site, order.id, actor="staff:1")
    assert unbalanced() == []


def test_a_line_of_another_order_is_not_found(shop: Shop, order: OrderView) -> None:
    other = seen(shop.order((order.lines[0].variant_id, 1)).id)
    with pytest.raises(NotFound):
        ship(shop.site, order.id, actor="staff:1", lines={other.lines[0].id: 1})


def test_an_order_of_another_site_is_not_found(shop: Shop, order: OrderView) -> None:
    from msgspec.structs import replace

    elsewhere = replace(shop.site, id=999)
    for act in (ship, cancel, deliver, return_goods):
        with pytest.raises(NotFound):
            act(elsewhere, order.id, actor="staff:1")
    assert order_view(order.id, site=elsewhere) is None


def test_the_tracking_number_can_be_corrected(shop: Shop, order: OrderView) -> None:
    parcel = ship(shop.site, order.id, actor="staff:1", tracking="RM1")
    set_tracking(shop.site, order.id, parcel, "RM2", actor="staff:1")
    assert seen(order.id).shipments[0].tracking == "RM2"


def test_cancelling_a_part_gives_its_pieces_back(shop: Shop, order: OrderView) -> None:
    cup = order.lines[0]
    cancel(shop.site, order.id, actor="staff:1", lines={cup.id: 2})
    assert on_hand(cup.variant_id) == (10, 1)
    view = seen(order.id)
    assert (view.status.order, view.due.amount) == ("open", 3990 - 2000)
    cancel(shop.site, order.id, actor="staff:1")
    assert seen(order.id).status.order == "cancelled"
    assert events() == ["order.placed", "order.cancelled"]
    assert unbalanced() == []


def test_cancelling_what_was_paid_is_due_back(shop: Shop, order: OrderView) -> None:
    mark_paid(shop.state, order.id, actor="staff:1")
    cancel(shop.site, order.id, actor="staff:1", lines={order.lines[0].id: 1})
    view = seen(order.id)
    assert (view.status.payment, view.refund_due.amount) == ("overpaid", 1000)


def test_what_has_left_cannot_be_cancelled(shop: Shop, order: OrderView) -> None:
    ship(shop.site, order.id, actor="staff:1")
    with pytest.raises(NotThatMany):
        cancel(shop.site, order.id, actor="staff:1")


def test_returned_goods_go_back_on_the_shelf_or_not(shop: Shop, order: OrderView) -> None:
    cup = order.lines[0]
    mark_paid(shop.state, order.id, actor="staff:1")
    ship(shop.site, order.id, actor="staff:1")
    deliver(shop.site, order.id, actor="staff:1")
    request_return(shop.site, order.id, actor="shopper:1", lines={cup.id: 2})
    assert seen(order.id).status.returned == "requested"
    return_goods(shop.site, order.id, actor="staff:1", lines={cup.id: 1})
    return_goods(shop.site, order.id, actor="staff:1", lines={cup.id: 1}, restock=False)
    view = seen(order.id)
    assert (view.status.returned, view.refund_due.amount) == ("partly_returned", 2000)
    assert (view.lines[0].restocked, view.lines[0].written_off, on_hand(cup.variant_id)) == (1, 1, (8, 0))
    with pytest.raises(NotThatMany):
        return_goods(shop.site, order.id, actor="staff:1", lines={cup.id: 2})
    assert unbalanced() == []


def test_the_whole_life_is_in_the_timeline(shop: Shop, order: OrderView) -> None:
    mark_paid(shop.state, order.id, actor="staff:1")
    ship(shop.site, order.id, actor="staff:1")
    return_goods(shop.site, order.id, actor="staff:1")
    kinds = [entry.kind for entry in seen(order.id).timeline]
    assert kinds == ["placed", "marked_paid", "payment", "paid", "shipped", "returned"]


def test_every_entry_of_the_timeline_says_who_and_when(shop: Shop, order: OrderView) -> None:
    mark_paid(shop.state, order.id, actor="staff:1")
    ship(shop.site, order.id, actor="staff:2", lines={order.lines[0].id: 1})
    cancel(shop.site, order.id, actor="shopper:7", lines={order.lines[0].id: 1}, reason="Too many")
    told = seen(order.id).timeline
    assert {one.kind: one.actor for one in told if one.kind in {"marked_paid", "shipped", "cancelled"}} == {
        "marked_paid": "staff:1", "shipped": "staff:2", "cancelled": "shopper:7",
    }  # fmt: skip
    assert all(one.actor for one in told)
    assert [one.at for one in told] == sorted(one.at for one in told)
    assert told[0].at >= order.placed_at
    gone = next(one for one in told if one.kind == "cancelled")
    assert (gone.data["lines"], gone.data["reason"]) == ({str(order.lines[0].id): 1}, "Too many")


def test_a_guest_finds_an_order_by_number_and_address_only(shop: Shop, order: OrderView) -> None:
    assert find_order(shop.site, f" #{order.number} ", "ADA@example.com ") is not None
    assert find_order(shop.site, order.number, "eve@example.com") is None
    assert find_order(shop.site, order.number, "") is None
    assert find_order(shop.site, "99999", "ada@example.com") is None


def test_a_shopper_finds_only_own_orders(shop: Shop, order: OrderView) -> None:
    with db.transaction():
        db.execute("UPDATE orders SET shopper_id = 5 WHERE id = ?", order.id)
    assert find_own_order(shop.site, 5, order.number) is not None
    assert find_own_order(shop.site, 6, order.number) is None
