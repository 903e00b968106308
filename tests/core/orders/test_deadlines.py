"""Goods never wait for money without an end: after a lapsed authorisation, a part payment, an unpaid difference."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.checkout.services.changing import change_order
from core.hookspecs.payment import FactKind
from core.kernel import db
from core.lib.clock import Frozen
from core.lib.money import Money
from core.orders.services import expire as expiring
from core.orders.services.case import receive_case, request_case
from core.orders.services.change_shapes import AddCharge, AddGoods, CancelUnits, SetQuantity
from core.orders.services.holds import approve_order
from core.orders.services.opening import fetch_payment
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import request_return, return_goods, ship
from core.testing.shop import clock
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakeGateway, FakePlugins, Shop

__all__ = ["clock"]

STAFF = "staff:1"
DAYS = 3  # What the gateway gives.


@pytest.fixture
def cup(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(expiring, "state_of", lambda _site_id: shop.state)
    return shop.sell("cup", 1000)


@pytest.fixture
def order(shop: Shop, cup: int, clock: Frozen) -> OrderView:
    """Three cups at 10.00, delivery 4.90: 34.90."""
    del clock
    return seen(shop.order((cup, 3)).id)


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def tell(shop: Shop, gateway: FakeGateway, order: OrderView, kind: FactKind, amount: int, reference: str = "") -> None:
    """Something happens at the gateway, and the shop hears of it."""
    token, newest = db.rows("SELECT token, id FROM payment WHERE order_id = ? ORDER BY id DESC LIMIT 1", order.id)[0]
    gateway.happen(token, kind, Money(amount, "EUR"), reference)
    fetch_payment(shop.state, newest)


def promised() -> int:
    return int(db.value("SELECT SUM(allocated) FROM stock_level"))


def held(order_id: int) -> list[str]:
    return [one.source for one in seen(order_id).holds if one.ended_at is None]


def add_cup(shop: Shop, order: OrderView, units: int = 1) -> None:
    line = seen(order.id).lines[0]
    change_order(
        shop.state, order.id, [SetQuantity(line_id=line.id, quantity=line.left + units)], key="more", actor=STAFF
    )


# -- authorisations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FactKind.VOIDED, FactKind.EXPIRED])
def test_a_promise_that_is_gone_begins_a_deadline(
    shop: Shop, gateway: FakeGateway, order: OrderView, clock: Frozen, kind: FactKind
) -> None:
    tell(shop, gateway, order, FactKind.AUTHORIZED, 3490)
    assert seen(order.id).expires_at is None
    gone = clock.move(days=7)
    tell(shop, gateway, order, kind, 3490)
    assert seen(order.id).expires_at == gone + timedelta(days=DAYS)
    clock.move(days=DAYS, seconds=-1)
    assert (expiring.expire_unpaid(), promised()) == (0, 3)
    clock.move(seconds=1)
    assert (expiring.expire_unpaid(), promised()) == (1, 0)
    assert (seen(order.id).status.order, unbalanced()) == ("cancelled", [])


def test_late_money_revives_an_order_whose_promise_was_gone(
    shop: Shop, gateway: FakeGateway, order: OrderView, clock: Frozen
) -> None:
    tell(shop, gateway, order, FactKind.AUTHORIZED, 3490)
    tell(shop, gateway, order, FactKind.VOIDED, 3490)
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    tell(shop, gateway, order, FactKind.CAPTURED, 3490)
    view = seen(order.id)
    assert (view.status.payment, promised(), view.expires_at, unbalanced()) == ("paid", 3, None, [])


# -- a part of the money -----------------------------------------------------------------------------------------------


def test_what_was_paid_in_part_goes_to_a_person(
    shop: Shop, gateway: FakeGateway, order: OrderView, clock: Frozen
) -> None:
    until: datetime | None = order.expires_at
    tell(shop, gateway, order, FactKind.CAPTURED, 1000)
    assert (seen(order.id).expires_at, held(order.id)) == (until, [])
    clock.move(days=DAYS)
    assert expiring.expire_unpaid() == 0
    view = seen(order.id)
    assert (view.status.order, view.status.payment, promised()) == ("open", "partly_paid", 3)
    assert (held(order.id), view.expires_at) == (["unpaid"], None)
    assert expiring.expire_unpaid() == 0
    assert held(order.id) == ["unpaid"]


def test_the_rest_ends_the_question(shop: Shop, gateway: FakeGateway, order: OrderView, clock: Frozen) -> None:
    tell(shop, gateway, order, FactKind.CAPTURED, 1000)
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    tell(shop, gateway, order, FactKind.CAPTURED, 2490, "rest")
    assert (held(order.id), seen(order.id).status.payment) == ([], "paid")
    ship(shop.site, order.id, actor=STAFF)


@pytest.mark.parametrize("by_case", [True, False])
def test_what_comes_back_may_be_the_rest(
    shop: Shop, gateway: FakeGateway, order: OrderView, clock: Frozen, *, by_case: bool
) -> None:
    """Two of three cups had left when the time was over. They come back, and the third one is paid for by then."""
    line = order.lines[0].id
    ship(shop.site, order.id, actor=STAFF, lines={line: 2})
    tell(shop, gateway, order, FactKind.CAPTURED, 1490)
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    assert held(order.id) == ["unpaid"]
    come_back(shop, order, line, 1, by_case=by_case)
    assert held(order.id) == ["unpaid"], "another cup is not paid for"
    come_back(shop, order, line, 1, by_case=by_case)
    assert (held(order.id), seen(order.id).due.amount) == ([], 0)
    ship(shop.site, order.id, actor=STAFF)


def test_what_comes_back_ends_the_deadline_of_what_waits(
    shop: Shop, gateway: FakeGateway, order: OrderView, clock: Frozen
) -> None:
    del clock
    line = order.lines[0].id
    ship(shop.site, order.id, actor=STAFF, lines={line: 2})
    tell(shop, gateway, order, FactKind.CAPTURED, 1490)
    assert seen(order.id).expires_at is not None
    come_back(shop, order, line, 2, by_case=True)
    assert seen(order.id).expires_at is None


def come_back(shop: Shop, order: OrderView, line: int, units: int, *, by_case: bool) -> None:
    if not by_case:
        return_goods(shop.site, order.id, actor=STAFF, lines={line: units})
        return
    key = f"back-{seen(order.id).version}"
    case_id = request_case(
        shop.site, order.id, kind="return", lines={line: units}, reason="wrong", key=key, actor=STAFF, by_rules=False
    )
    receive_case(shop.site, case_id, {line: units}, actor=STAFF)


def test_who_is_trusted_with_the_rest_is_not_asked_about_again(
    shop: Shop, gateway: FakeGateway, order: OrderView, clock: Frozen
) -> None:
    tell(shop, gateway, order, FactKind.CAPTURED, 1000)
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    approve_order(shop.site, order.id, actor=STAFF)
    clock.move(days=30)
    assert expiring.expire_unpaid() == 0
    assert (held(order.id), promised()) == ([], 3)


# -- differences -------------------------------------------------------------------------------------------------------


def test_what_was_added_and_never_paid_goes_back(shop: Shop, order: OrderView, clock: Frozen) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    clock.move(days=10)
    add_cup(shop, order, 2)
    assert seen(order.id).expires_at is not None
    clock.move(days=DAYS, seconds=-1)
    expiring.expire_unpaid()
    assert promised() == 5
    clock.move(seconds=1)
    assert expiring.expire_unpaid() == 0
    view = seen(order.id)
    assert (view.status.payment, view.due.amount, view.refund_due.amount, view.expires_at) == ("paid", 0, 0, None)
    assert ([line.left for line in view.lines], promised(), held(order.id)) == ([3, 0], 3, [])
    assert db.rows("SELECT actor, state FROM order_change ORDER BY id DESC LIMIT 1") == [("system", "confirmed")]
    assert unbalanced() == []


def test_a_difference_that_was_paid_in_time_stays(shop: Shop, order: OrderView, clock: Frozen) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    add_cup(shop, order)
    mark_paid(shop.state, order.id, actor=STAFF)
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    assert (promised(), seen(order.id).expires_at, held(order.id)) == (4, None, [])


def test_a_difference_that_is_under_way_gets_a_week_more(
    shop: Shop, gateway: FakeGateway, order: OrderView, clock: Frozen
) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    add_cup(shop, order)
    tell(shop, gateway, order, FactKind.PENDING, 1000)
    clock.move(days=DAYS + 6)
    expiring.expire_unpaid()
    assert promised() == 4
    clock.move(days=1)
    expiring.expire_unpaid()
    assert promised() == 3


@pytest.mark.parametrize(("paid", "left", "asked"), [(1000, 4, []), (1500, 5, ["unpaid"])])
def test_units_that_were_paid_for_stay(
    shop: Shop, order: OrderView, clock: Frozen, paid: int, left: int, asked: list[str]
) -> None:
    """Two more cups for 20.00: with 10.00 one of them is paid, with 15.00 neither can go without taking paid money."""
    mark_paid(shop.state, order.id, actor=STAFF)
    add_cup(shop, order, 2)
    mark_paid(shop.state, order.id, actor=STAFF, amount=Money(paid, "EUR"), reference="line")
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    assert (promised(), held(order.id), seen(order.id).refund_due.amount) == (left, asked, 0)


def test_a_fee_that_is_not_paid_takes_no_goods_away(shop: Shop, order: OrderView, clock: Frozen) -> None:
    """The cup that was added and paid before the fee costs less than the fee, and stays."""
    mark_paid(shop.state, order.id, actor=STAFF)
    add_cup(shop, order)
    mark_paid(shop.state, order.id, actor=STAFF)
    change_order(
        shop.state, order.id, [AddCharge(charge="fee", amount=2000, reason="Engraving")], key="fee", actor=STAFF
    )
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    assert (promised(), held(order.id)) == (4, ["unpaid"])


def test_what_was_exchanged_is_not_taken_back(shop: Shop, order: OrderView, clock: Frozen) -> None:
    """Two cups go, a pot of 25.00 comes: 5.00 are open, and the pot is mostly paid."""
    mark_paid(shop.state, order.id, actor=STAFF)
    pot = shop.sell("pot", 2500)
    swap = [CancelUnits(line_id=order.lines[0].id, quantity=2), AddGoods(variant_id=pot, quantity=1)]
    change_order(shop.state, order.id, swap, key="swap", actor=STAFF)
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    assert (promised(), held(order.id)) == (2, ["unpaid"])


def test_what_is_on_its_way_back_may_pay_for_it(shop: Shop, order: OrderView, clock: Frozen) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)
    request_return(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    pot = shop.sell("pot", 900)
    change_order(shop.state, order.id, [AddGoods(variant_id=pot, quantity=1)], key="x", actor=STAFF)
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    assert (promised(), held(order.id)) == (1, ["unpaid"])


def test_an_order_without_a_price_keeps_what_it_was(shop: Shop, plugins: FakePlugins, cup: int, clock: Frozen) -> None:
    plugins.carriers = []
    card = shop.sell("card", 0, stock=5, needs_delivery=False)
    placed = seen(shop.order((card, 1)).id)
    assert (placed.total.amount, placed.expires_at) == (0, None)
    change_order(shop.state, placed.id, [AddGoods(variant_id=cup, quantity=1)], key="x", actor=STAFF)
    clock.move(days=DAYS)
    expiring.expire_unpaid()
    assert ([line.left for line in seen(placed.id).lines], promised()) == ([1, 0], 1)


def test_an_agreement_without_an_end_has_none(shop: Shop, gateway: FakeGateway, cup: int, clock: Frozen) -> None:
    gateway.unpaid_days = 0
    order = seen(shop.order((cup, 3)).id)
    mark_paid(shop.state, order.id, actor=STAFF)
    add_cup(shop, order)
    clock.move(days=365)
    expiring.expire_unpaid()
    assert (promised(), seen(order.id).expires_at, held(order.id)) == (4, None, [])
