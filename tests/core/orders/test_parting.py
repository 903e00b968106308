"""An order is split into two, or merged with another: no cent and no piece is lost or made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import peewee
import pytest

from core.catalogue.services import stock
from core.checkout.services.changing import change_order
from core.hookspecs.checkout import PricedCart, Tax, Taxes
from core.hookspecs.payment import FactKind
from core.hookspecs.promote import AmountOff, Claim, Offer
from core.kernel import db
from core.lib.errors import Broken, NotFound
from core.lib.money import Money
from core.orders.services import carry_over, parting
from core.orders.services.change import ChangeStale, confirm_change, store_draft
from core.orders.services.change_shapes import AddCharge, SplitUnits
from core.orders.services.goods import NotThatMany
from core.orders.services.opening import begin_payment, fetch_payment
from core.orders.services.parting import CannotBeParted, merge_order, preview_merge, preview_split, split_order
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.refunds import refund_surplus
from core.orders.services.ship import ship
from core.orders.services.states import changed
from core.orders.services.store import next_number
from core.panel.home.services.sales import of_days
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakeGateway, FakePlugins, Shop

STAFF = "staff:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def numbered(number: str) -> OrderView:
    return seen(int(db.value("SELECT id FROM orders WHERE number = ?", number)))


def vat(priced: PricedCart) -> Taxes:
    """19 % within or on top, rounded up, so that little divides evenly."""
    return Taxes(
        taxes=tuple(
            Tax(key=line.key, name="VAT", rate=1900, amount=Money(-(-line.amount.amount * 19 // 119), priced.currency))
            for line in priced.lines
        )
    )


@pytest.fixture
def order(shop: Shop, plugins: FakePlugins) -> OrderView:
    """Seven cups at 3.33 and two pots at 25.00, 7.77 off, delivery 4.90, with taxes."""
    plugins.taxes = vat
    offer = Offer(
        key="off", title="Autumn", benefit=AmountOff(amount=Money(777, "EUR")), claims=(Claim(key="autumn", limit=9),)
    )
    plugins.offers = lambda _cart, _codes: [offer]
    return seen(shop.order((shop.sell("cup", 333), 7), (shop.sell("pot", 2500), 2)).id)


def sums(*orders: OrderView) -> dict[str, int]:
    """What orders come to together, as far as units are left."""
    kept = [
        (line.total.amount - line.total.amount * line.cancelled // line.quantity,
         line.tax.amount - line.tax.amount * line.cancelled // line.quantity)
        for one in orders for line in one.lines
    ]  # fmt: skip
    return {
        "price": sum(total for total, _tax in kept),
        "tax": sum(tax for _total, tax in kept),
        "due": sum(one.due.amount for one in orders),
        "captured": sum(one.captured.amount for one in orders),
        "refunded": sum(one.refunded.amount for one in orders),
        "owed": sum(one.refund_due.amount for one in orders),
        "pieces": sum(line.left for one in orders for line in one.lines),
        "promised": sum(line.allocated for one in orders for line in one.lines),
    }


def test_a_split_is_what_its_preview_said_and_loses_nothing(shop: Shop, order: OrderView) -> None:
    before, cup = sums(order), order.lines[0]
    found = preview_split(shop.site, order.id, {cup.id: 3})
    assert (found.target_due, found.money) == (found.value, 0)
    number = split_order(shop.site, order.id, {cup.id: 3}, key="one", actor=STAFF, seen=found.value)
    new, old = numbered(number), seen(order.id)
    assert sums(old, new) == before
    assert (new.due.amount, old.due.amount) == (found.value, found.effect.to_pay)
    assert [(line.name, line.quantity, line.unit.amount) for line in new.lines] == [("Cup", 3, 333)]
    assert [one.title for one in new.adjustments] == ["Autumn"]
    assert (new.email, new.address, new.delivery.amount) == (order.email, order.address, 0)
    assert unbalanced() == []
    assert split_order(shop.site, order.id, {cup.id: 3}, key="one", actor=STAFF) == number
    assert [entry.kind for entry in old.timeline][-1] == "split"


@pytest.mark.postgres
def test_a_split_holds_its_levels_before_the_counter_of_orders(
    shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As whoever places an order does: the other way round, each would wait for the other."""
    asked: list[str] = []

    def is_held(*arguments: Any) -> str:
        def look() -> None:
            try:
                with db.transaction():
                    db.rows("SELECT 1 FROM stock_level WHERE variant_id = ? FOR UPDATE NOWAIT", cup.variant_id)
            except peewee.OperationalError as error:
                asked.append(error.orig.sqlstate)
            db.reset_thread()

        elsewhere = threading.Thread(target=look)
        elsewhere.start()
        elsewhere.join(10)
        return next_number(*arguments)

    cup = order.lines[0]
    monkeypatch.setattr(carry_over, "next_number", is_held)
    split_order(shop.site, order.id, {cup.id: 3}, key="one", actor=STAFF)
    assert asked == ["55P03"]


def test_units_one_by_one_come_to_exactly_the_line(shop: Shop, order: OrderView) -> None:
    before, cup, others = sums(order), order.lines[0], list[OrderView]()
    for place in range(6):
        others.append(numbered(split_order(shop.site, order.id, {cup.id: 1}, key=f"k{place}", actor=STAFF)))
        assert sums(seen(order.id), *others) == before
    assert unbalanced() == []


def test_what_was_paid_goes_along_and_comes_back_the_way_it_came(
    shop: Shop, order: OrderView, gateway: FakeGateway
) -> None:
    begin_payment(shop.state, order.id)
    payment = seen(order.id).payments[0]
    token = db.value("SELECT token FROM payment WHERE id = ?", payment.id)
    gateway.happen(token, FactKind.CAPTURED, order.total)
    fetch_payment(shop.state, payment.id)
    before, pot = sums(seen(order.id)), order.lines[1]
    found = preview_split(shop.site, order.id, {pot.id: 1})
    assert (found.money, found.target_due, found.effect.to_refund) == (found.value, 0, 0)
    new = numbered(split_order(shop.site, order.id, {pot.id: 1}, key="one", actor=STAFF))
    old = seen(order.id)
    assert sums(old, new) == before
    assert (old.status.payment, new.status.payment) == ("paid", "paid")
    change_order(shop.state, new.id, [AddCharge(charge="goodwill", amount=500)], key="g", actor=STAFF)
    refund_surplus(shop.state, new.id, actor=STAFF, key="back")
    assert [fact.amount.amount for fact in gateway.server[token] if fact.kind == FactKind.REFUNDED] == [500]
    fetch_payment(shop.state, payment.id)
    assert (seen(new.id).refunded.amount, seen(order.id).refunded.amount) == (500, 0)
    # The refund comes back to the gateway, which knows of one payment: it is the new order's money again.
    gateway.happen(token, FactKind.REFUND_FAILED, Money(500, "EUR"))
    fetch_payment(shop.state, payment.id)
    assert (seen(new.id).refund_due.amount, seen(order.id).refund_due.amount) == (500, 0)
    assert unbalanced() == []


def test_a_refund_whose_answer_was_lost_belongs_to_the_order_that_asked(
    shop: Shop, order: OrderView, gateway: FakeGateway
) -> None:
    begin_payment(shop.state, order.id)
    payment = seen(order.id).payments[0]
    gateway.happen(db.value("SELECT token FROM payment WHERE id = ?", payment.id), FactKind.CAPTURED, order.total)
    fetch_payment(shop.state, payment.id)
    new = numbered(split_order(shop.site, order.id, {order.lines[1].id: 1}, key="one", actor=STAFF))
    change_order(shop.state, new.id, [AddCharge(charge="goodwill", amount=500)], key="g", actor=STAFF)

    def break_down(_act: str) -> None:
        raise TimeoutError

    gateway.after = break_down
    with pytest.raises(Broken):
        refund_surplus(shop.state, new.id, actor=STAFF, key="back")
    gateway.after = lambda _act: None
    fetch_payment(shop.state, payment.id)
    assert (seen(new.id).refunded.amount, seen(order.id).refunded.amount) == (500, 0)


def test_a_part_payment_stays_where_it_is_needed(shop: Shop, order: OrderView) -> None:
    mark_paid(shop.state, order.id, actor=STAFF, amount=Money(1000, "EUR"))
    before = sums(seen(order.id))
    new = numbered(split_order(shop.site, order.id, {order.lines[1].id: 1}, key="one", actor=STAFF))
    assert (new.captured.amount, seen(order.id).captured.amount) == (0, 1000)
    assert sums(seen(order.id), new) == before
    mark_paid(shop.state, new.id, actor=STAFF)
    mark_paid(shop.state, order.id, actor=STAFF)
    assert {seen(order.id).status.payment, seen(new.id).status.payment} == {"paid"}


def test_only_what_waits_unpicked_can_go_and_something_stays(shop: Shop, order: OrderView) -> None:
    cup, pot = order.lines
    ship(shop.site, order.id, actor=STAFF, lines={cup.id: 2})
    with db.transaction():
        db.execute("UPDATE order_line SET picked = 4 WHERE id = ?", cup.id)
    for units in ({cup.id: 4}, {cup.id: -1}, {}):
        with pytest.raises(NotThatMany):
            preview_split(shop.site, order.id, units)
    assert preview_split(shop.site, order.id, {cup.id: 3}).value
    fresh = seen(shop.order((pot.variant_id, 1)).id)
    with pytest.raises(CannotBeParted):
        preview_split(shop.site, fresh.id, {fresh.lines[0].id: 1})
    with pytest.raises(NotFound):
        preview_split(shop.site, order.id, {fresh.lines[0].id: 1})


def test_authorised_money_is_captured_first(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    begin_payment(shop.state, order.id)
    payment = seen(order.id).payments[0]
    gateway.happen(db.value("SELECT token FROM payment WHERE id = ?", payment.id), FactKind.AUTHORIZED, order.total)
    fetch_payment(shop.state, payment.id)
    with pytest.raises(CannotBeParted):
        preview_split(shop.site, order.id, {order.lines[0].id: 1})


def test_two_orders_of_one_shopper_become_one(shop: Shop, order: OrderView) -> None:
    other = seen(shop.order((order.lines[0].variant_id, 1)).id)
    mark_paid(shop.state, order.id, actor=STAFF)
    mark_paid(shop.state, other.id, actor=STAFF)
    before = sums(seen(order.id), seen(other.id))
    sold = of_days(shop.site, 7).total.amount
    assert sold == order.total.amount + other.total.amount
    assert (order.id, order.number) in parting.merge_candidates(shop.site, other)
    found = preview_merge(shop.site, other.id, order.id)
    merge_order(shop.site, other.id, order.id, key="m", actor=STAFF, seen=found.value)
    whole, gone = seen(order.id), seen(other.id)
    after = sums(whole, gone)
    assert (gone.status.order, gone.captured.amount, gone.refund_due.amount) == ("cancelled", 0, 0)
    # The second delivery is not needed any more: it is owed back, and nothing else has changed.
    assert after == {**before, "owed": other.delivery_total.amount}
    assert len(whole.lines) == 3
    assert db.value("SELECT used FROM claim") == 2
    assert unbalanced() == []
    # The sales figures count the merged goods once, and no longer the delivery that fell away.
    assert of_days(shop.site, 7).total.amount == sold - other.delivery_total.amount


def test_orders_that_differ_are_not_merged(shop: Shop, order: OrderView) -> None:
    cup = order.lines[0].variant_id
    other = seen(shop.order((cup, 1)).id)
    with db.transaction():
        db.execute("UPDATE orders SET email = 'bob@example.com' WHERE id = ?", other.id)
        changed(other.id)
    with pytest.raises(CannotBeParted):
        preview_merge(shop.site, other.id, order.id)
    third = seen(shop.order((cup, 1)).id)
    ship(shop.site, third.id, actor=STAFF)
    with pytest.raises(CannotBeParted):
        preview_merge(shop.site, third.id, order.id)
    with pytest.raises(CannotBeParted):
        preview_merge(shop.site, order.id, order.id)


def test_whoever_acts_on_either_order_first_wins(shop: Shop, order: OrderView) -> None:
    other = seen(shop.order((order.lines[0].variant_id, 1)).id)
    found = preview_merge(shop.site, other.id, order.id)
    draft = store_draft(other, [], found.plan, found.effect, actor=STAFF, reason="", key="m")
    ship(shop.site, order.id, actor=STAFF, lines={order.lines[1].id: 1})
    with pytest.raises(ChangeStale):
        confirm_change(shop.site, draft, actor=STAFF)
    assert len(seen(order.id).lines) == 2
    split = preview_split(shop.site, order.id, {order.lines[0].id: 1})
    action = SplitUnits(lines={order.lines[0].id: 1})
    draft = store_draft(split.order, [action], split.plan, split.effect, actor=STAFF, reason="", key="s")
    ship(shop.site, order.id, actor=STAFF)
    with pytest.raises(ChangeStale):
        confirm_change(shop.site, draft, actor=STAFF)
    assert unbalanced() == []


def _loses_the_stock(*_: object) -> list[object]:
    """Planted: what was promised stays promised to the old order."""
    return []


def _keeps_the_money(*_: object, **__: object) -> int:
    """Planted: what was paid stays where it was, and is owed back there."""
    return 0


@pytest.mark.parametrize(
    ("where", "name", "planted"),
    [
        (stock, "hand_over", _loses_the_stock),
        (carry_over, "money_to_move", _keeps_the_money),
    ],
)
def test_the_sums_find_planted_mistakes(
    shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, planted: Callable[..., Any]
) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    before = sums(seen(order.id))
    monkeypatch.setattr(where, name, planted)
    others = [
        numbered(split_order(shop.site, order.id, {order.lines[0].id: 1}, key=f"k{place}", actor=STAFF))
        for place in range(2)
    ]
    assert unbalanced() or sums(seen(order.id), *others) != before
