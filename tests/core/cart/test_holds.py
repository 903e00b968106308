"""Carts that hold goods for a while: visible, never in their owner's way, and over when the time is."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.cart.services import add_to_cart, claim_cart, find_cart, remove_line, set_quantity
from core.cart.services.holds import held_until, hold_minutes, set_hold_minutes
from core.catalogue.services import stock_proof
from core.catalogue.services.stock import OutOfStock, held_for
from core.catalogue.services.stock_kits import set_kit
from core.checkout.services.look import CART
from core.checkout.services.place_order import CannotBePlaced
from core.hookspecs.payment import FactKind
from core.kernel import db, jobs
from core.lib import clock
from core.lib.errors import Unfit
from core.lib.money import Money
from core.orders.services.opening import begin_payment, choose_gateway, fetch_payment
from core.orders.services.read import OrderView, order_view
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakeGateway, Shop


@pytest.fixture
def holding(shop: Shop) -> Shop:
    """A shop that holds for ten minutes."""
    set_hold_minutes(shop.site, 10, "staff:1")
    return shop


@pytest.fixture
def cup(shop: Shop) -> int:
    return shop.sell("cup", stock=5)


def cart_id(shop: Shop, token: str) -> int:
    found = find_cart(shop.site, token)
    assert found is not None
    return found.id


def level(variant: int) -> tuple[int, int, int]:
    found = db.one("SELECT on_hand, allocated, held FROM stock_level WHERE variant_id = ?", variant)
    assert found is not None
    return found


def problems(shop: Shop, token: str) -> list[str]:
    return [one.message for one in shop.look(token, CART).problems]


def test_sites_hold_nothing_unless_they_say_so(shop: Shop, cup: int) -> None:
    shop.fill_cart((cup, 2))
    assert hold_minutes(shop.site) == 0
    assert level(cup) == (5, 0, 0)


def test_what_is_in_a_cart_is_held_from_others_and_there_for_its_owner(holding: Shop, cup: int) -> None:
    token = holding.fill_cart((cup, 4))
    assert level(cup) == (5, 0, 4)
    assert problems(holding, token) == []
    assert problems(holding, holding.fill_cart((cup, 3))) == ["Only 1 can be had now."]


def test_the_owner_orders_what_the_cart_holds_by_one_statement(holding: Shop, cup: int) -> None:
    token = holding.fill_cart((cup, 5))
    holding.place(token)
    assert level(cup) == (5, 5, 0)
    moves = db.rows("SELECT kind, allocated, held, reference FROM stock_move WHERE kind = 'allocate'")
    assert [(kind, allocated, held) for kind, allocated, held, _ in moves] == [("allocate", 5, -5)]
    assert unbalanced() == []


def test_the_cart_says_until_when(holding: Shop, cup: int, noon: clock.Frozen) -> None:
    token = holding.fill_cart((cup, 1))
    until = datetime.fromisoformat("2026-03-02T12:10:00+00:00")
    assert held_until(holding.site, cart_id(holding, token)) == until
    assert holding.look(token, CART).held_until == until
    noon.move(minutes=11)
    assert held_until(holding.site, cart_id(holding, token)) is None


def test_holds_that_are_over_are_free_before_any_job_runs(holding: Shop, cup: int, noon: clock.Frozen) -> None:
    mine = holding.fill_cart((cup, 5))
    noon.move(minutes=11)
    others = holding.fill_cart((cup, 3))
    assert problems(holding, others) == []
    holding.place(others)
    assert problems(holding, mine) == ["Only 2 can be had now."]
    with pytest.raises(CannotBePlaced):
        holding.place(mine)
    assert unbalanced() == []


def test_the_owner_of_a_hold_that_is_over_may_still_order(holding: Shop, cup: int, noon: clock.Frozen) -> None:
    token = holding.fill_cart((cup, 5))
    noon.move(hours=1)
    holding.place(token)
    assert level(cup) == (5, 5, 0)
    assert unbalanced() == []


def test_a_refused_payment_is_tried_again_with_the_last_pieces_that_the_cart_held(
    holding: Shop, cup: int, gateway: FakeGateway
) -> None:
    placed = holding.place(holding.fill_cart((cup, 5)))
    begin_payment(holding.state, placed.id)
    gateway.happen(token_of(placed.id), FactKind.DECLINED, total_of(placed.id))
    fetch_payment(holding.state, last_payment(placed.id))
    others = holding.fill_cart((cup, 1))
    assert (level(cup), problems(holding, others) != []) == ((5, 5, 0), True)

    choose_gateway(holding.state, placed.id, "fakepay")
    begin_payment(holding.state, placed.id)
    gateway.happen(token_of(placed.id), FactKind.CAPTURED, total_of(placed.id))
    fetch_payment(holding.state, last_payment(placed.id))
    assert (seen(placed.id).status.payment, level(cup), unbalanced()) == ("paid", (5, 5, 0), [])


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def total_of(order_id: int) -> Money:
    return seen(order_id).total


def token_of(order_id: int) -> str:
    return str(db.value("SELECT token FROM payment WHERE order_id = ? ORDER BY id DESC LIMIT 1", order_id))


def last_payment(order_id: int) -> int:
    return int(db.value("SELECT MAX(id) FROM payment WHERE order_id = ?", order_id))


def test_the_job_gives_back_what_nobody_came_for(holding: Shop, cup: int, noon: clock.Frozen) -> None:
    holding.fill_cart((cup, 5))
    assert not db.value("SELECT available FROM card LIMIT 1")
    noon.move(minutes=11)
    jobs.run_due()
    assert level(cup) == (5, 0, 0)
    assert db.value("SELECT available FROM card LIMIT 1")
    assert stock_proof() == []


def test_changes_of_the_cart_change_what_is_held(holding: Shop, cup: int) -> None:
    token = holding.fill_cart((cup, 1))
    line = find_cart(holding.site, token).lines[0].id  # type: ignore[union-attr]
    set_quantity(holding.site, token, line, 4)
    assert level(cup)[2] == 4
    set_quantity(holding.site, token, line, 9)
    assert level(cup)[2] == 5
    remove_line(holding.site, token, line)
    assert level(cup)[2] == 0
    assert unbalanced() == []


def test_adding_holds_anew_for_the_whole_time(holding: Shop, cup: int, noon: clock.Frozen) -> None:
    token = holding.fill_cart((cup, 1))
    noon.move(minutes=6)
    add_to_cart(holding.site, token, cup, 1)
    noon.move(minutes=6)
    assert [one.quantity for one in held_for(f"cart:{cart_id(holding, token)}")] == [2]


def test_kits_hold_their_parts(holding: Shop, cup: int) -> None:
    kit = holding.sell("pair", stock=None)
    set_kit(kit, {cup: 2}, "staff:1")
    holding.fill_cart((kit, 2))
    assert level(cup)[2] == 4
    assert problems(holding, holding.fill_cart((kit, 1))) == ["Pair is sold out. Take it out to go on."]


def test_a_cart_that_is_poured_into_another_leaves_no_hold(holding: Shop, cup: int) -> None:
    first, second = holding.fill_cart((cup, 2)), holding.fill_cart((cup, 1))
    claim_cart(holding.site, first, 7)
    claim_cart(holding.site, second, 7)
    assert level(cup)[2] == 2
    assert unbalanced() == []


@pytest.mark.parametrize("minutes", [-1, 121])
def test_a_hold_is_at_most_two_hours(shop: Shop, minutes: int) -> None:
    with pytest.raises(Unfit):
        set_hold_minutes(shop.site, minutes, "staff:1")


def test_a_hold_that_counted_against_its_owner_would_be_found(
    holding: Shop, cup: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the order does not know whose holds end with it."""
    from core.checkout.services import place_order

    token = holding.fill_cart((cup, 5))
    monkeypatch.setattr(place_order, "holder_of", lambda _cart: "cart:0")
    with pytest.raises(OutOfStock):
        holding.place(token)
