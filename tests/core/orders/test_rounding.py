"""Cents: whatever the currency's decimals, the tax rule and the offers, parts add up to what was agreed.

Expected values come from fractions, beside the shop's own whole numbers.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.checkout.services.changing import change_order, preview_change
from core.hookspecs.checkout import PricedCart, Tax, Taxes
from core.hookspecs.promote import Offer, PercentOff
from core.kernel import db
from core.lib.money import Money
from core.orders.services.change_plan import taxed
from core.orders.services.change_shapes import CancelUnits, RemoveLine, SetQuantity
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.refunds import refund_surplus
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakePlugins, open_shop

STAFF = "staff:1"
RATE = 1900


def half_up(amount: Fraction) -> int:
    """The commercial rule, for amounts that are not below zero."""
    return floor(amount + Fraction(1, 2))


def tax_of(amount: int, *, included: bool) -> int:
    whole = Fraction(amount * RATE, 10_000 + RATE) if included else Fraction(amount * RATE, 10_000)
    return half_up(whole)


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@given(
    amount=st.integers(0, 10**9), rates=st.lists(st.integers(1, 3000), min_size=1, max_size=4), included=st.booleans()
)
def test_taxes_of_a_line_are_one_rounded_sum_in_parts(amount: int, rates: list[int], *, included: bool) -> None:
    parts = taxed(amount, [(str(at), rate) for at, rate in enumerate(rates)], included=included)
    whole = sum(rates)
    expected = half_up(Fraction(amount * whole, 10_000 + whole if included else 10_000))
    assert sum(part.amount for part in parts) == expected
    for part, rate in zip(parts, rates, strict=True):
        assert abs(part.amount - Fraction(expected * rate, whole)) < 1


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
@pytest.mark.parametrize("included", [True, False])
def test_cancelling_piece_by_piece_gives_back_exactly_what_was_paid(
    instance: Path, currency: str, *, included: bool
) -> None:
    def taxes(priced: PricedCart) -> Taxes:
        return Taxes(
            taxes=tuple(
                Tax(
                    key=line.key,
                    name="VAT",
                    rate=RATE,
                    amount=Money(tax_of(line.amount.amount, included=included), currency),
                )
                for line in priced.lines
            )
        )

    plugins = FakePlugins(taxes=taxes)
    plugins.offers = lambda _cart, _codes: [Offer(key="x", title="X", benefit=PercentOff(basis_points=1337))]
    shop = open_shop(instance, plugins, currency=currency)
    shop.state = replace(shop.state, site=replace(shop.site, prices_include_tax=included))
    things = [(shop.sell(f"thing-{at}", price, stock=50), 3) for at, price in enumerate((999, 333, 101, 7))]
    order = seen(shop.order(*things).id)

    subtotal = 3 * (999 + 333 + 101 + 7)
    off = half_up(Fraction(subtotal * 1337, 10_000))
    assert order.subtotal.amount - order.discount.amount == subtotal - off
    assert order.total.amount == subtotal - off + (0 if included else order.tax.amount)
    for line in order.lines:
        left = line.subtotal.amount - line.discount.amount
        assert line.tax.amount == tax_of(left, included=included)
        assert abs(line.discount.amount - Fraction(line.subtotal.amount * off, subtotal)) < 1

    mark_paid(shop.state, order.id, actor=STAFF)
    dues = [order.total.amount]
    for line in order.lines:
        for piece in range(3):
            effect = preview_change(shop.state, order.id, [CancelUnits(line_id=line.id, quantity=1)]).effect
            change_order(
                shop.state, order.id, [CancelUnits(line_id=line.id, quantity=1)], key=f"{line.id}-{piece}", actor=STAFF
            )
            dues.append(effect.price_after)
            assert abs(sum(part.amount for part in effect.shares) + Fraction(line.total.amount, 3)) < 1
            refund_surplus(shop.state, order.id, actor=STAFF, key=f"{line.id}-{piece}", by_hand=True)
            assert seen(order.id).refund_due.amount == 0
    assert dues == sorted(dues, reverse=True)
    after = seen(order.id)
    assert (dues[-1], after.refunded.amount, after.status.order) == (0, order.total.amount, "cancelled")
    assert unbalanced() == []


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
def test_further_pieces_cost_what_a_sheet_of_paper_says(instance: Path, currency: str) -> None:
    shop = open_shop(instance, FakePlugins(), currency=currency)
    order = seen(shop.order((shop.sell("thing", 333, stock=50), 3)).id)
    change_order(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=10)], key="k", actor=STAFF)
    assert seen(order.id).due == Money(3330, currency)
    change_order(shop.state, order.id, [RemoveLine(line_id=order.lines[0].id)], key="r", actor=STAFF)
    assert seen(order.id).due == Money(2331, currency)
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 7
    assert unbalanced() == []
