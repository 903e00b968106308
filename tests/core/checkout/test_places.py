"""One order to several addresses: what goes where, what each way costs, and the taxes of each place."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.cart.services import CartPlace, add_to_cart
from core.catalogue.services import stock
from core.checkout.services.place_order import CannotBePlaced
from core.checkout.services.quote import Discounted, Quote, WrongTaxes, cut, discounted, merged, quote
from core.checkout.services.spread import Place, Spread, spread_of
from core.hookspecs.checkout import Address, Cart, Problem, Tax, Taxes
from core.hookspecs.promote import AmountOff, DeliveryOff, Offer, PercentOff
from core.kernel import db
from core.lib.errors import Unfit
from core.lib.money import Money
from core.orders.services import store
from core.orders.services.read import OrderView, order_view
from tests.core.checkout.books import unbalanced
from tests.core.checkout.places import BONN, PARIS, RATES, Abroad, by_country, spread, to, within
from tests.core.checkout.shop import LONDON, FakePlugins, Shop, open_shop
from tests.core.checkout.test_quote import a_cart, a_line, a_rate, percent_off


@pytest.fixture
def shop(instance: Path, plugins: FakePlugins) -> Shop:
    plugins.carriers = [Abroad()]
    plugins.taxes = by_country
    return open_shop(instance, plugins, several_addresses=True)


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


# -- placing -----------------------------------------------------------------------------------------------------------


def test_each_place_has_its_own_goods_delivery_and_taxes(shop: Shop) -> None:
    cup, pot = shop.sell("cup", 1000), shop.sell("pot", 2595)
    token = spread(shop, (cup, 3), (pot, 1), places=[to(PARIS, {cup: 2})])
    order = seen(shop.place(token).id)
    assert [(line.sku, line.quantity, line.place) for line in order.lines] == [
        ("cup", 1, 0),
        ("pot", 1, 0),
        ("cup", 2, 1),
    ]
    assert [(one.address, one.delivery_title, one.delivery.amount) for one in order.destinations] == [
        (LONDON, "Post: Near", 490),
        (PARIS, "Post: Far", 1000),
    ]
    # 20 % within 10.00, 25.95 and 4.90; 10 % within 20.00 and 10.00.
    assert order.total.amount == 3000 + 2595 + 490 + 1000
    assert order.tax.amount == within(1000, 2000) + within(2595, 2000) + within(490, 2000) + within(
        2000, 1000
    ) + within(1000, 1000)
    assert (order.address, order.carrier, order.rate) == (None, "", {})
    assert order.billing == LONDON
    assert unbalanced() == []


def test_prices_without_tax_bear_that_of_their_place_on_top(instance: Path, plugins: FakePlugins) -> None:
    plugins.carriers, plugins.taxes = [Abroad()], by_country
    shop = open_shop(instance, plugins, several_addresses=True, prices_include_tax=False)
    cup = shop.sell("cup", 1005)
    order = seen(shop.place(spread(shop, (cup, 2), places=[to(PARIS, {cup: 1})])).id)
    # 20 % of 10.05 and 4.90 are 2.01 and 0.98; 10 % of 10.05 and 9.00 are 1.01 (1.005) and 0.90.
    assert order.tax.amount == 201 + 98 + 101 + 90
    assert order.total.amount == 2 * 1005 + 490 + 900 + order.tax.amount
    assert [one.total.amount for one in order.destinations] == [588, 990]
    assert unbalanced() == []


def test_an_offer_is_asked_once_and_split_over_the_places(shop: Shop, plugins: FakePlugins) -> None:
    plugins.offers = lambda _cart, _codes: [
        Offer(key="ten", title="Ten off", benefit=AmountOff(amount=Money(1000, "EUR"))),
        Offer(key="ship", title="Half the way", benefit=DeliveryOff(basis_points=5000)),
    ]
    cup = shop.sell("cup", 999)
    order = seen(shop.place(spread(shop, (cup, 3), places=[to(PARIS, {cup: 1})])).id)
    # 10.00 over 19.98 and 9.99 are 6.67 and 3.33; half of 4.90 and 9.00 together is 6.95, which is 2.45 and 4.50.
    assert [line.discount.amount for line in order.lines] == [667, 333]
    assert [one.discount.amount for one in order.destinations] == [245, 450]
    assert order.total.amount == 2997 - 1000 + 1390 - 695
    assert plugins.asked.count("promote_offers") == 2  # once for the page, once for the order
    assert unbalanced() == []


def test_prices_by_quantity_hold_for_all_that_is_bought(shop: Shop, plugins: FakePlugins) -> None:
    asked: list[int] = []
    plugins.prices = lambda queries: asked.extend(one.quantity for one in queries) or {}
    cup = shop.sell("cup", 1000)
    shop.look(spread(shop, (cup, 5), places=[to(PARIS, {cup: 2})]))
    assert asked == [5]


def test_what_is_bought_for_two_places_is_not_sold_twice(shop: Shop) -> None:
    cup = shop.sell("cup", 1000, stock=3)
    token = spread(shop, (cup, 4), places=[to(PARIS, {cup: 2})])
    with pytest.raises(CannotBePlaced):
        shop.place(token)
    shop.place(spread(shop, (cup, 3), places=[to(PARIS, {cup: 2})]))
    with pytest.raises((CannotBePlaced, stock.OutOfStock)):
        shop.order((cup, 1))
    assert unbalanced() == []


def _the_last_line_alone(lines: Sequence[Any]) -> dict[int, int]:
    """Planted: what is taken from stock for a variant is that of its last line."""
    return {line.variant_id: line.quantity for line in lines}


def test_pieces_of_two_places_that_are_not_added_up_would_be_noticed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "pieces_of", _the_last_line_alone)
    cup = shop.sell("cup", 1000, stock=3)
    shop.place(spread(shop, (cup, 3), places=[to(PARIS, {cup: 1})]))
    assert unbalanced() == ["order 1: 3 pieces promised, 1 in stock"]


def test_a_cart_that_changes_needs_not_be_spread_anew(shop: Shop) -> None:
    cup = shop.sell("cup", 1000)
    token = spread(shop, (cup, 2), places=[to(PARIS, {cup: 2})])
    add_to_cart(shop.site, token, cup, 1)
    assert [(one.line.quantity, one.place) for one in shop.look(token).quote.lines] == [(1, 0), (2, 1)]


def test_what_goes_all_to_a_further_place_is_an_order_for_that_place(shop: Shop) -> None:
    cup = shop.sell("cup", 1000)
    order = seen(shop.place(spread(shop, (cup, 2), places=[to(PARIS, {cup: 2})])).id)
    assert (order.address, order.delivery.amount, len(order.destinations)) == (PARIS, 1000, 1)
    assert order.tax.amount == within(2000, 1000) + within(1000, 1000)
    assert db.value("SELECT count(*) FROM order_destination") == 0
    assert unbalanced() == []


def test_what_needs_no_delivery_goes_with_the_first_place(shop: Shop) -> None:
    cup, song = shop.sell("cup", 1000), shop.sell("song", 100, needs_delivery=False)
    token = spread(shop, (cup, 2), (song, 2), places=[to(PARIS, {cup: 1, song: 2})])
    assert [(one.line.sku, one.line.quantity, one.place) for one in shop.look(token).quote.lines] == [
        ("cup", 1, 0), ("song", 2, 0), ("cup", 1, 1),
    ]  # fmt: skip


def test_a_site_that_does_not_offer_it_sends_all_to_one_place(instance: Path, plugins: FakePlugins) -> None:
    shop = open_shop(instance, plugins)
    cup = shop.sell("cup", 1000)
    order = seen(shop.place(spread(shop, (cup, 2), places=[to(PARIS, {cup: 1})])).id)
    assert (order.address, [line.quantity for line in order.lines]) == (LONDON, [2])


def test_every_place_needs_an_address_and_a_way(shop: Shop) -> None:
    cup = shop.sell("cup", 1000)
    with pytest.raises(Unfit) as refused:
        shop.place(spread(shop, (cup, 2), places=[to(replace(PARIS, city=""), {cup: 1})]))
    assert list(refused.value.errors) == ["p1_city"]
    japan = replace(PARIS, country="JP", region="13", postcode="100-0001")
    token = spread(shop, (cup, 2), places=[to(japan, {cup: 1})])
    assert [(one.field, one.message) for one in shop.look(token).problems] == [
        ("p1_delivery", "We do not sail that far.")
    ]


def test_plugins_are_asked_about_each_place_with_the_whole_cart(shop: Shop, plugins: FakePlugins) -> None:
    heard: list[tuple[str, dict[int, int], int]] = []

    def problems(*, cart: Cart, **_: Any) -> list[Problem]:
        assert cart.address is not None
        heard.append((cart.address.country, dict(enumerate(cart.units_here.values())), cart.subtotal.amount))
        return [Problem(message="Not there.", code="no")] if cart.address.country == "FR" else []

    plugins.checkout_problems = problems  # type: ignore[method-assign]
    cup = shop.sell("cup", 1000)
    view = shop.look(spread(shop, (cup, 3), places=[to(PARIS, {cup: 2})]))
    assert heard == [("GB", {0: 1}, 3000), ("FR", {0: 2}, 3000)]
    assert [one.message for one in view.problems] == ["Not there."]


def test_a_place_may_be_forgotten_without_losing_its_country(shop: Shop) -> None:
    from core.orders.services.forget import _reduce_orders

    cup = shop.sell("cup", 1000)
    token = spread(shop, (cup, 2), places=[to(PARIS, {cup: 1})])
    placed = shop.place(token, shopper_id=7)
    with db.transaction():
        _reduce_orders(shop.site.id, 7)
    assert [one.address for one in seen(placed.id).destinations] == [Address(country="GB"), Address(country="FR")]


# -- the sums ----------------------------------------------------------------------------------------------------------


def spread_by(cart: Cart, shares: Sequence[Sequence[int]], addresses: Sequence[Address]) -> Spread | None:
    """`shares` are units per line, a row for each further place."""
    from core.cart.services import StoredCart, StoredLine

    stored = StoredCart(
        id=1, site_id=1, currency=cart.currency, language="en", shopper_id=None, email="", codes=(),
        address=addresses[0], billing=None, carrier="", service="", gateway="", extra={}, note="", version=1,
        ordered_at=None,
        lines=tuple(StoredLine(id=line.id, variant_id=line.variant_id, quantity=line.quantity) for line in cart.lines),
        places=tuple(
            CartPlace(address=address, units=dict(zip((line.variant_id for line in cart.lines), row, strict=True)))
            for address, row in zip(addresses[1:], shares, strict=True)
        ),
    )  # fmt: skip
    return spread_of(stored, cart)


def quoted_by_place(after: Discounted, places: Sequence[Place], *, included: bool) -> Quote:
    answers = [
        by_country(after.taxable(place.address, prices_include_tax=included, place=at))
        for at, place in enumerate(places)
    ]
    return quote(after, merged(after, answers), prices_include_tax=included)


@settings(max_examples=30, deadline=None)
@given(
    units=st.lists(st.tuples(st.integers(0, 99_999), st.integers(1, 5)), min_size=1, max_size=4),
    shares=st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=2, max_size=2),
    off=st.lists(st.integers(1, 9_999), max_size=3),
    ways=st.lists(st.integers(0, 5_000), min_size=3, max_size=3),
    currency=st.sampled_from(("JPY", "EUR", "KWD")),
    included=st.booleans(),
)
@pytest.mark.once
def test_parts_and_places_add_up_to_the_smallest_coin(
    units: list[tuple[int, int]],
    shares: list[list[int]],
    off: list[int],
    ways: list[int],
    currency: str,
    included: bool,
) -> None:
    """Whatever is spread by whatever offers: parts are the whole, and nothing below zero anywhere."""
    cart = a_cart(*(a_line(n, unit, many, currency) for n, (unit, many) in enumerate(units, 1)), currency=currency)
    candidates = [percent_off(f"p{n}", points) for n, points in enumerate(off)]
    candidates.append(
        replace(percent_off("ship", 1), offer=Offer(key="ship", title="s", benefit=DeliveryOff(basis_points=3333)))
    )
    found = spread_by(cart, [row[: len(units)] for row in shares], (LONDON, PARIS, BONN))
    if found is None:
        return
    rates = [a_rate(amount, currency) for amount in ways[: len(found.places)]]
    whole = discounted(cart, candidates, rates[0], further=rates[1:])
    priced = quoted_by_place(cut(whole, found), found.places, included=included)
    # What goes where adds up to what is in the cart, line by line, in pieces and in coins, offer by offer.
    for where, line in enumerate(cart.lines):
        parts = [one for one, at in zip(priced.lines, found.lines, strict=True) if at == where]
        assert sum(one.line.quantity for one in parts) == line.quantity
        assert sum(one.subtotal.amount - one.discount.amount for one in parts) == whole.left[where]
        assert all(0 <= one.discount.amount <= one.subtotal.amount for one in parts)
    for before, after in zip(whole.applied, priced.adjustments, strict=True):
        assert before.amount == after.amount.amount
        assert sum(before.shares) == sum(amount.amount for _line, amount in after.shares)
    # Each place's taxes by its own rate, from fractions; the total is what stands beside it.
    expected = 0
    for at, place in enumerate(found.places):
        assert place.address is not None
        rate, delivery = RATES[place.address.country], priced.deliveries[at]
        bases = [one.subtotal.amount - one.discount.amount for one in priced.lines if one.place == at]
        bases.append(delivery.amount.amount - delivery.discount.amount)
        divisor = 10_000 + rate if included else 10_000
        expected += sum(int(Fraction(base * rate, divisor) + Fraction(1, 2)) for base in bases)
    totals = priced.totals
    assert totals.tax.amount == expected
    assert totals.delivery.amount == sum(ways[: len(found.places)])
    on_top = 0 if included else totals.tax.amount
    assert totals.total.amount == totals.subtotal.amount - totals.discount.amount + totals.delivery.amount + on_top
    assert totals.total.amount == sum(one.total.amount for one in (*priced.lines, *priced.deliveries))


@pytest.mark.once
def test_a_tax_for_goods_of_another_place_is_no_answer() -> None:
    cart = a_cart(a_line(1, 1000), a_line(2, 1000))
    found = spread_by(cart, [[0, 1]], (LONDON, PARIS))
    assert found is not None
    after = cut(discounted(cart, (), a_rate(100), further=[a_rate(100)]), found)
    stray = Taxes(taxes=(Tax(key="line:2", name="VAT", rate=2000, amount=Money(10, "EUR")),))
    with pytest.raises(WrongTaxes):
        merged(after, [stray, None])


@pytest.mark.once
def test_half_off_one_line_is_split_over_its_parts_alone() -> None:
    cart = a_cart(a_line(1, 333, 3), a_line(2, 1000))
    found = spread_by(cart, [[2, 0]], (LONDON, PARIS))
    assert found is not None
    half = replace(
        percent_off("h", 1),
        offer=Offer(key="h", title="h", benefit=PercentOff(basis_points=5000, line_ids=frozenset({1}))),
    )
    after = cut(discounted(cart, [half], a_rate(0), further=[a_rate(0)]), found)
    # Half of 9.99 is 5.00: 1.67 of the one that stays and 3.33 of the two that go.
    assert after.left == (333 - 167, 1000, 666 - 333)
