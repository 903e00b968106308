"""What an order scores: pure functions of its signs and the merchant's points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from core.api import Address, Money, fold, is_cjk
from core.api import words as words_of
from plugins.risk.forms import Risk, limit

MOST = 100


class Signs(Struct, frozen=True, kw_only=True):
    """What is known of an order. `goods` is what they cost before offers; `orders` counts this one.

    `units` are pieces by article, `declines` payments that failed so far; `is_first`: nothing was ever sent to them.
    """

    goods: Money
    units: Mapping[str, int] = field(default_factory=dict)
    email: str = ""
    address: Address | None = None
    billing: Address | None = None
    orders: int = 1
    is_first: bool = False
    declines: int = 0


class Reason(Struct, frozen=True, kw_only=True):
    """A rule that an order meets, the points it brings, and the figures that say why."""

    rule: str
    points: int
    figures: Mapping[str, Any] = field(default_factory=dict)


class Assessment(Struct, frozen=True, kw_only=True):
    """The reasons of an order; its score is their sum, at most 100."""

    reasons: tuple[Reason, ...] = ()

    @property
    def score(self) -> int:
        return min(MOST, sum(one.points for one in self.reasons))


def assess(rules: Risk, signs: Signs) -> Assessment:
    """Ask every rule that is worth something, in their order."""
    found = []
    for rule, points, figures_of in RULES:
        worth = getattr(rules, points)
        if worth and (figures := figures_of(rules, signs)) is not None:
            found.append(Reason(rule=rule, points=worth, figures=figures))
    return Assessment(reasons=tuple(found))


Figures = Mapping[str, Any]


def _large(rules: Risk, signs: Signs) -> Figures | None:
    return _above(rules.value_above, signs)


def _large_first(rules: Risk, signs: Signs) -> Figures | None:
    return _above(rules.first_above, signs) if signs.is_first else None


def _above(text: str, signs: Signs) -> Figures | None:
    most = limit(text, signs.goods.currency)
    if most is None or signs.goods.amount <= most.amount:
        return None
    return {"amount": signs.goods.amount, "currency": signs.goods.currency}


def _countries(_rules: Risk, signs: Signs) -> Figures | None:
    if signs.address is None or signs.billing is None or signs.billing.country == signs.address.country:
        return None
    return {"bill": signs.billing.country, "goods": signs.address.country}


def _units(rules: Risk, signs: Signs) -> Figures | None:
    sku, most = max(signs.units.items(), key=lambda one: one[1], default=("", 0))
    return {"count": most, "sku": sku} if most > rules.units_above else None


def _many(rules: Risk, signs: Signs) -> Figures | None:
    return {"count": signs.orders, "hours": rules.many_hours} if signs.orders >= rules.many_orders else None


def _declines(rules: Risk, signs: Signs) -> Figures | None:
    return {"count": signs.declines} if signs.declines >= rules.declines_from else None


def _email(rules: Risk, signs: Signs) -> Figures | None:
    folded = signs.email.strip().casefold()
    listed = {line.strip().casefold() for line in rules.emails.splitlines() if line.strip()}
    is_listed = folded in listed or any(one.startswith("@") and folded.endswith(one) for one in listed)
    return {} if folded and is_listed else None


def _address(rules: Risk, signs: Signs) -> Figures | None:
    places = [_text(one) for one in (signs.address, signs.billing) if one is not None]
    listed = [line for line in rules.addresses.splitlines() if words_of(line)]
    return {} if any(_stands_in(line, place) for line in listed for place in places) else None


def _text(address: Address) -> str:
    parts = (address.name, address.company, *address.lines, address.district, address.city, address.region)
    return " ".join((*parts, address.postcode))


def _stands_in(line: str, place: str) -> bool:
    """Whether every word of a line is one of the place's; Chinese has no words, so there the letters must follow."""
    known, letters = set(words_of(place)), "".join(fold(place).split())
    return all(
        "".join(fold(piece).split()) in letters if is_cjk(piece) else known.issuperset(words_of(piece))
        for piece in line.split()
    )


# The rules by name, with the setting of their points, in the order in which they are told.
RULES: tuple[tuple[str, str, Callable[[Risk, Signs], Figures | None]], ...] = (
    ("large", "value_points", _large),
    ("large_first", "first_points", _large_first),
    ("countries", "countries_points", _countries),
    ("units", "units_points", _units),
    ("many", "many_points", _many),
    ("declines", "declines_points", _declines),
    ("email", "email_points", _email),
    ("address", "address_points", _address),
)
