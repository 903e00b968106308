"""What is granted after placement lowers the taxes with the price: at the rates of the goods, and to the cent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from core.checkout.services import changing
from core.checkout.services.changing import change_order, preview_change
from core.checkout.services.resolving import REPLACE, Terms, resolve
from core.hookspecs.checkout import PricedCart, Tax, Taxes
from core.lib.money import Money
from core.orders.services.case import approve_case, inspect_case, receive_case, request_case
from core.orders.services.case_rules import Rules, set_rules
from core.orders.services.change_shapes import AddCharge, CancelUnits, Plan
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakePlugins, Shop

STAFF = "staff:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def books_7(priced: PricedCart) -> Taxes:
    """20 %, but 7 % for books, which here are what costs 21.40 or 42.80; within prices or on top."""

    def tax(key: str, amount: int) -> Tax:
        rate = 700 if amount in {2140, 4280} else 2000
        whole = 10_000 + rate if priced.prices_include_tax else 10_000
        return Tax(
            key=key, name="VAT", rate=rate, amount=Money((amount * rate * 2 + whole) // (2 * whole), priced.currency)
        )

    return Taxes(taxes=tuple(tax(line.key, line.amount.amount) for line in priced.lines))


def taxes(order: OrderView) -> dict[int, int]:
    return {tax.rate: tax.amount.amount for tax in order.taxes}


@pytest.fixture
def order(shop: Shop, plugins: FakePlugins) -> OrderView:
    """A lamp for 120.00 with 20.00 of tax, two books for 42.80 with 2.80; no delivery: 162.80, sent and paid."""
    plugins.carriers = []
    plugins.taxes = books_7
    placed = shop.order((shop.sell("lamp", 12000), 1), (shop.sell("book", 2140), 2))
    mark_paid(shop.state, placed.id, actor=STAFF)
    ship(shop.site, placed.id, actor=STAFF)
    return seen(placed.id)


def grant(shop: Shop, order: OrderView, *amounts: int) -> OrderView:
    """Goodwill, in as many changes as there are amounts."""
    for place, amount in enumerate(amounts):
        actions = [AddCharge(charge="goodwill", amount=amount)]
        change_order(shop.state, order.id, actions, key=f"{place}:{amount}", actor=STAFF)
    return seen(order.id)


def claimed(shop: Shop, order: OrderView, line: int, units: int, terms: Terms) -> OrderView:
    case_id = request_case(
        shop.site, order.id, kind="claim", lines={order.lines[line].id: units}, reason="damaged", key="c", actor="guest"
    )
    approve_case(shop.site, case_id, actor=STAFF)
    resolve(shop.state, case_id, terms, actor=STAFF)
    return seen(order.id)


def test_goodwill_takes_of_every_tax_its_part_of_the_price(shop: Shop, order: OrderView) -> None:
    assert taxes(order) == {2000: 2000, 700: 280}
    view = grant(shop, order, 1628)
    # A tenth of the price, so a tenth of 20.00 and of 2.80.
    assert (view.total.amount, taxes(view)) == (14652, {2000: 1800, 700: 252})
    assert view.refund_due.amount == 1628
    assert unbalanced() == []


def ends_at_nothing(shop: Shop, order: OrderView, amounts: Sequence[int]) -> None:
    """Whoever is granted everything, in whatever steps, is left with no tax, and was never below none."""
    assert sum(amounts) == 16280
    for place in range(len(amounts)):
        view = grant(shop, order, amounts[place])
        assert all(amount >= 0 for amount in taxes(view).values()), taxes(view)
        # Within a cent of each step of what is left of the price: 228 of 162.80.
        assert abs(view.tax.amount - 2280 * view.total.amount / 16280) <= place + 1
    assert (view.total.amount, view.tax.amount) == (0, 0)
    assert unbalanced() == []


STEPS = (1, 63, 1111, 5000, 3, 7777, 2325)


def test_the_parts_of_the_tax_add_up_to_all_of_it(shop: Shop, order: OrderView) -> None:
    ends_at_nothing(shop, order, STEPS)


def test_that_check_sees_grants_that_bear_no_tax(shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch) -> None:
    def untaxed(_order: OrderView, plan: Plan) -> Plan:
        return plan

    monkeypatch.setattr(changing, "with_taxes_granted", untaxed)
    with pytest.raises(AssertionError):
        ends_at_nothing(shop, order, STEPS)


def test_a_claim_lowers_the_tax_of_its_own_line(shop: Shop, order: OrderView) -> None:
    view = claimed(shop, order, 1, 1, Terms())
    # One book of two: 21.40 with 1.40.
    assert (view.total.amount, taxes(view)) == (14140, {2000: 2000, 700: 140})
    assert unbalanced() == []


def test_a_claim_in_part_lowers_it_in_part(shop: Shop, order: OrderView) -> None:
    view = claimed(shop, order, 0, 1, Terms(part=3000))
    # A quarter of 120.00 with 20.00.
    assert (view.total.amount, taxes(view)) == (13280, {2000: 1500, 700: 280})
    assert unbalanced() == []


def test_goods_that_are_sent_once_more_change_no_tax(shop: Shop, order: OrderView) -> None:
    view = claimed(shop, order, 1, 1, Terms(way=REPLACE))
    assert (view.total.amount, view.due.amount, taxes(view)) == (16280, 0, {2000: 2000, 700: 280})
    assert unbalanced() == []


def test_what_was_cancelled_takes_no_part(shop: Shop, plugins: FakePlugins) -> None:
    plugins.carriers, plugins.taxes = [], books_7
    order = seen(shop.order((shop.sell("lamp", 12000), 1), (shop.sell("book", 2140), 2)).id)
    change_order(shop.state, order.id, [CancelUnits(line_id=order.lines[0].id, quantity=1)], key="x", actor=STAFF)
    effect = preview_change(shop.state, order.id, [AddCharge(charge="goodwill", amount=1070)]).effect
    # The books are left: 42.80 with 2.80, of which 10.70 is a quarter.
    assert (effect.delta, effect.tax_after - effect.tax_before) == (-1070, -70)
    assert taxes(grant(shop, order, 1070)) == {2000: 2000, 700: 210}


def test_taxes_on_top_are_within_what_is_granted(shop: Shop, plugins: FakePlugins) -> None:
    shop.state = replace(shop.state, site=replace(shop.site, prices_include_tax=False))
    plugins.carriers, plugins.taxes = [], books_7
    order = seen(shop.order((shop.sell("lamp", 12000), 1)).id)
    assert (order.total.amount, order.tax.amount) == (14400, 2400)
    view = grant(shop, order, 3600)
    # A quarter of 144.00 is given back: 30.00 of the price and 6.00 of the tax.
    assert (view.total.amount, view.tax.amount, view.charges.amount) == (10800, 1800, -3000)
    assert (grant(shop, order, 10800).total.amount, seen(order.id).tax.amount) == (0, 0)
    assert unbalanced() == []


# -- what is withheld of a return --------------------------------------------------------------------------------------


def returned(shop: Shop, order: OrderView, units: dict[int, int], terms: Terms) -> OrderView:
    """Units of lines, by their places, come back, and the case is resolved under these terms."""
    lines = {order.lines[at].id: n for at, n in units.items()}
    case_id = request_case(
        shop.site, order.id, kind="return", lines=lines, reason="changed_mind", key="r", actor=STAFF, by_rules=False
    )
    receive_case(shop.site, case_id, lines, actor=STAFF)
    inspect_case(shop.site, case_id, {line: {"sellable": n} for line, n in lines.items()}, actor=STAFF)
    resolve(shop.state, case_id, terms, actor=STAFF)
    return seen(order.id)


def tax_left(order: OrderView) -> int:
    """The tax of what is kept of the order, fees included."""
    gone = sum(line.tax.amount * (line.cancelled + line.received) // line.quantity for line in order.lines)
    return order.tax.amount - gone


def test_a_fee_that_is_withheld_bears_the_taxes_of_the_goods(shop: Shop, order: OrderView) -> None:
    """The lamp and one book come back: 141.40, of which a tenth is withheld, and 7.07 for the way."""
    view = returned(shop, order, {0: 1, 1: 1}, Terms(restocking=1414, return_delivery=707))
    assert view.refund_due.amount == 14140 - 1414 - 707
    # 12.00 and 6.00 of the lamp with a sixth of tax; 2.14 and 1.07 of the book, of which 0.14 and 0.07 are tax.
    assert taxes(view) == {2000: 2000 + 200 + 100, 700: 280 + 14 + 7}
    # Kept is the other book with 1.40, and the fees.
    assert tax_left(view) == 140 + 300 + 21
    assert unbalanced() == []


def test_a_fee_of_all_keeps_all_the_tax(shop: Shop, order: OrderView) -> None:
    view = returned(shop, order, {0: 1, 1: 2}, Terms(restocking=16280))
    assert (view.refund_due.amount, tax_left(view)) == (0, 2280)


def test_a_shop_may_rule_that_fees_bear_no_tax(shop: Shop, order: OrderView) -> None:
    set_rules(shop.site, Rules(fees_without_tax=True), actor=STAFF)
    view = returned(shop, order, {0: 1}, Terms(restocking=1200))
    assert (view.refund_due.amount, tax_left(view)) == (10800, 280)


def test_taxes_on_top_are_within_what_is_withheld(shop: Shop, plugins: FakePlugins) -> None:
    shop.state = replace(shop.state, site=replace(shop.site, prices_include_tax=False))
    plugins.carriers, plugins.taxes = [], books_7
    order = seen(shop.order((shop.sell("lamp", 12000), 1)).id)
    mark_paid(shop.state, order.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)
    view = returned(shop, order, {0: 1}, Terms(restocking=3600))
    # A quarter of 144.00 is kept: 30.00 of the price and 6.00 of the tax.
    assert (view.refund_due.amount, view.charges.amount, tax_left(view)) == (10800, 3000, 600)
    assert unbalanced() == []
