"""Unpaid orders end, whatever they had taken: parts of kits, places before a release, limited offers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.catalogue.services.stock_kits import set_kit
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms
from core.hookspecs.checkout import Cart
from core.hookspecs.payment import FactKind
from core.hookspecs.promote import AmountOff, Claim, Offer
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.orders.services import expire as expiring
from core.orders.services.opening import begin_payment
from core.orders.services.read import OrderView, order_view
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakeGateway, FakePlugins, Shop

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
AFTER = timedelta(days=4)  # The gateway gives three.


@pytest.fixture
def taken(shop: Shop, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch) -> OrderView:
    """An order of a kit, a thing that is not released, and the one use of a coupon."""

    def once_only(_cart: Cart, _codes: Sequence[str]) -> list[Offer]:
        claim = Claim(key="once", limit=1)
        return [Offer(key="once", title="-1", benefit=AmountOff(amount=Money(100, "EUR")), claims=(claim,))]

    monkeypatch.setattr(expiring, "state_of", lambda _site_id: shop.state)
    plugins.offers = once_only
    cup, kit, book = shop.sell("cup", stock=5), shop.sell("pair", stock=None), shop.sell("book", stock=0)
    set_kit(kit, {cup: 2}, "staff:1")
    set_stock_terms(shop.site, book, StockTerms(release_at=NEVER, preorder_cap=3), "staff:1")
    placed = shop.order((kit, 2), (book, 1))
    found = order_view(placed.id)
    assert found is not None
    assert figures() == (4, 1, 1)
    return found


def figures() -> tuple[int, int, int]:
    """(promised cups, pre-ordered books, uses of the coupon)."""
    promised, ahead = db.rows("SELECT SUM(allocated), SUM(preordered) FROM stock_level")[0]
    return int(promised), int(ahead), int(db.value("SELECT used FROM claim"))


def token(order: OrderView) -> str:
    return str(db.value("SELECT token FROM payment WHERE order_id = ?", order.id))


def test_everything_goes_back_when_nobody_pays(taken: OrderView) -> None:
    assert expiring.expire_unpaid(clock.now() + AFTER) == 1
    assert figures() == (0, 0, 0)
    assert unbalanced() == []


def test_money_that_is_found_by_asking_keeps_it_all(shop: Shop, taken: OrderView, gateway: FakeGateway) -> None:
    begin_payment(shop.state, taken.id)
    gateway.happen(token(taken), FactKind.CAPTURED, taken.total)
    assert expiring.expire_unpaid(clock.now() + AFTER) == 0
    assert figures() == (4, 1, 1)
    assert order_view(taken.id).status.payment == "paid"  # type: ignore[union-attr]


def test_money_that_comes_after_the_end_takes_it_all_again(shop: Shop, taken: OrderView, gateway: FakeGateway) -> None:
    begin_payment(shop.state, taken.id)
    assert expiring.expire_unpaid(clock.now() + AFTER) == 1
    gateway.happen(token(taken), FactKind.CAPTURED, taken.total)
    from core.orders.services.opening import fetch_payment

    fetch_payment(shop.state, taken.payments[0].id)
    assert figures() == (4, 1, 1)
    assert unbalanced() == []
