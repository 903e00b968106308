"""Random lives of orders of kits and of goods that are not there: pieces and money add up all the same."""

from __future__ import annotations

import pytest

from core.catalogue.services.stock_kits import set_kit
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms
from tests.core.checkout.shop import Shop
from tests.core.orders import walk
from tests.core.orders.test_walks import seeded
from tests.core.orders.walk import STAFF, Walk


@pytest.fixture
def shop_of_kits(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The third thing is two of the first and one of the second; of the second more may be ordered than there are."""
    begin = walk.start

    def start(shop: Shop, units: tuple[int, int] = (3, 2), *, spread: bool = False) -> Walk:
        begun = begin(shop, units, spread=spread)
        first, second, third = begun.variants
        set_kit(third, {first: 2, second: 1}, STAFF)
        set_stock_terms(shop.site, second, StockTerms(backorder_limit=6), STAFF)
        return begun

    monkeypatch.setattr(walk, "start", start)
    return shop


@pytest.mark.parametrize("seed", [101, *(pytest.param(n, marks=pytest.mark.slow) for n in range(102, 160))])
def test_whatever_happens_to_kits_and_backorders_adds_up(shop_of_kits: Shop, seed: int) -> None:
    walked = walk.go(shop_of_kits, seeded(seed, 30))
    assert walked.names
