"""The price of a parcel by one method: whole numbers in, whole minor units out, and nothing else looked at.

The weight that is billed is the greater of the real and the volumetric one. The order value is that of the goods after
discounts, as they are what the shopper pays for. Where an amount makes delivery free, surcharges are free too.
"""

from __future__ import annotations

from msgspec import Struct

from core.api import Money
from plugins.table_rate.forms import Bracket
from plugins.table_rate.models import PER_KG, PER_PARCEL, TOTAL, WEIGHT, Method

NOT_IN_CURRENCY, CARRIES_NOT, NO_BRACKET = "currency", "excluded", "bracket"
_GRAMS_PER_KG = 1000


class Goods(Struct, frozen=True, kw_only=True):
    """What is to be carried. `total` after discounts; `marks` are the goods' attributes as `code=value`."""

    total: Money
    weight_g: int
    quantity: int
    volume_cm3: int = 0
    marks: frozenset[str] = frozenset()


class Priced(Struct, frozen=True, kw_only=True):
    """The price, or in `refused` why there is none; and the numbers that led there."""

    measure: int
    billed_g: int
    refused: str = ""
    mark: str = ""
    bracket: Bracket | None = None
    units: int = 0
    surcharge: int = 0
    free: bool = False
    amount: int | None = None


def price(method: Method, goods: Goods) -> Priced:
    """What a method charges for goods. Pure, and never below zero."""
    currency = goods.total.currency
    billed = billed_g(method, goods)
    measure = billed if method.basis == WEIGHT else goods.total.amount if method.basis == TOTAL else goods.quantity
    if currency not in method.brackets:
        return Priced(measure=measure, billed_g=billed, refused=NOT_IN_CURRENCY)
    if mark := excluded_mark(method, goods):
        return Priced(measure=measure, billed_g=billed, refused=CARRIES_NOT, mark=mark)
    bracket = next((one for one in brackets_of(method, currency) if one.holds(measure)), None)
    if bracket is None:
        return Priced(measure=measure, billed_g=billed, refused=NO_BRACKET)
    units = surcharge_units(method, billed)
    surcharge = units * int(method.surcharges.get(currency, 0))
    free_from = method.free_from.get(currency)
    is_free = free_from is not None and goods.total.amount >= free_from
    return Priced(
        measure=measure,
        billed_g=billed,
        bracket=bracket,
        units=units,
        surcharge=surcharge,
        free=is_free,
        amount=0 if is_free else bracket.amount + surcharge,
    )


def brackets_of(method: Method, currency: str) -> list[Bracket]:
    """The brackets of a currency, those that begin lower first."""
    return sorted((Bracket(*line) for line in method.brackets.get(currency, ())), key=lambda one: one.low)


def billed_g(method: Method, goods: Goods) -> int:
    """The greater of the real and the volumetric weight, in grams, rounded up."""
    return max(goods.weight_g, volumetric_g(method.divisor, goods.volume_cm3))


def volumetric_g(divisor: int | None, volume_cm3: int) -> int:
    """Grams that a volume counts for, rounded up; `divisor` cubic centimetres weigh a kilogram."""
    return -(-volume_cm3 * _GRAMS_PER_KG // divisor) if divisor else 0


def surcharge_units(method: Method, billed: int) -> int:
    """How often the surcharge is due: per parcel, of which there is one at least, or per started kilogram."""
    if method.per == PER_KG:
        return -(-billed // _GRAMS_PER_KG)
    if method.per == PER_PARCEL:
        return max(1, -(-billed // method.parcel_g)) if method.parcel_g else 1
    return 0


def excluded_mark(method: Method, goods: Goods) -> str:
    """The first of the goods' attributes that the method does not carry; empty if it carries all."""
    marks = {mark.casefold() for mark in goods.marks}
    return next((line for line in method.excluded.splitlines() if line.casefold() in marks), "")
