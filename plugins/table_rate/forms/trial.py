"""What the box for trying out may say."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from core.api import Address, Money, NotMoney, Site, parse_money, say
from plugins.table_rate.forms.zones import whole


class Trial(Struct, frozen=True, kw_only=True):
    """A parcel that somebody imagines. `volume_cm3` stands in for the goods' dimensions."""

    address: Address
    total: Money
    weight_g: int
    quantity: int
    volume_cm3: int


def parse_trial(said: Mapping[str, str], site: Site, errors: dict[str, str]) -> Trial:
    """The imagined parcel; empty fields stand for none, one piece, the site's own country and currency."""
    currency = said.get("currency", "")
    currency = currency if currency in site.currencies else site.currency
    address = Address(
        country=said.get("country", "").strip().upper() or site.country,
        region=said.get("region", "").strip(),
        postcode=said.get("postcode", "").strip(),
    )
    quantity = whole(said, "quantity", 100_000, errors, 1)
    return Trial(
        address=address,
        total=_total(said.get("total", ""), currency, errors),
        weight_g=whole(said, "weight", 100_000_000, errors) or 0,
        quantity=1 if quantity is None else quantity,
        volume_cm3=whole(said, "volume", 1_000_000_000, errors) or 0,
    )


def _total(text: str, currency: str, errors: dict[str, str]) -> Money:
    if not text.strip():
        return Money.zero(currency)
    try:
        return Money(abs(parse_money(text, currency).amount), currency)
    except NotMoney as error:
        errors["total"] = say(error)
        return Money.zero(currency)
