"""An order is changed after it was placed: looked at first, then confirmed once or dropped."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from core.catalogue.services import set_prices, stock
from core.catalogue.services.drafts import PriceDraft
from core.catalogue.services.stock import OutOfStock
from core.checkout.services.changing import (
    NotForSaleNow,
    PreviewMoved,
    change_order,
    draft_change,
    preview_change,
)
from core.hookspecs.checkout import PricedCart, Tax, Taxes
from core.hookspecs.payment import FactKind
from core.hookspecs.promote import Claim, Offer, PercentOff
from core.kernel import db, i18n
from core.lib.errors import NotFound
from core.lib.money import Money
from core.orders.services.change import ChangeDropped, ChangeStale, change_view, confirm_change, drop_change
from core.orders.services.change_shapes import (
    BETTER,
    KEEP,
    REEVALUATE,
    AddCharge,
    AddGoods,
    CancelUnits,
    RemoveLine,
    SetAddress,
    SetDelivery,
    SetPrice,
    SetQuantity,
)
from core.orders.services.change_wish import NothingChanges, WrongAmount
from core.orders.services.goods import NotThatMany
from core.orders.services.listing import OrderFilters, list_orders
from core.orders.services.opening import choose_gateway
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.refunds import refund_surplus
from core.orders.services.ship import deliver, return_goods, ship
from core.panel.orders.services.filters import VIEWS
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import LONDON, FakeGateway, FakePlugins, Shop

STAFF = "staff:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def free(variant_id: int) -> int:
    level = stock.stock_of([variant_id])[variant_id][0]
    return level[1] - level[2]


def vat_20(priced: PricedCart) -> Taxes:
    """A fifth of the net price, in it or on top, halves up; worked out in whole numbers."""
    return Taxes(
        taxes=tuple(
            Tax(key=line.key, name="VAT", rate=2000, amount=Money(_vat(line.amount.amount, priced), priced.currency))
            for line in priced.lines
        )
    )


def _vat(amount: int, priced: PricedCart) -> int:
    return (amount * 2 + 6) // 12 if priced.prices_include_tax else (amount * 2 + 5) // 10


@pytest.fixture
def cup(shop: Shop) -> int:
    return shop.sell("cup", 1000)


@pytest.fixture
def order(shop: Shop, cup: int) -> OrderView:
    """Three cups at 10.00, delivery 4.90: 34.90."""
    return seen(shop.order((cup, 3)).id)


def test_a_preview_tells_money_stock_and_delivery_and_writes_nothing(shop: Shop, order: OrderView, cup: int) -> None:
    before = order.version
    effect = preview_change(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=5)]).effect
    assert (effect.price_before, effect.price_after, effect.to_pay) == (3490, 5490, 5490)
    assert effect.stock == {cup: 2}
    assert (effect.delivery_before, effect.delivery_after) == (490, 490)
    assert (seen(order.id).version, free(cup)) == (before, 7)


@pytest.mark.parametrize("policy", [KEEP, REEVALUATE])
def test_what_a_change_adds_is_named_in_the_orders_language(
    shop: Shop, order: OrderView, plugins: FakePlugins, policy: str
) -> None:
    """Whoever makes the change reads the panel in another one; the order's papers are the shopper's."""
    asked: list[str] = []

    def taxes(priced: PricedCart) -> Taxes:
        asked.append(i18n.language())
        return vat_20(priced)

    plugins.taxes = taxes
    with i18n.speaking("zh-CN"):
        change_order(
            shop.state, order.id, [AddGoods(variant_id=shop.sell("pot", 2500), quantity=2)],
            key="one", actor=STAFF, policy=policy,
        )  # fmt: skip
    assert set(asked) == {order.language}


def test_what_was_previewed_is_what_is_confirmed(shop: Shop, order: OrderView, cup: int) -> None:
    pot = shop.sell("pot", 2500)
    actions = [CancelUnits(line_id=order.lines[0].id, quantity=1), AddGoods(variant_id=pot, quantity=2)]
    effect = preview_change(shop.state, order.id, actions).effect
    change_order(shop.state, order.id, actions, key="one", actor=STAFF)
    view = seen(order.id)
    assert view.due.amount == effect.to_pay == 2 * 1000 + 2 * 2500 + 490
    assert (free(cup), free(pot)) == (8, 8)
    assert [(line.name, line.left) for line in view.lines] == [("Cup", 2), ("Pot", 2)]
    assert unbalanced() == []


def test_a_repeated_confirmation_is_the_same_change(shop: Shop, order: OrderView, cup: int) -> None:
    actions = [SetQuantity(line_id=order.lines[0].id, quantity=4)]
    made = {change_order(shop.state, order.id, actions, key="form-1", actor=STAFF) for _ in range(3)}
    assert len(made) == 1
    assert (free(cup), seen(order.id).due.amount) == (6, 4490)


def test_a_draft_can_be_dropped_and_is_then_never_confirmed(shop: Shop, order: OrderView, cup: int) -> None:
    draft = draft_change(shop.state, order.id, [RemoveLine(line_id=order.lines[0].id)], key="k", actor=STAFF)
    drop_change(shop.site, draft, actor=STAFF)
    drop_change(shop.site, draft, actor=STAFF)
    with pytest.raises(ChangeDropped):
        confirm_change(shop.site, draft, actor=STAFF)
    assert (change_view(shop.site, draft).state, free(cup)) == ("dropped", 7)


def test_a_change_of_an_order_that_moved_on_is_looked_at_again(shop: Shop, order: OrderView) -> None:
    draft = draft_change(shop.state, order.id, [RemoveLine(line_id=order.lines[0].id)], key="k", actor=STAFF)
    ship(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    with pytest.raises(ChangeStale):
        confirm_change(shop.site, draft, actor=STAFF)
    assert change_view(shop.site, draft).state == "draft"
    assert unbalanced() == []


def test_a_price_that_moved_since_the_preview_is_shown_first(shop: Shop, order: OrderView) -> None:
    with pytest.raises(PreviewMoved):
        change_order(shop.state, order.id, [RemoveLine(line_id=order.lines[0].id)], key="k", actor=STAFF, seen_price=1)


def test_what_cannot_be_had_cannot_be_added(shop: Shop, order: OrderView) -> None:
    with pytest.raises(OutOfStock):
        change_order(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=11)], key="k", actor=STAFF)
    assert seen(order.id).lines[0].left == 3
    assert db.value("SELECT state FROM order_change") == "draft"
    assert unbalanced() == []


def test_what_is_not_sold_here_cannot_be_added(shop: Shop, order: OrderView) -> None:
    for policy in (KEEP, REEVALUATE):
        with pytest.raises(NotForSaleNow):
            preview_change(shop.state, order.id, [AddGoods(variant_id=999, quantity=1)], policy=policy)


def test_what_has_left_cannot_be_cancelled(shop: Shop, order: OrderView) -> None:
    ship(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 2})
    with pytest.raises(NotThatMany):
        preview_change(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=1)])


@pytest.mark.parametrize("quantity", [-1, 10_000])
def test_a_quantity_that_no_order_has_is_refused(shop: Shop, order: OrderView, quantity: int) -> None:
    with pytest.raises(NotThatMany):
        preview_change(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=quantity)])


def test_a_change_that_changes_nothing_is_refused(shop: Shop, order: OrderView) -> None:
    with pytest.raises(NothingChanges):
        change_order(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=3)], key="k", actor=STAFF)


def test_lines_and_changes_of_others_are_not_found(shop: Shop, order: OrderView, cup: int) -> None:
    other = seen(shop.order((cup, 1)).id)
    with pytest.raises(NotFound):
        preview_change(shop.state, order.id, [RemoveLine(line_id=other.lines[0].id)])
    draft = draft_change(shop.state, order.id, [RemoveLine(line_id=order.lines[0].id)], key="k", actor=STAFF)
    elsewhere = replace(shop.site, id=999)
    for act in (confirm_change, drop_change):
        with pytest.raises(NotFound):
            act(elsewhere, draft, actor=STAFF)


def test_another_price_with_its_reason_is_for_what_has_not_left(shop: Shop, order: OrderView, cup: int) -> None:
    line = order.lines[0]
    ship(shop.site, order.id, actor=STAFF, lines={line.id: 1})
    change_order(
        shop.state, order.id, [SetPrice(line_id=line.id, amount=750, reason="scratched")], key="k", actor=STAFF
    )
    view = seen(order.id)
    assert [(one.left, one.unit.amount, one.of_line_id) for one in view.lines] == [(1, 1000, None), (2, 750, line.id)]
    assert view.due.amount == 1000 + 2 * 750 + 490
    assert free(cup) == 7
    ship(shop.site, order.id, actor=STAFF)
    assert unbalanced() == []


def test_address_and_delivery_change_until_it_leaves(shop: Shop, order: OrderView) -> None:
    york = replace(LONDON, city="York", postcode="YO1 7HH")
    change_order(
        shop.state, order.id, [SetAddress(address=york), SetDelivery(amount=900, title="Express")], key="k", actor=STAFF
    )
    view = seen(order.id)
    assert (view.address, view.delivery_title, view.due.amount) == (york, "Express", 3000 + 900)
    assert unbalanced() == []


def test_goodwill_and_fees_are_shown_parts_of_the_total(shop: Shop, order: OrderView) -> None:
    actions = [AddCharge(charge="goodwill", amount=500, reason="Late"), AddCharge(charge="fee", amount=120)]
    change_order(shop.state, order.id, actions, key="k", actor=STAFF)
    view = seen(order.id)
    assert [(one.title, one.amount.amount) for one in view.adjustments] == [("Late", 500), ("Fee", -120)]
    shown = view.subtotal.amount - sum(one.amount.amount for one in view.adjustments) + view.delivery.amount
    assert shown == view.total.amount == view.due.amount == 3490 - 500 + 120
    assert unbalanced() == []


def test_more_than_the_order_costs_is_never_granted(shop: Shop, order: OrderView) -> None:
    with pytest.raises(WrongAmount):
        preview_change(shop.state, order.id, [AddCharge(charge="goodwill", amount=3491)])


# -- the money ---------------------------------------------------------------------------------------------------------


def test_a_delta_is_a_payment_of_just_the_delta(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    change_order(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=4)], key="k", actor=STAFF)
    view = seen(order.id)
    assert (view.due.amount, view.status.payment, view.can_be_paid) == (1000, "partly_paid", True)
    assert [payment.amount.amount for payment in view.payments] == [3490, 1000]
    assert choose_gateway(shop.state, order.id, gateway.code) == view.payments[-1].id
    mark_paid(shop.state, order.id, actor=STAFF)
    assert (seen(order.id).status.payment, seen(order.id).due.amount) == ("paid", 0)


def test_a_surplus_goes_back_to_the_payments_that_took_it(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    line = order.lines[0].id
    change_order(shop.state, order.id, [SetQuantity(line_id=line, quantity=4)], key="more", actor=STAFF)
    mark_paid(shop.state, order.id, actor=STAFF)
    change_order(shop.state, order.id, [CancelUnits(line_id=line, quantity=2)], key="less", actor=STAFF)
    assert refund_surplus(shop.state, order.id, actor=STAFF, key="r").amount == 2000
    view = seen(order.id)
    back = [sum(f.amount.amount for f in one.facts if f.kind == FactKind.REFUNDED) for one in view.payments]
    assert back == [1000, 1000]
    assert (view.refund_due.amount, view.due.amount) == (0, 0)
    assert gateway.calls.count("refund") == 2
    assert unbalanced() == []


def test_what_was_refunded_does_not_pay_for_what_is_added_later(shop: Shop, order: OrderView) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    line = order.lines[0].id
    change_order(shop.state, order.id, [CancelUnits(line_id=line, quantity=2)], key="less", actor=STAFF)
    refund_surplus(shop.state, order.id, actor=STAFF, key="r")
    pot = shop.sell("pot", 2500)
    change_order(shop.state, order.id, [AddGoods(variant_id=pot, quantity=1)], key="more", actor=STAFF)
    view = seen(order.id)
    assert (view.due.amount, view.payments[-1].amount.amount) == (2500, 2500)
    assert (view.status.payment, view.can_be_paid) == ("partly_paid", True)
    ship(shop.site, order.id, actor=STAFF)
    deliver(shop.site, order.id, actor=STAFF)
    assert (seen(order.id).status.order, seen(order.id).status.fulfilment) == ("open", "delivered")
    to_pay = OrderFilters(statuses=VIEWS["unpaid"])
    assert [row.id for row in list_orders(shop.site, to_pay).orders] == [order.id]
    mark_paid(shop.state, order.id, actor=STAFF)
    view = seen(order.id)
    assert (view.due.amount, view.refund_due.amount, view.can_be_paid) == (0, 0, False)
    assert (view.status.payment, view.status.order) == ("partly_refunded", "completed")
    assert list_orders(shop.site, to_pay).orders == ()


def test_returned_goods_pay_for_others_by_one_net_payment(shop: Shop, order: OrderView) -> None:
    mark_paid(shop.state, order.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)
    return_goods(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    pot = shop.sell("pot", 2500)
    effect = preview_change(shop.state, order.id, [AddGoods(variant_id=pot, quantity=1)]).effect
    change_order(shop.state, order.id, [AddGoods(variant_id=pot, quantity=1)], key="x", actor=STAFF)
    view = seen(order.id)
    assert view.due.amount == effect.to_pay == 2500 - 1000
    mark_paid(shop.state, order.id, actor=STAFF)
    view = seen(order.id)
    assert (view.status.payment, view.due.amount, view.refund_due.amount) == ("paid", 0, 0)


def test_the_last_unit_takes_delivery_and_claims_with_it(shop: Shop, plugins: FakePlugins, cup: int) -> None:
    plugins.offers = lambda _cart, codes: _ten(codes)
    order = seen(shop.order((cup, 2), codes=["TEN"]).id)
    change_order(shop.state, order.id, [RemoveLine(line_id=order.lines[0].id)], key="k", actor=STAFF)
    view = seen(order.id)
    assert (view.status.order, view.due.amount, db.value("SELECT used FROM claim")) == ("cancelled", 0, 0)
    assert [row[0] for row in db.rows("SELECT type FROM outbox WHERE type LIKE 'order%' ORDER BY id")] == [
        "order.placed",
        "order.cancelled",
        "order.changed",
    ]
    assert unbalanced() == []


# -- prices ------------------------------------------------------------------------------------------------------------


def _ten(codes: Sequence[str]) -> list[Offer]:
    """Ten per cent off for a code that can be used once in all."""
    claims = (Claim(key="ten", limit=1),)
    offer = Offer(key="ten", title="Ten", benefit=PercentOff(basis_points=1000), code="TEN", claims=claims)
    return [offer] if "TEN" in codes else []


def cheaper(shop: Shop, variant_id: int, amount: int) -> None:
    set_prices(shop.site, variant_id, (PriceDraft(amount=Money(amount, "EUR")),), STAFF)


@pytest.mark.parametrize(
    ("today", "policy", "price"),
    [
        (800, KEEP, 4 * 1000),
        (800, REEVALUATE, 4 * 800),
        (800, BETTER, 4 * 800),
        (1200, KEEP, 4 * 1000),
        (1200, REEVALUATE, 4 * 1200),
        (1200, BETTER, 4 * 1000),
    ],
)
def test_prices_are_kept_taken_anew_or_whichever_is_better(
    shop: Shop, order: OrderView, cup: int, today: int, policy: str, price: int
) -> None:
    cheaper(shop, cup, today)
    actions = [SetQuantity(line_id=order.lines[0].id, quantity=4)]
    change_order(shop.state, order.id, actions, key="k", actor=STAFF, policy=policy)
    assert seen(order.id).due.amount == price + 490
    assert (free(cup), unbalanced()) == (6, [])


def test_a_code_that_this_order_used_still_counts_when_prices_are_taken_anew(
    shop: Shop, plugins: FakePlugins, cup: int
) -> None:
    plugins.offers = lambda _cart, codes: _ten(codes)
    order = seen(shop.order((cup, 2), codes=["TEN"]).id)
    assert order.due.amount == 1800 + 490
    actions = [SetQuantity(line_id=order.lines[0].id, quantity=3)]
    change_order(shop.state, order.id, actions, key="k", actor=STAFF, policy=REEVALUATE)
    assert seen(order.id).due.amount == 2700 + 490
    assert db.value("SELECT used FROM claim") == 1
    assert unbalanced() == []


def test_what_has_left_keeps_its_price_whatever_the_policy(shop: Shop, order: OrderView, cup: int) -> None:
    ship(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 2})
    cheaper(shop, cup, 100)
    pot = shop.sell("pot", 2500)
    change_order(shop.state, order.id, [AddGoods(variant_id=pot, quantity=1)], key="k", actor=STAFF, policy=REEVALUATE)
    assert seen(order.id).due.amount == 2 * 1000 + 100 + 2500 + 490


@pytest.mark.parametrize(
    ("included", "unit", "expected_total", "expected_tax"),
    [
        # 3 x 9.99 in the price: 29.97, of which a sixth (4.995) is 5.00; 2 further: 19.98, of which 3.33.
        (True, 999, 2997 + 1998, 500 + 333),
        # On top: 29.97 + 5.99 (5.994), 19.98 + 4.00 (3.996).
        (False, 999, 2997 + 599 + 1998 + 400, 599 + 400),
    ],
)
def test_further_units_bear_the_tax_of_their_line_whatever_it_is_today(
    shop: Shop, plugins: FakePlugins, included: bool, unit: int, expected_total: int, expected_tax: int
) -> None:
    shop.state = replace(shop.state, site=replace(shop.site, prices_include_tax=included))
    plugins.carriers = []
    plugins.taxes = vat_20
    order = seen(shop.order((shop.sell("bowl", unit), 3)).id)
    plugins.taxes = lambda _priced: Taxes()
    actions = [SetQuantity(line_id=order.lines[0].id, quantity=5)]
    effect = preview_change(shop.state, order.id, actions).effect
    change_order(shop.state, order.id, actions, key="k", actor=STAFF)
    view = seen(order.id)
    assert (view.due.amount, view.tax.amount, effect.tax_after) == (expected_total, expected_tax, expected_tax)
    assert unbalanced() == []


def test_the_timeline_says_what_it_cost_before_and_after(shop: Shop, order: OrderView) -> None:
    actions = [SetQuantity(line_id=order.lines[0].id, quantity=2)]
    change_order(shop.state, order.id, actions, key="k", actor="staff:7", reason="Called us")
    entry = seen(order.id).timeline[-1]
    assert (entry.kind, entry.actor, entry.data["before"], entry.data["after"]) == ("cancelled", "staff:7", 3490, 2490)
    assert entry.data["reason"] == "Called us"
