"""Many buyers at once, in threads and processes: nothing is sold twice, no coupon is used twice."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import pytest

from core.catalogue.services.stock import OutOfStock
from core.checkout.services import place_order as placing
from core.checkout.services import promoting
from core.checkout.services.place_order import CannotBePlaced, PriceChanged, place_order
from core.hookspecs.checkout import Cart
from core.hookspecs.promote import AmountOff, Claim, Offer
from core.kernel import db
from core.lib.money import Money
from core.orders.services import store as storing
from core.orders.services.claims import ClaimExhausted
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakePlugins, Shop

PROCESSES = 4
# The tests and their servers were imported before the fork, so that processes start at once.
fork = multiprocessing.get_context("fork")


def once_only(_cart: Cart, codes: Sequence[str]) -> list[Offer]:
    claim = Claim(key="once", limit=1)
    offer = Offer(key="once", title="-1", benefit=AmountOff(amount=Money(100, "EUR")), code="ONCE", claims=(claim,))
    return [offer] if codes else []


def buy(shop: Shop, variant: int, attempts: int, seen: int, codes: tuple[str, ...], answer: Connection) -> None:
    """A process that orders one piece again and again, each time from a cart of its own."""
    db.after_fork()
    outcomes: dict[str, int] = {}
    for _ in range(attempts):
        token = shop.fill_cart((variant, 1), codes=codes)
        try:
            place_order(shop.state, token, seen_total=seen)
            outcome = "sold"
        except (OutOfStock, CannotBePlaced, PriceChanged, ClaimExhausted):
            outcome = "refused"
        except Exception as error:  # noqa: BLE001 -- counted like any other outcome
            outcome = f"{type(error).__name__}: {error}"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    db.close_all()
    answer.send(outcomes)


def rush(shop: Shop, variant: int, attempts: int, codes: tuple[str, ...] = ()) -> dict[str, int]:
    """All processes buy at once; answers how their attempts ended."""
    seen = shop.look(shop.fill_cart((variant, 1), codes=codes)).total.amount
    db.close_all()
    pipes = [fork.Pipe(duplex=False) for _ in range(PROCESSES)]
    buyers = [fork.Process(target=buy, args=(shop, variant, attempts, seen, codes, ours)) for _theirs, ours in pipes]
    for buyer in buyers:
        buyer.start()
    totals: dict[str, int] = {}
    for theirs, _ours in pipes:
        for outcome, count in theirs.recv().items():
            totals[outcome] = totals.get(outcome, 0) + count
    for buyer in buyers:
        buyer.join()
    db.connect()
    return totals


@pytest.mark.parametrize("attempts", [40, pytest.param(1_000, marks=pytest.mark.slow)])
def test_a_hundred_pieces_are_sold_a_hundred_times(shop: Shop, attempts: int) -> None:
    cup = shop.sell("cup", stock=100)
    assert rush(shop, cup, attempts) == {"sold": 100, "refused": PROCESSES * attempts - 100}
    assert db.value("SELECT SUM(ordered) FROM order_line") == 100
    assert unbalanced() == []


@pytest.mark.parametrize("attempts", [15, pytest.param(50, marks=pytest.mark.slow)])
def test_a_one_use_coupon_is_used_once(shop: Shop, plugins: FakePlugins, attempts: int) -> None:
    plugins.offers = once_only
    cup = shop.sell("cup", stock=10_000)
    assert rush(shop, cup, attempts, ("ONCE",)) == {"sold": 1, "refused": PROCESSES * attempts - 1}
    assert db.value("SELECT used FROM claim") == 1
    assert unbalanced() == []


def test_a_coupon_that_is_counted_without_its_limit_is_found(
    shop: Shop, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the limit is looked at before the transaction only, and the use is written without it."""

    def take(site_id: int, claims: dict[str, Claim]) -> None:
        for key, claim in claims.items():
            db.execute(
                "INSERT INTO claim (site_id, key, used, limit_) VALUES (?, ?, ?, ?) ON CONFLICT (site_id, key)"
                " DO UPDATE SET used = claim.used + 1",
                site_id, key, 1, claim.limit,
            )  # fmt: skip

    monkeypatch.setattr(storing, "take_claims", take)
    # What was used up is not looked at either, as if every process had looked before the first order.
    monkeypatch.setattr(promoting, "claims_used", lambda *_: {})
    plugins.offers = once_only
    cup = shop.sell("cup", stock=10_000)
    assert rush(shop, cup, 4, ("ONCE",))["sold"] > 1


def test_stock_that_is_read_first_and_written_later_is_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what is there is read before the transaction, and promised in it without a guard."""
    real = placing._store

    def allocate(needs: dict[int, int], _reference: str, _actor: str, _wanted: object, **_: object) -> list[Any]:
        for variant_id, quantity in needs.items():
            # The CHECK of the table stands behind the guard; the planted bug has to go around both.
            db.execute(
                "UPDATE stock_level SET on_hand = on_hand - ? WHERE variant_id = ? AND on_hand >= 0",
                quantity,
                variant_id,
            )
        return []

    def store(*arguments: Any) -> Any:
        try:
            return real(*arguments)
        except Exception as error:
            raise OutOfStock(0, 1, 0) from error

    monkeypatch.setattr(storing.stock, "allocate", allocate)
    monkeypatch.setattr(placing, "_store", store)
    cup = shop.sell("cup", stock=5)
    rush(shop, cup, 4)
    assert unbalanced()
