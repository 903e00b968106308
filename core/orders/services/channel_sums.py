"""The sums of an order that was priced elsewhere: nothing is reckoned anew, and its parts must be its total.

Pure functions in whole minor units. What is said of the whole order is shared over its lines by largest remainder.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from core.imports.services.rows import Said
from core.lib.money import portion, split
from core.orders.services import channel_remarks as remarks


class Parts(Struct, frozen=True, kw_only=True):
    """What the file says. Per line: price of a unit, of all units, what is taken off, tax and rate where it says them.

    `discount`, `delivery` and `all_taxes` are of the order. `included` None: the file does not say whether prices hold
    the taxes, so the total has to.
    """

    units: Sequence[int]
    subtotals: Sequence[int]
    off: Sequence[int]
    taxes: Sequence[int | None]
    rates: Sequence[int | None]
    taxable: Sequence[bool]
    discount: int
    delivery: int
    delivery_tax: int | None
    all_taxes: int | None
    rate: int | None
    included: bool | None


class LineSum(Struct, frozen=True, kw_only=True):
    """A line: `off` was taken off it alone, `share` is its part of the order's discount. `total` is what it costs."""

    unit: int
    subtotal: int
    off: int
    share: int
    tax: int
    rate: int
    total: int


class Sums(Struct, frozen=True, kw_only=True):
    """All of an order. `delivery_off` is what of the discount the goods could not bear."""

    lines: tuple[LineSum, ...]
    delivery: int
    delivery_off: int
    delivery_tax: int
    delivery_rate: int
    included: bool
    total: int

    @property
    def delivery_total(self) -> int:
        return self.delivery - self.delivery_off + (0 if self.included else self.delivery_tax)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines) + self.delivery_tax


class Wrong(Struct, frozen=True, kw_only=True):
    """Why they are no order; `parts` is what they come to."""

    said: Said
    parts: int = 0


def added_up(parts: Parts, total: int, *, included_here: bool) -> Sums | Wrong:
    """The sums of an order, if they are exactly `total`. `included_here` decides where the file leaves both open."""
    left = [subtotal - off for subtotal, off in zip(parts.subtotals, parts.off, strict=True)]
    goods = sum(max(0, amount) for amount in left)
    delivery_off = max(0, parts.discount - goods)
    if min(left, default=0) < 0 or delivery_off > parts.delivery:
        return Wrong(said=remarks.TOO_MUCH_OFF)
    shares = split(parts.discount - delivery_off, left) if parts.discount > delivery_off else [0] * len(left)
    nets = [amount - share for amount, share in zip(left, shares, strict=True)]
    delivery = parts.delivery - delivery_off
    taxes = _taxes(parts, nets, delivery)
    if taxes is None:
        return Wrong(said=remarks.TAX_WITHOUT_GOODS)
    *line_taxes, delivery_tax = taxes
    bare, with_tax = sum(nets) + delivery, sum(nets) + delivery + sum(taxes)
    included = _is_included(parts, bare, with_tax, total, here=included_here)
    summed = bare if included else with_tax
    if summed != total:
        return Wrong(said=remarks.DOES_NOT_ADD_UP, parts=summed)
    if included and any(tax > base for tax, base in zip(taxes, [*nets, delivery], strict=True)):
        return Wrong(said=remarks.TAX_WITHOUT_GOODS)
    rates = _rates(parts, nets, delivery, taxes, included=included)
    lines = tuple(
        LineSum(
            unit=unit, subtotal=subtotal, off=off, share=share, tax=tax, rate=rate,
            total=subtotal - off - share + (0 if included else tax),
        )
        for unit, subtotal, off, share, tax, rate in zip(
            parts.units, parts.subtotals, parts.off, shares, line_taxes, rates, strict=False
        )
    )  # fmt: skip
    return Sums(
        lines=lines, delivery=parts.delivery, delivery_off=delivery_off, delivery_tax=delivery_tax,
        delivery_rate=rates[-1], included=included, total=total,
    )  # fmt: skip


def _taxes(parts: Parts, nets: Sequence[int], delivery: int) -> list[int] | None:
    """The tax of each line, and behind them that of the delivery; None where nothing can bear what is said."""
    own = [tax or 0 for tax in parts.taxes]
    if any(tax is not None for tax in parts.taxes) or parts.delivery_tax is not None:
        rest = 0 if parts.all_taxes is None else parts.all_taxes - sum(own) - (parts.delivery_tax or 0)
        of_delivery = parts.delivery_tax if parts.delivery_tax is not None else max(0, rest)
        return None if of_delivery and not delivery else [*own, of_delivery]
    bases = [net if taxable else 0 for net, taxable in zip(nets, parts.taxable, strict=True)]
    if parts.all_taxes and not any((*bases, delivery)):
        return None
    return split(parts.all_taxes or 0, [*bases, delivery])


def _is_included(parts: Parts, bare: int, with_tax: int, total: int, *, here: bool) -> bool:
    """What the file says; else what makes its total; where neither does, what is nearer."""
    if parts.included is not None:
        return parts.included
    if bare == with_tax:
        return here
    return abs(bare - total) <= abs(with_tax - total)


def _rates(parts: Parts, nets: Sequence[int], delivery: int, taxes: Sequence[int], *, included: bool) -> list[int]:
    """What the file says of each, else of all, else what the tax comes to; that of the delivery last."""
    bases = [*nets, delivery]
    is_shared = all(tax is None for tax in parts.taxes) and parts.delivery_tax is None
    borne = [(base, tax) for base, tax in zip(bases, taxes, strict=True) if tax]
    over_all = _rate(sum(base for base, _tax in borne), sum(tax for _base, tax in borne), included=included)
    return [
        said if said is not None
        else parts.rate if parts.rate is not None
        else over_all if is_shared
        else _rate(base, tax, included=included)
        for said, base, tax in zip([*parts.rates, None], bases, taxes, strict=True)
    ]  # fmt: skip


def _rate(base: int, tax: int, *, included: bool) -> int:
    """Hundredths of a percent."""
    net = base - tax if included else base
    return portion(tax, 10_000, net) if net > 0 else 0
