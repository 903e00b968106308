"""The contract of who lowers prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from core.api import Money, PriceQuery, PromotedPrice, Site, state_of
from core.testing.contracts import PriceContract
from plugins.sale_prices import services
from plugins.sale_prices.tests.test_sale_prices import save


@pytest.mark.slow
class TestPrices(PriceContract):
    """A fifth off everything."""

    @pytest.fixture
    def lowered(self, site: Site, turn_on: Any, sell: Any) -> Sequence[PriceQuery]:
        turn_on("sale_prices")
        save(site)
        goods = [sell(f"LAMP-{place}", 8900) for place in range(3)]
        return [
            PriceQuery(variant_id=one.variant_id, product_id=one.product_id, quantity=1, list_price=Money(8900, "EUR"))
            for one in goods
        ]

    @pytest.fixture
    def prices(
        self, site: Site, lowered: Sequence[PriceQuery]
    ) -> Callable[[Sequence[PriceQuery]], Mapping[PriceQuery, PromotedPrice]]:
        assert state_of(site.id)
        services.answers(site, lowered)
        return lambda queries: services.answers(site, queries)
