"""Goods for several addresses, in countries with taxes of their own, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from core.cart.services import CartPlace, Details
from core.hookspecs.checkout import Address, PricedCart, Taxes
from core.hookspecs.fulfil import Parcel, Rate
from core.lib.money import Money
from tests.core.checkout.shop import LONDON, Post, Shop
from tests.core.checkout.test_quote import tax_by_fractions

PARIS = Address(name="Grandma", lines=("1 rue de Rivoli",), city="Paris", postcode="75001", country="FR")
BONN = Address(name="Uncle", lines=("Am Markt 1",), city="Bonn", postcode="53111", country="DE")
RATES = {"GB": 2000, "FR": 1000, "DE": 1900, "JP": 1000}


class Abroad(Post):
    """4.90 in Britain; 8.00 and 1.00 for each piece elsewhere; nobody goes to Japan."""

    def serves(self, address: Address) -> str:
        return "We do not sail that far." if address.country == "JP" else ""

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        far, pieces = parcel.address.country != "GB", sum(line.quantity for line in parcel.lines)
        amount = Money(800 + 100 * pieces if far else 490, parcel.value.currency)
        return [Rate(service="standard", title="Far" if far else "Near", amount=amount)]


def by_country(priced: PricedCart) -> Taxes:
    return tax_by_fractions(priced, RATES[priced.address.country]) if priced.address else Taxes()


def spread(shop: Shop, *things: tuple[int, int], places: Sequence[CartPlace], **more: Any) -> str:
    """A cart whose further places are `places`; answers its token."""
    details = Details(email="ada@example.com", address=more.pop("address", LONDON), places=tuple(places), **more)
    return shop.fill_cart(*things, details=details)


def to(address: Address | None, units: Mapping[int, int], **more: str) -> CartPlace:
    return CartPlace(address=address, units=units, **more)


def within(amount: int, rate: int) -> int:
    """The tax within a price, halves up."""
    return int(Fraction(amount * rate, 10_000 + rate) + Fraction(1, 2))
