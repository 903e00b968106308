"""Taxes after placement: of a fee, and of what goes to another country; and what does not differ stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from core.catalogue.services import set_prices
from core.catalogue.services.drafts import PriceDraft
from core.checkout.services.changing import change_order, preview_change
from core.hookspecs.checkout import PricedCart, Tax, Taxes
from core.hookspecs.promote import Offer, PercentOff
from core.kernel import db
from core.lib.money import Money
from core.orders.services.change_shapes import REEVALUATE, AddCharge, AddGoods, CancelUnits, SetAddress
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import LONDON, FakePlugins, Shop, open_shop

STAFF = "staff:1"
RATES = {"GB": 2000, "FR": 1000, "US": 0}


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def by_country(priced: PricedCart) -> Taxes:
    """20 % in Britain, 10 % in France, nothing in the United States; within prices or on top, halves up."""
    rate = RATES[priced.address.country if priced.address else "GB"]
    if not rate:
        return Taxes(taxes=())
    whole = 10_000 + rate if priced.prices_include_tax else 10_000
    return Taxes(
        taxes=tuple(
            Tax(
                key=line.key, name="VAT", rate=rate,
                amount=Money((line.amount.amount * rate * 2 + whole) // (2 * whole), priced.currency),
            )
            for line in priced.lines
        )
    )  # fmt: skip


@pytest.fixture
def order(shop: Shop, plugins: FakePlugins) -> OrderView:
    """Three cups at 10.00 with 10 % off, delivery 4.90: 31.90 with 20 % within."""
    plugins.taxes = by_country
    plugins.offers = lambda _cart, _codes: [Offer(key="a", title="Autumn", benefit=PercentOff(basis_points=1000))]
    return seen(shop.order((shop.sell("cup", 1000), 3)).id)


def taxes(order: OrderView) -> dict[int, int]:
    return {tax.rate: tax.amount.amount for tax in order.taxes}


def goes_to(country: str) -> SetAddress:
    return SetAddress(address=replace(LONDON, country=country))


def left_tax(order_id: int) -> int:
    """The tax of what is left of an order, by its lines and its delivery."""
    order = seen(order_id)
    lines = sum(line.tax.amount * (line.quantity - line.cancelled) // line.quantity for line in order.lines)
    return lines + int(
        db.value("SELECT COALESCE(SUM(amount), 0) FROM order_tax WHERE order_id = ? AND line_id IS NULL", order_id)
    )


def test_at_another_place_prices_with_tax_stay_and_the_tax_is_the_places(shop: Shop, order: OrderView) -> None:
    effect = preview_change(shop.state, order.id, [goes_to("FR")]).effect
    assert (effect.price_before, effect.price_after) == (3190, 3190)
    assert (effect.tax_before, effect.tax_after) == (450 + 82, 245 + 45)
    change_order(shop.state, order.id, [goes_to("FR")], key="a", actor=STAFF)
    moved = seen(order.id)
    assert (moved.due.amount, left_tax(order.id)) == (3190, 245 + 45)
    live = [line for line in moved.lines if line.left]
    assert [(line.left, line.unit.amount, line.discount.amount) for line in live] == [(3, 1000, 300)]
    assert unbalanced() == []
    again = preview_change(shop.state, order.id, [goes_to("FR")])
    assert again.plan.lines == ()


def test_what_has_left_keeps_its_taxes_and_what_follows_gets_the_new_ones(shop: Shop, order: OrderView) -> None:
    ship(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    actions = [goes_to("US"), CancelUnits(line_id=order.lines[0].id, quantity=1)]
    change_order(shop.state, order.id, actions, key="a", actor=STAFF)
    first, second = seen(order.id).lines
    assert (first.shipped, first.cancelled, first.tax.amount) == (1, 2, 450)
    assert (second.quantity, second.tax.amount, second.total.amount) == (1, 0, 900)
    assert unbalanced() == []


def test_a_fee_is_taxed_where_that_is_wanted(shop: Shop, order: OrderView) -> None:
    fee = AddCharge(charge="fee", amount=1200, reason="Gift box", taxed=True)
    effect = preview_change(shop.state, order.id, [fee]).effect
    assert (effect.delta, effect.tax_after - effect.tax_before) == (1200, 200)
    change_order(shop.state, order.id, [fee, AddCharge(charge="goodwill", amount=100)], key="a", actor=STAFF)
    view = seen(order.id)
    # The goodwill is 1.00 of the 43.90 that bear 7.32, so 0.1667 of them.
    assert (view.due.amount, taxes(view)) == (3190 + 1100, {2000: 450 + 82 + 200 - 17})
    assert unbalanced() == []
    change_order(shop.state, order.id, [goes_to("FR")], key="b", actor=STAFF)
    assert db.value("SELECT amount FROM order_tax WHERE charge_id IS NOT NULL AND amount > 0") == 200
    assert unbalanced() == []


def test_prices_anew_leave_alone_what_does_not_differ(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2000)
    actions = [AddGoods(variant_id=pot, quantity=1)]
    change_order(shop.state, order.id, actions, key="a", actor=STAFF, policy=REEVALUATE)
    view = seen(order.id)
    assert [(line.name, line.quantity, line.cancelled) for line in view.lines] == [("Cup", 3, 0), ("Pot", 1, 0)]
    assert view.due.amount == 3190 + 1800
    set_prices(shop.site, pot, (PriceDraft(amount=Money(1500, "EUR")),), STAFF)
    plan = preview_change(shop.state, order.id, [], policy=REEVALUATE).plan
    assert [(line.name, line.total) for line in plan.lines] == [("Pot", 1350)]
    assert set(plan.cancels) == {view.lines[1].id}
    assert unbalanced() == []


def test_where_taxes_come_on_top_the_total_follows_them(instance: Path, plugins: FakePlugins) -> None:
    plugins.taxes = by_country
    shop = open_shop(instance, plugins, host="net.test", prices_include_tax=False)
    order = seen(shop.order((shop.sell("net", 1000), 3)).id)
    assert order.total.amount == 3600 + 490 + 98
    fee = AddCharge(charge="fee", amount=1000, reason="Gift box", taxed=True)
    effect = preview_change(shop.state, order.id, [fee, goes_to("FR")]).effect
    assert effect.price_after == 3300 + 490 + 49 + 1100
    change_order(shop.state, order.id, [fee, goes_to("FR")], key="a", actor=STAFF)
    view = seen(order.id)
    assert (view.due.amount, view.delivery_total.amount) == (4939, 539)
    assert unbalanced() == []
