"""Many carts hold and order at once: nothing is sold twice, and what was held for somebody goes to them."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

import pytest

from core.cart.services.holds import set_hold_minutes
from core.catalogue.services.stock import OutOfStock
from core.checkout.services.place_order import CannotBePlaced, place_order
from core.kernel import db
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop

fork = multiprocessing.get_context("fork")
PROCESSES = 4


def _shop(shop: Shop, variants: tuple[int, int], attempts: int, seen: int, answer: Connection) -> None:
    """Fill carts of both things, in either order; every other cart is left with what it holds."""
    db.after_fork()
    sold = 0
    for n in range(attempts):
        first, second = variants if n % 2 else variants[::-1]
        token = shop.fill_cart((first, 1), (second, 1))
        if n % 3 == 2:
            continue
        try:
            place_order(shop.state, token, seen_total=seen)
        except (OutOfStock, CannotBePlaced):
            continue
        sold += 1
    db.close_all()
    answer.send(sold)


@pytest.mark.parametrize("attempts", [9, pytest.param(150, marks=pytest.mark.slow)])
def test_carts_that_hold_sell_nothing_twice(shop: Shop, attempts: int) -> None:
    cup, pot = shop.sell("cup", stock=20), shop.sell("pot", stock=22)
    seen = shop.look(shop.fill_cart((cup, 1), (pot, 1))).total.amount
    set_hold_minutes(shop.site, 10, "staff:1")
    db.close_all()
    pipes = [fork.Pipe(duplex=False) for _ in range(PROCESSES)]
    buyers = [fork.Process(target=_shop, args=(shop, (cup, pot), attempts, seen, ours)) for _theirs, ours in pipes]
    for buyer in buyers:
        buyer.start()
    sold = sum(theirs.recv() for theirs, _ours in pipes)
    for buyer in buyers:
        buyer.join()
    assert [buyer.exitcode for buyer in buyers] == [0] * PROCESSES
    db.connect()
    left = db.rows("SELECT on_hand - allocated - held FROM stock_level ORDER BY variant_id")
    held = int(db.value("SELECT COALESCE(SUM(pieces), 0) FROM stock_hold WHERE variant_id = ?", cup))
    assert sold + held == 20
    assert min(row[0] for row in left) >= 0
    assert unbalanced() == []
