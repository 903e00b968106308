"""Kits: as many as their parts allow, over the whole cart; what moves is the parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.catalogue.services import set_prices, stock_proof
from core.catalogue.services.drafts import PriceDraft
from core.catalogue.services.prices import PriceFact
from core.catalogue.services.stock import allocated_to
from core.catalogue.services.stock_kits import set_kit, summed
from core.checkout.services import supplying
from core.checkout.services.changing import change_order
from core.checkout.services.look import CART
from core.checkout.services.place_order import CannotBePlaced, place_order
from core.kernel import db
from core.lib.errors import Unfit
from core.lib.money import Money
from core.orders.services.case import inspect_case, receive_case, request_case
from core.orders.services.change_shapes import SetQuantity
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import return_goods, ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop
from tests.core.checkout.test_under_pressure import rush

STAFF = "staff:1"


@pytest.fixture
def cup(shop: Shop) -> int:
    return shop.sell("cup", 500, stock=10)


@pytest.fixture
def pot(shop: Shop) -> int:
    return shop.sell("pot", 2000, stock=4)


@pytest.fixture
def tea_set(shop: Shop, cup: int, pot: int) -> int:
    """Four cups and a pot, at a price of its own."""
    kit = shop.sell("tea set", 3500, stock=None)
    set_kit(kit, {cup: 4, pot: 1}, STAFF)
    return kit


@pytest.fixture
def pair(shop: Shop, cup: int) -> int:
    """Two cups."""
    kit = shop.sell("pair", 900, stock=None)
    set_kit(kit, {cup: 2}, STAFF)
    return kit


def problems(shop: Shop, *things: tuple[int, int]) -> list[str]:
    return [one.message for one in shop.look(shop.fill_cart(*things), CART).problems]


def on_hand(variant: int) -> tuple[int, int]:
    found = db.one("SELECT on_hand, allocated FROM stock_level WHERE variant_id = ?", variant)
    assert found is not None
    return found


def view(order_id: int) -> OrderView:
    found = order_view(order_id)
    assert found is not None
    return found


def test_as_many_kits_can_be_had_as_the_scarcest_part_allows(shop: Shop, tea_set: int) -> None:
    assert problems(shop, (tea_set, 2)) == []
    assert problems(shop, (tea_set, 3)) == ["Only 2 can be had now."]


def test_two_kits_with_a_part_in_common_are_summed_before_anything_is_promised(
    shop: Shop, tea_set: int, pair: int, cup: int
) -> None:
    assert problems(shop, (tea_set, 2), (pair, 1)) == []
    assert problems(shop, (tea_set, 2), (pair, 1), (cup, 1)) != []
    with pytest.raises(CannotBePlaced):
        shop.order((tea_set, 2), (pair, 2))
    shop.order((tea_set, 2), (pair, 1))
    assert on_hand(cup) == (10, 10)
    assert unbalanced() == []


def test_the_guard_itself_refuses_where_nobody_looked(
    shop: Shop, tea_set: int, pair: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if both carts had looked before either ordered."""
    from core.catalogue.services.stock import OutOfStock
    from core.checkout.services import look as looking

    monkeypatch.setattr(looking, "can_be_had", lambda *_: None)
    shop.order((tea_set, 2))
    with pytest.raises(OutOfStock):
        shop.order((pair, 2))


def test_parts_that_were_not_summed_would_be_found(
    shop: Shop, tea_set: int, pair: int, cup: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: each line is promised by itself, and only the last counts."""
    from core.orders.services import store

    monkeypatch.setattr(
        store, "pieces_of", lambda lines: {v: n * one.quantity for one in lines for v, n in {cup: 2}.items()}
    )
    shop.order((tea_set, 1), (pair, 1))
    assert unbalanced()


@pytest.mark.parametrize("attempts", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_kits_under_pressure_take_no_part_twice(shop: Shop, attempts: int) -> None:
    cup = shop.sell("many cups", 500, stock=51)
    kit = shop.sell("pair of many", 900, stock=None)
    set_kit(kit, {cup: 2}, STAFF)
    assert rush(shop, kit, attempts)["sold"] == 25
    assert on_hand(cup) == (51, 50)
    assert unbalanced() == []


def test_an_order_shows_what_is_in_the_kit_and_ships_the_parts(shop: Shop, tea_set: int, cup: int, pot: int) -> None:
    placed = shop.order((tea_set, 1))
    (line,) = view(placed.id).lines
    assert [(part.name, part.quantity) for part in line.parts] == [("Cup", 4), ("Pot", 1)]
    assert {one.variant_id: one.quantity for one in allocated_to(f"order:{placed.id}")} == {cup: 4, pot: 1}
    ship(shop.site, placed.id, actor=STAFF)
    assert (on_hand(cup), on_hand(pot)) == ((6, 0), (3, 0))
    assert stock_proof() == []


def test_a_kit_that_comes_back_puts_its_parts_on_the_shelf(shop: Shop, tea_set: int, cup: int, pot: int) -> None:
    placed = shop.order((tea_set, 2))
    ship(shop.site, placed.id, actor=STAFF)
    return_goods(shop.site, placed.id, actor=STAFF, lines={view(placed.id).lines[0].id: 1})
    assert (on_hand(cup), on_hand(pot)) == ((6, 0), (3, 0))
    assert unbalanced() == []


def test_the_returns_desk_sorts_the_parts_of_a_kit(shop: Shop, tea_set: int, cup: int) -> None:
    placed = shop.order((tea_set, 2))
    ship(shop.site, placed.id, actor=STAFF)
    line = view(placed.id).lines[0].id
    case = request_case(
        shop.site, placed.id, kind="return", lines={line: 2}, reason="changed_mind", key="k", actor=STAFF,
        by_rules=False,
    )  # fmt: skip
    receive_case(shop.site, case, {line: 2}, actor=STAFF)
    inspect_case(shop.site, case, {line: {"sellable": 1, "damaged": 1}}, actor=STAFF)
    found = db.one("SELECT on_hand, damaged FROM stock_level WHERE variant_id = ?", cup)
    assert found == (6, 4)
    assert stock_proof() == []


def test_a_change_of_a_kit_moves_its_parts_as_they_were_agreed(shop: Shop, tea_set: int, cup: int, pot: int) -> None:
    placed = shop.order((tea_set, 2))
    set_kit(tea_set, {cup: 1}, STAFF)
    line = view(placed.id).lines[0].id
    change_order(shop.state, placed.id, [SetQuantity(line_id=line, quantity=1)], key="a", actor=STAFF)
    assert (on_hand(cup), on_hand(pot)) == ((10, 4), (4, 1))
    assert unbalanced() == []


def test_a_kit_that_changed_while_it_was_looked_at_is_looked_at_again(
    shop: Shop, tea_set: int, cup: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = shop.fill_cart((tea_set, 1))
    seen = shop.look(token).total.amount
    real = supplying.pieces_of
    changes = iter([True])

    def change_then(lines: object) -> dict[int, int]:
        if next(changes, False):
            set_kit(tea_set, {cup: 1}, STAFF)
        return real(lines)  # type: ignore[arg-type]

    from core.checkout.services import place_order as placing

    monkeypatch.setattr(placing, "pieces_of", change_then)
    placed = place_order(shop.state, token, seen_total=seen)
    assert [part.quantity for part in view(placed.id).lines[0].parts] == [1]
    assert on_hand(cup) == (10, 1)


def test_what_is_no_kit_any_more_is_counted_again_if_it_was(shop: Shop, cup: int, pot: int, pair: int) -> None:
    set_kit(pot, {cup: 2}, STAFF)
    assert problems(shop, (pot, 5)) == []
    for one in (pot, pair):
        set_kit(one, {}, STAFF)
    assert problems(shop, (pot, 4)) == []
    assert problems(shop, (pot, 5)) != [], "four are on the shelf"
    assert problems(shop, (pair, 99)) == [], "it was never counted"


def test_a_kit_with_a_part_that_is_gone_is_sold_out(shop: Shop, tea_set: int, pot: int) -> None:
    with db.transaction():
        db.execute("UPDATE variant SET active = ? WHERE id = ?", False, pot)
    assert problems(shop, (tea_set, 1)) == ["Tea Set is sold out. Take it out to go on."]


@pytest.mark.parametrize("wrong", ["self", "nested", "part_of", "none"])
def test_kits_in_kits_and_nothing_are_refused(shop: Shop, tea_set: int, cup: int, pair: int, wrong: str) -> None:
    other = shop.sell("other", 100)
    kit, parts = {
        "self": (other, {other: 1}), "nested": (other, {tea_set: 1}), "part_of": (cup, {other: 1}),
        "none": (pair, {9999: 1}),
    }[wrong]  # fmt: skip
    with pytest.raises(Unfit):
        set_kit(kit, parts, STAFF)


# -- what they cost ----------------------------------------------------------------------------------------------------


def price_of(shop: Shop, kit: int) -> int:
    unit = shop.look(shop.fill_cart((kit, 1)), CART).cart.lines[0].unit
    return unit.amount


def test_a_kit_costs_its_parts_less_a_percentage_and_follows_them(shop: Shop, cup: int, pot: int) -> None:
    kit = shop.sell("set", 1, stock=None)
    set_kit(kit, {cup: 4, pot: 1}, STAFF, off=1000)
    assert price_of(shop, kit) == 3600  # (4 × 5.00 + 20.00) less a tenth
    set_prices(shop.site, cup, (PriceDraft(amount=Money(600, "EUR")),), STAFF)
    assert price_of(shop, kit) == 3960


def test_a_kit_whose_price_follows_cannot_be_given_another(shop: Shop, cup: int) -> None:
    kit = shop.sell("set", 1, stock=None)
    set_kit(kit, {cup: 2}, STAFF, off=0)
    set_prices(shop.site, kit, (PriceDraft(amount=Money(7, "EUR")),), STAFF)
    assert price_of(shop, kit) == 1000


def test_periods_of_the_parts_are_periods_of_the_kit() -> None:
    day = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1_000_000)
    end = day + int(timedelta(days=3).total_seconds()) * 1_000_000
    plain = PriceFact(1, None, None, 500, None)
    sale = PriceFact(1, day, end, 400, None)
    tiers = replace_tier(plain)
    assert summed({1: 2}, {1: [plain, sale]}, 0) == [(None, day, 1000), (day, end, 800), (end, None, 1000)]
    assert summed({1: 2}, {1: [sale]}, 0) == [(day, end, 800)]
    assert summed({1: 5, 2: 1}, {1: [plain, tiers], 2: [plain]}, 5000) == [(None, None, 1000)]


def replace_tier(fact: PriceFact) -> PriceFact:
    """Three pieces or more for 3.00 each."""
    return fact._replace(from_qty=3, amount=300)
