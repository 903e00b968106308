"""The contract of who works out taxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from core.api import PricedCart, Taxes
from core.testing.contracts import TaxContract
from plugins.tax_table import services
from plugins.tax_table.tests.test_tax_table import SITE, cart, rate


@pytest.mark.once
class TestTaxes(TaxContract):
    """A fifth on goods, five hundredths on delivery, in prices or on top of them."""

    @pytest.fixture
    def taxes(self) -> Callable[[PricedCart], Taxes | None]:
        rates = [rate(), rate(percent="5", tax_class="delivery"), rate("US", "8.25")]
        return lambda priced: services.taxes(SITE, priced, rates)

    @pytest.fixture
    def taxed(self) -> Sequence[PricedCart]:
        return [cart(12_000, 99, delivery=500), cart(10_001, 3, inside=False, delivery=495)]
