"""Who waits for goods: the oldest orders have what is on the shelf, wherever it lies, and lists say so at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.catalogue.services import add_location, adjust_stock, receive_stock
from core.catalogue.services.stock import UNLIMITED, OutOfStock
from core.catalogue.services.stock_counts import first_location, set_backorder_limit
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms
from core.kernel import db
from core.lib import clock
from core.orders.services.cancel import cancel
from core.orders.services.parting import split_order
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from core.orders.services.shortages import Promised, copy_all_shortages, queue_released, who_waits, wrong_shortages
from core.orders.services.waits import Wanted, goods_of, units_here
from tests.core.checkout.shop import Shop

STAFF = "staff:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@pytest.fixture
def cup(shop: Shop) -> int:
    """One is on the shelf, and as many more may be ordered as people like."""
    cup = shop.sell("cup", 1000, stock=1)
    set_backorder_limit(cup, first_location(), UNLIMITED, STAFF)
    return cup


def missing() -> dict[int, int]:
    """Pieces that are not there, by order."""
    return {
        row[0]: int(row[1])
        for row in db.rows("SELECT order_id, SUM(pieces) FROM order_shortage GROUP BY order_id ORDER BY order_id")
    }


def waiting() -> dict[int, str]:
    ids = [row[0] for row in db.rows("SELECT id FROM orders ORDER BY id")]
    said = {row[0]: "waiting" if row[1] else "partly" for row in db.rows("SELECT order_id, stuck FROM order_wait")}
    true = goods_of(ids)
    assert {one: code for one, code in true.items() if code != "ready"} == said
    return true


@pytest.mark.once
@given(st.integers(0, 12), st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), max_size=6), st.booleans())
def test_a_shelf_serves_by_age_and_nobody_after_the_last_piece(
    there: int, wishes: list[tuple[int, int]], is_released: bool
) -> None:
    queue = [Promised(order_id=at, pieces=n, ahead=min(n, ahead)) for at, (n, ahead) in enumerate(wishes)]
    short = {one.order_id: one.pieces for one in who_waits(there, queue, is_released=is_released)}
    shelf = ["piece"] * there
    for one in queue:
        can_leave = one.pieces if is_released else one.pieces - one.ahead
        got = 0
        while got < can_leave and shelf:
            shelf.pop()
            got += 1
        assert short.get(one.order_id, 0) == one.pieces - got


@pytest.mark.once
def test_a_kit_is_there_if_all_of_it_is() -> None:
    tea = Wanted(line_id=1, units=2, each={7: 4, 8: 1})
    cups = Wanted(line_id=2, units=3, each={7: 1})
    assert units_here([tea, cups], {8: 1}) == {1: 1, 2: 3}
    assert units_here([tea, cups], {7: 5}) == {1: 1, 2: 2}
    assert units_here([tea, cups], {8: 2}) == {1: 0, 2: 3}


def test_one_on_the_shelf_is_of_the_order_that_came_first(shop: Shop, cup: int) -> None:
    first, second = shop.order((cup, 4)).id, shop.order((cup, 1)).id
    assert (missing(), waiting()) == ({first: 3, second: 1}, {first: "partly", second: "waiting"})
    receive_stock({cup: 3}, first_location(), "delivery:1", STAFF)
    assert waiting() == {first: "ready", second: "waiting"}
    cancel(shop.site, first, actor=STAFF, lines={seen(first).lines[0].id: 1})
    assert (missing(), waiting()) == ({}, {first: "ready", second: "ready"})


def test_what_is_sent_to_the_younger_the_older_waits_for(shop: Shop, cup: int) -> None:
    first, second = shop.order((cup, 1)).id, shop.order((cup, 1)).id
    ship(shop.site, second, actor=STAFF)
    assert (missing(), waiting()) == ({first: 1}, {first: "waiting"})
    with pytest.raises(OutOfStock):
        ship(shop.site, first, actor=STAFF)


def test_what_is_counted_away_somebody_waits_for(shop: Shop) -> None:
    pot = shop.sell("pot", 500, stock=5)
    set_backorder_limit(pot, first_location(), 10, STAFF)
    orders = [shop.order((pot, 2)).id for _ in range(2)]
    assert missing() == {}
    adjust_stock(pot, first_location(), -2, "broken", STAFF)
    assert missing() == {orders[1]: 1}


def test_each_place_has_a_queue_of_its_own(shop: Shop, cup: int) -> None:
    north = add_location("north", "North", 9, "GB", STAFF)
    receive_stock({cup: 2}, north, "delivery:1", STAFF)
    old = shop.order((cup, 2)).id
    young = shop.order((cup, 2)).id
    assert waiting() == {old: "ready", young: "partly"}
    assert missing() == {young: 1}


def test_a_second_line_that_is_there_makes_it_partly_ready_until_it_is_sent(shop: Shop, cup: int) -> None:
    shop.order((cup, 1))
    order = seen(shop.order((cup, 1), (shop.sell("pot", 500), 2)).id)
    assert waiting()[order.id] == "partly"
    ship(shop.site, order.id, actor=STAFF, lines={order.lines[1].id: 2})
    assert waiting()[order.id] == "waiting"


def test_what_is_split_off_keeps_its_turn(shop: Shop, cup: int) -> None:
    shop.order((cup, 1))
    order = seen(shop.order((cup, 1), (shop.sell("pot", 500), 2)).id)
    younger = shop.order((cup, 1)).id
    number = split_order(shop.site, order.id, {order.lines[0].id: 1}, actor=STAFF, key="split")
    apart = int(db.value("SELECT id FROM orders WHERE number = ?", number))
    assert missing() == {younger: 1, apart: 1}
    receive_stock({cup: 1}, first_location(), "delivery:1", STAFF)
    assert missing() == {younger: 1}


def test_nothing_that_was_sold_ahead_is_there_before_its_release(shop: Shop) -> None:
    pot = shop.sell("pot", 500, stock=5)
    with clock.freeze(clock.now() - timedelta(days=4)):
        set_stock_terms(shop.site, pot, StockTerms(release_at=clock.now() + timedelta(days=3), preorder_cap=50), STAFF)
        first, second = shop.order((pot, 3)).id, shop.order((pot, 3)).id
        assert (missing(), set(waiting().values())) == ({first: 3, second: 3}, {"waiting"})
    queue_released()
    assert (missing(), waiting()) == ({second: 1}, {first: "ready", second: "partly"})


def test_a_release_that_is_put_off_is_heeded_at_once(shop: Shop) -> None:
    pot = shop.sell("pot", 500, stock=5)
    terms = StockTerms(release_at=clock.now() + timedelta(days=3), preorder_cap=50)
    set_stock_terms(shop.site, pot, terms, STAFF)
    order = shop.order((pot, 3)).id
    set_stock_terms(shop.site, pot, replace(terms, release_at=None), STAFF)
    assert (missing(), waiting()) == ({}, {order: "ready"})


def test_a_planted_verb_that_does_not_tell_is_noticed(shop: Shop, cup: int, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shop.order((cup, 2)).id
    with monkeypatch.context() as planted:
        planted.setattr("core.catalogue.services.stock_writer.touch_short", lambda _levels: None)
        receive_stock({cup: 5}, first_location(), "delivery:1", STAFF)
    assert wrong_shortages() == [(cup, first_location())]
    assert copy_all_shortages() == 1
    with db.transaction():
        db.execute("DELETE FROM order_wait")
        db.execute("INSERT INTO order_wait (order_id, site_id, stuck) VALUES (?, ?, ?)", order, shop.site.id, True)
    assert copy_all_shortages() == 1
    assert (missing(), waiting()) == ({}, {order: "ready"})
