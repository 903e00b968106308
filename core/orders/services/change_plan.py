"""From what is wished to a plan that leaves agreed prices alone: lines at their own rates, and places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.lib.money import portion, split
from core.orders.services.change_shapes import Plan, PlannedDelivery, PlannedLine, PlannedPlace, PlannedTax
from core.orders.services.change_wish import Wish, put_units
from core.orders.services.part_shapes import OrderLineView

Rates = Mapping[int | None, Sequence[tuple[str, int]]]


def taxed(amount: int, rates: Sequence[tuple[str, int]], *, included: bool) -> tuple[PlannedTax, ...]:
    """Taxes on an amount at known rates; several of them share one rounded sum by largest remainder."""
    whole = sum(rate for _name, rate in rates)
    if not whole:
        return tuple(PlannedTax(name=name, rate=rate, amount=0) for name, rate in rates)
    tax = portion(amount, whole, 10_000 + whole) if included else portion(amount, whole, 10_000)
    parts = split(tax, [rate for _name, rate in rates])
    return tuple(PlannedTax(name=name, rate=rate, amount=part) for (name, rate), part in zip(rates, parts, strict=True))


def further_line(
    line: OrderLineView, quantity: int, unit: int, rates: Sequence[tuple[str, int]], *, included: bool
) -> PlannedLine:
    """Units that go on from a line, at `unit` each and at the line's own tax rates."""
    subtotal = unit * quantity
    taxes = taxed(subtotal, rates, included=included)
    tax = sum(one.amount for one in taxes)
    return PlannedLine(
        variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name, picture=line.picture,
        quantity=quantity, unit_amount=unit, list_amount=max(unit, line.list_unit.amount), subtotal=subtotal,
        discount=0, tax=tax, total=subtotal if included else subtotal + tax, tax_class=line.tax_class,
        weight_g=line.weight_g, needs_delivery=line.needs_delivery, returns=line.returns, of_line_id=line.id,
        place=line.place, taxes=taxes,
        parts=line.parts,
        promised_at=line.promised_at,
    )  # fmt: skip


def kept_plan(wish: Wish, rates: Rates, new: Sequence[PlannedLine]) -> Plan:
    """The plan that leaves agreed prices alone; `new` are the goods that were not on the order, priced today.

    Where places are and how goods come there is not in it yet, but what leaves a line for another place is cancelled.
    """
    order, included = wish.order, wish.order.prices_include_tax
    cancels, lines = dict(wish.cancels), list[PlannedLine]()
    for line in order.lines:
        own, more = rates.get(line.id, ()), wish.further.get(line.id, 0)
        put_units(cancels, line.id, wish.leaves(line.id))
        if line.id in wish.prices:
            cancels[line.id] = line.allocated
            if units := wish.stays(line) + more:
                lines.append(further_line(line, units, wish.prices[line.id], own, included=included))
        elif more:
            lines.append(further_line(line, more, line.unit.amount, own, included=included))
    return Plan(
        cancels=cancels, lines=(*lines, *new), charges=tuple(wish.charges), billing=wish.billing, email=wish.email,
        phone=wish.phone,
    )  # fmt: skip


def planned_places(wish: Wish, deliveries: Mapping[int, PlannedDelivery]) -> dict[int, PlannedPlace]:
    """The places as they will be written: what is other than before of each."""
    return {
        place: PlannedPlace(address=one.address, delivery=deliveries.get(place), is_new=one.is_new)
        for place, one in sorted(wish.places.items())
        if one.address is not None or place in deliveries
    }
