"""Taxes of what waits when an order goes elsewhere: prices stay as agreed, and taxes are those of the new place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.hookspecs.checkout import PricedCart, Tax, TaxableLine
from core.kernel.sites import SiteState
from core.lib.money import Money
from core.orders.services.change_plan import Wish
from core.orders.services.change_shapes import PlannedAdjustment, PlannedLine, PlannedTax
from core.orders.services.parting import carried, carried_offers, offers_of, taxes_of
from core.orders.services.shapes import OrderView

_DELIVERY = "delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retaxed:
    """What of an order is taxed otherwise at the new address: units that become lines anew, rates for further ones.

    `delivery` None: its taxes stay.
    """

    cancels: Mapping[int, int] = field(default_factory=dict)
    lines: tuple[PlannedLine, ...] = ()
    adjustments: tuple[PlannedAdjustment, ...] = ()
    rates: Mapping[int | None, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    delivery: tuple[PlannedTax, ...] | None = None


def retaxed(state: SiteState, order: OrderView, wish: Wish) -> Retaxed:
    """Ask checkout_taxes about all that waits at the address of `wish`; what comes out the same stays as it is."""
    if wish.address is None:
        return Retaxed()
    order = order.at(wish.place)
    known = taxes_of(order.id, wish.place)
    waiting = {
        line.id: carried(line, units, known.get(line.id, []), order, after=wish.cancels.get(line.id, 0))
        for line in order.lines
        if (units := line.allocated - wish.cancels.get(line.id, 0)) and line.id not in wish.prices
    }
    answer = _asked(state, order, wish, waiting)
    changed = {line_id: line for line_id, line in waiting.items() if _is_other(line.taxes, answer.get(line_id, ()))}
    by_id = {line.id: line for line in order.lines}
    lines = tuple(_anew(line, answer.get(line_id, ()), order) for line_id, line in changed.items())
    own = tuple(PlannedTax(name=name, rate=rate, amount=amount) for name, rate, amount in known.get(None, []))
    delivery = answer.get(None, ())
    return Retaxed(
        cancels={line_id: by_id[line_id].allocated for line_id in changed},
        lines=lines,
        adjustments=carried_offers(lines, offers_of(order.id)),
        rates={line_id: tuple((tax.name, tax.rate) for tax in answer.get(line_id, ())) for line_id in changed},
        delivery=delivery if order.delivery_total.amount and _is_other(own, delivery) else None,
    )


_Answer = dict[int | None, tuple[PlannedTax, ...]]


def _asked(state: SiteState, order: OrderView, wish: Wish, waiting: Mapping[int, PlannedLine]) -> _Answer:
    lines = [
        TaxableLine(key=f"line:{line_id}", tax_class=line.tax_class, amount=Money(_base(line, order), order.currency))
        for line_id, line in waiting.items()
    ]
    net = order.delivery_total.amount - _delivery_on_top(order)
    lines.append(TaxableLine(key=_DELIVERY, tax_class=_DELIVERY, amount=Money(net, order.currency)))
    asked = PricedCart(
        lines=tuple(lines), currency=order.currency, address=wish.address,
        prices_include_tax=order.prices_include_tax, customer_id=order.shopper_id,
    )  # fmt: skip
    told = state.hooks.checkout_taxes(site=state.site, priced=asked)
    found: dict[int | None, list[Tax]] = {}
    for tax in told.taxes if told else ():
        found.setdefault(None if tax.key == _DELIVERY else int(tax.key.partition(":")[2]), []).append(tax)
    return {
        key: tuple(PlannedTax(name=tax.name[:120], rate=tax.rate, amount=tax.amount.amount) for tax in taxes)
        for key, taxes in found.items()
    }


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
