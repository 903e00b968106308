"""The contract of who works out taxes: whole minor units, on the lines that were asked about, the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from msgspec.structs import replace

from core.hookspecs.checkout import Address, PricedCart, Tax, TaxableLine, Taxes
from core.lib.money import Money
from core.testing.contracts.fences import no_network, no_writes
from core.testing.contracts.samples import the_address

Ask = Callable[[PricedCart], Taxes | None]
_WHOLE = 10_000


class TaxContract:
    """Subclass it in the plugin's tests and give `taxes`, the hook `checkout_taxes` bound to a site, and `taxed`.

    `taxed` are carts that bear a tax, with prices that hold it and with prices that lack it.
    """

    @pytest.fixture
    def taxes(self) -> Ask:
        raise NotImplementedError("give what answers checkout_taxes")

    @pytest.fixture
    def taxed(self) -> Sequence[PricedCart]:
        raise NotImplementedError("give at least one cart that bears a tax")

    @pytest.fixture(autouse=True)
    def _fence(self, taxes: Ask, taxed: Sequence[PricedCart]) -> Iterator[None]:
        del taxes, taxed  # made before the fence stands
        with no_writes(), no_network():
            yield

    def test_what_bears_a_tax_is_taxed(self, taxes: Ask, taxed: Sequence[PricedCart]) -> None:
        assert taxed, "no sample: the other rules would prove nothing"
        for cart in taxed:
            found = taxes(cart)
            assert found is not None, "it has nothing to say"
            assert sum(tax.amount.amount for tax in found.taxes) > 0, "it takes nothing"

    def test_a_tax_is_of_a_line_that_is_there_in_its_currency(self, taxes: Ask, taxed: Sequence[PricedCart]) -> None:
        for cart in (*taxed, *odd_ones(taxed)):
            keys = {line.key for line in cart.lines}
            for tax in _told(taxes, cart):
                assert tax.key in keys, f"it taxes {tax.key}, which is not there"
                assert tax.amount.currency == cart.currency, "a tax in another currency"
                assert tax.name.strip(), "a tax without a name cannot stand on a bill"
                assert tax.rate >= 0, "a rate below zero"

    def test_a_tax_is_its_rate_of_the_line(self, taxes: Ask, taxed: Sequence[PricedCart]) -> None:
        for cart in (*taxed, *odd_ones(taxed)):
            for line in cart.lines:
                mine = [tax for tax in _told(taxes, cart) if tax.key == line.key]
                base = _WHOLE + sum(tax.rate for tax in mine) if cart.prices_include_tax else _WHOLE
                for tax in mine:
                    off = tax.amount.amount * base - line.amount.amount * tax.rate
                    assert abs(off) <= base, f"{tax.amount} is not {tax.rate / 100} % of {line.amount}"

    def test_the_order_of_the_lines_does_not_matter(self, taxes: Ask, taxed: Sequence[PricedCart]) -> None:
        for cart in taxed:
            turned = replace(cart, lines=tuple(reversed(cart.lines)))
            assert sorted(map(repr, _told(taxes, cart))) == sorted(map(repr, _told(taxes, turned)))

    def test_the_same_cart_bears_the_same_taxes(self, taxes: Ask, taxed: Sequence[PricedCart]) -> None:
        for cart in (*taxed, *odd_ones(taxed)):
            assert taxes(cart) == taxes(cart), "what the shopper saw is not what the order would say"

    def test_it_has_an_answer_to_any_cart(self, taxes: Ask, taxed: Sequence[PricedCart]) -> None:
        for cart in odd_ones(taxed):
            assert isinstance(taxes(cart), Taxes | None), "an error refuses the order"


def _told(taxes: Ask, cart: PricedCart) -> tuple[Tax, ...]:
    found = taxes(cart)
    return found.taxes if found else ()


def odd_ones(taxed: Sequence[PricedCart]) -> list[PricedCart]:
    """Carts that one did not think of: going nowhere, to no country, empty, for nothing, in yen, of other classes."""
    usual = taxed[0]
    yen = tuple(replace(line, amount=Money(line.amount.amount, "JPY")) for line in usual.lines)
    free = tuple(replace(line, amount=Money.zero(usual.currency)) for line in usual.lines)
    other = TaxableLine(key="line:99", tax_class="nobody_knows", amount=Money(1, usual.currency))
    return [
        replace(usual, address=None),
        replace(usual, address=Address(country="ZZ")),
        replace(usual, address=the_address("US", region="CA", postcode="90001")),
        replace(usual, lines=()),
        replace(usual, lines=free),
        replace(usual, lines=yen, currency="JPY"),
        replace(usual, lines=(*usual.lines, other)),
        replace(usual, customer_id=5),
        replace(usual, prices_include_tax=not usual.prices_include_tax),
    ]
