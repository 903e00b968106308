"""Taxes of what waits when an order or a part of it goes elsewhere: prices stay as agreed, taxes are those there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, field

from core.checkout.services.change_asking import taxes_today
from core.hookspecs.checkout import Address, TaxableLine
from core.kernel.sites import SiteState
from core.lib.money import Money
from core.orders.services.change_plan import Rates, further_line
from core.orders.services.change_shapes import PlannedAdjustment, PlannedLine, PlannedTax
from core.orders.services.change_wish import Wish
from core.orders.services.parting import carried, carried_offers, offers_of, taxes_of
from core.orders.services.shapes import OrderView

_DELIVERY = "delivery"


class Retaxed(Struct, frozen=True, kw_only=True):
    """What of an order is taxed otherwise at the new address: units that become lines anew, rates for further ones.

    `deliveries` are their taxes by place, where they are others.
    """

    cancels: Mapping[int, int] = field(default_factory=dict)
    lines: tuple[PlannedLine, ...] = ()
    adjustments: tuple[PlannedAdjustment, ...] = ()
    rates: Rates = field(default_factory=dict)
    deliveries: Mapping[int, tuple[PlannedTax, ...]] = field(default_factory=dict)


def retaxed(state: SiteState, wish: Wish, rates: Rates) -> Retaxed:
    """Ask checkout_taxes about all that waits where an address is another, and about what moves to another place.

    What waits and comes out the same stays as it is. `rates` are those that lines have.
    """
    cancels: dict[int, int] = {}
    lines: list[PlannedLine] = []
    known: dict[int | None, Sequence[tuple[str, int]]] = {}
    deliveries: dict[int, tuple[PlannedTax, ...]] = {}
    gets = {place for units in wish.moves.values() for place in units}
    elsewhere = {place for place, one in wish.places.items() if one.address is not None}
    offered = offers_of(wish.order.id) if gets | elsewhere else []
    for place in sorted(gets | elsewhere):
        order, own = wish.order.at(place), taxes_of(wish.order.id, place)
        stay = _staying(order, wish, own) if place in elsewhere else {}
        priced = _priced(order, wish, rates) if place in elsewhere else {}
        come = _coming(wish, place, rates, own)
        asked = [*stay.values(), *priced.values(), *come]
        answer, of_delivery = _asked(state, order, wish.address(place), asked)
        for line, taxes in zip(asked, answer, strict=True):
            is_other = _is_other(line.taxes, taxes)
            if line.place != place or (is_other and line.of_line_id in stay):
                anew = _anew(line, taxes, order) if is_other else line
                lines.append(msgspec.structs.replace(anew, place=place))
            if line.place == place and is_other and line.of_line_id is not None:
                known[line.of_line_id] = tuple((tax.name, tax.rate) for tax in taxes)
        for line_id in stay:
            if line_id in known:
                cancels[line_id] = next(line.allocated for line in order.lines if line.id == line_id)
        before = tuple(PlannedTax(name=name, rate=rate, amount=amount) for name, rate, amount in own.get(None, []))
        if place in elsewhere and order.delivery_total.amount and _is_other(before, of_delivery):
            deliveries[place] = of_delivery
    return Retaxed(
        cancels=cancels, lines=tuple(lines), adjustments=carried_offers(tuple(lines), offered), rates=known,
        deliveries=deliveries,
    )  # fmt: skip


_Taxes = Mapping[int | None, list[tuple[str, int, int]]]


def _staying(order: OrderView, wish: Wish, own: _Taxes) -> dict[int, PlannedLine]:
    """What waits at a place and stays there, at what was agreed. After it go the units that leave."""
    return {
        line.id: carried(
            line, units, own.get(line.id, []), order, after=wish.cancels.get(line.id, 0) + wish.leaves(line.id)
        )
        for line in order.lines
        if line.id not in wish.prices and (units := wish.stays(line))
    }  # fmt: skip


def _priced(order: OrderView, wish: Wish, rates: Rates) -> dict[int, PlannedLine]:
    """What stays at a place and gets another price: its rates alone are asked for."""
    return {
        line.id: further_line(
            line, units, wish.prices[line.id], rates.get(line.id, ()), included=order.prices_include_tax
        )
        for line in order.lines
        if line.id in wish.prices and (units := wish.stays(line))
    }  # fmt: skip


def _coming(wish: Wish, place: int, rates: Rates, taxes: _Taxes) -> list[PlannedLine]:
    """What comes from other places, at what was agreed there or at the price that is set."""
    found = []
    for line in wish.order.lines:
        first = wish.cancels.get(line.id, 0)
        for to, units in wish.moves.get(line.id, {}).items():
            if to == place and line.id in wish.prices:
                own, included = rates.get(line.id, ()), wish.order.prices_include_tax
                found.append(further_line(line, units, wish.prices[line.id], own, included=included))
            elif to == place:
                found.append(carried(line, units, taxes.get(line.id, []), wish.order, after=first))
            first += units
    return found


def _asked(
    state: SiteState, order: OrderView, address: Address | None, lines: Sequence[PlannedLine]
) -> tuple[list[tuple[PlannedTax, ...]], tuple[PlannedTax, ...]]:
    """The taxes of lines and of the delivery, as of today, at an address."""
    asked = [
        TaxableLine(key=f"line:{at}", tax_class=line.tax_class, amount=Money(_base(line, order), order.currency))
        for at, line in enumerate(lines)
    ]
    net = order.delivery_total.amount - _delivery_on_top(order)
    asked.append(TaxableLine(key=_DELIVERY, tax_class=_DELIVERY, amount=Money(net, order.currency)))
    found: dict[str, list[PlannedTax]] = {}
    for tax in taxes_today(state, order, asked, address):
        found.setdefault(tax.key, []).append(PlannedTax(name=tax.name[:120], rate=tax.rate, amount=tax.amount.amount))
    return [tuple(found.get(f"line:{at}", ())) for at in range(len(lines))], tuple(found.get(_DELIVERY, ()))


def _base(line: PlannedLine, order: OrderView) -> int:
    """What the tax is worked out from, in the site's form of prices."""
    return line.total if order.prices_include_tax else line.total - line.tax


def _delivery_on_top(order: OrderView) -> int:
    if order.prices_include_tax:
        return 0
    return sum(amount for _name, _rate, amount in taxes_of(order.id, order.destinations[0].position).get(None, []))


def _is_other(one: tuple[PlannedTax, ...], two: tuple[PlannedTax, ...]) -> bool:
    """Whether the rates differ; a cent that a part of a line rounds otherwise is no other tax."""
    return sorted((tax.name, tax.rate) for tax in one) != sorted((tax.name, tax.rate) for tax in two)


def _anew(line: PlannedLine, taxes: tuple[PlannedTax, ...], order: OrderView) -> PlannedLine:
    base, tax = _base(line, order), sum(one.amount for one in taxes)
    values = {name: getattr(line, name) for name in line.__struct_fields__}
    values.update(tax=tax, total=base if order.prices_include_tax else base + tax, taxes=taxes)
    return PlannedLine(**values)
