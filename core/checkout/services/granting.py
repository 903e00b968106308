"""The taxes within what is granted and withheld: a price that changes after placement does so at its goods' rates.

Each grant takes of every tax that is left the part that it takes of the price that is left, so whoever is granted the
whole price is granted the whole tax, to the cent, in however many steps. A fee that is withheld of what came back keeps
as much of the taxes as of the price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct, field

from core.kernel import db
from core.lib.money import portion, split
from core.orders.services.change_shapes import GRANTS, Plan, PlannedCharge, PlannedTax
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView
from core.orders.services.status import returned_value, share

Key = tuple[str, int]


class _Pool(Struct):
    """A price with the taxes within it, by name and rate."""

    price: int = 0
    taxes: dict[Key, int] = field(default_factory=dict)

    def add(self, price: int, taxes: Mapping[Key, int]) -> None:
        """Count something more in; what was granted is below zero."""
        self.price += price
        for key, amount in taxes.items():
            self.taxes[key] = self.taxes.get(key, 0) + amount


class _Pools(Struct):
    """What is left of an order: each line, what a change adds, and the rest (delivery, fees, goodwill).

    `back` is what of each line came back.
    """

    lines: dict[int, _Pool]
    back: dict[int, _Pool]
    new: _Pool
    rest: _Pool

    def of(self, charge: PlannedCharge) -> _Pool:
        """What a grant is taken from: its line, the goods that are sent once more, or the whole order."""
        if charge.line_id is not None:
            return self.lines[charge.line_id]
        return self.new if charge.charge == "claim" and self.new.price else self.whole()

    def whole(self) -> _Pool:
        """All of the order."""
        found = _Pool()
        for one in (*self.lines.values(), self.new, self.rest):
            found.add(one.price, one.taxes)
        return found

    def keep(self, charge: PlannedCharge, price: int, taxes: Mapping[Key, int]) -> None:
        """Remember a charge where it was taken from."""
        if charge.line_id is not None:
            self.lines[charge.line_id].add(price, taxes)
        elif charge.charge == "claim" and self.new.price:
            self.new.add(price, taxes)
        else:
            self.rest.add(price, taxes)


def with_taxes_granted(order: OrderView, plan: Plan) -> Plan:
    """The plan with the taxes within its grants and withheld fees. Two statements, none where there are none.

    What is granted or withheld is a price with its taxes; where taxes stand on top, the charge is what is left of it
    without them.
    """
    if not any(one.charge in GRANTS or one.withheld_of for one in plan.charges):
        return plan
    pools, charges = _pools(order, plan), []
    for one in plan.charges:
        found = one
        if one.charge in GRANTS:
            found = _granted(one, pools, included=order.prices_include_tax)
        elif one.withheld_of and not one.taxed:
            found = _withheld(one, pools, included=order.prices_include_tax)
        pools.keep(found, *_sums(found, included=order.prices_include_tax))
        charges.append(found)
    return msgspec.structs.replace(plan, charges=tuple(charges))


def _granted(one: PlannedCharge, pools: _Pools, *, included: bool) -> PlannedCharge:
    amount, whole = -one.amount, pools.whole()
    pool = whole if amount >= whole.price else pools.of(one)
    lowered = tuple(
        PlannedTax(name=name, rate=rate, amount=-tax)
        for (name, rate), part in _part_of(pool, amount).items()
        if (tax := min(part, whole.taxes.get((name, rate), 0))) > 0
    )
    net = one.amount - (0 if included else sum(tax.amount for tax in lowered))
    return msgspec.structs.replace(one, amount=net, taxes=lowered)


def _withheld(one: PlannedCharge, pools: _Pools, *, included: bool) -> PlannedCharge:
    """A fee as a part of each line that came back, with as much of its taxes."""
    taxes: dict[Key, int] = {}
    shares = split(one.amount, list(one.withheld_of.values()))
    for line_id, amount in zip(one.withheld_of, shares, strict=True):
        for key, part in _part_of(pools.back[line_id], amount).items():
            taxes[key] = taxes.get(key, 0) + part
    kept = tuple(PlannedTax(name=name, rate=rate, amount=tax) for (name, rate), tax in taxes.items() if tax)
    net = one.amount - (0 if included else sum(tax.amount for tax in kept))
    return msgspec.structs.replace(one, amount=net, taxes=kept)


def _part_of(pool: _Pool, amount: int) -> dict[Key, int]:
    """Of every tax as much as `amount` is of the price."""
    if pool.price <= 0:
        return {}
    return {key: portion(tax, min(amount, pool.price), pool.price) for key, tax in pool.taxes.items()}


def _sums(one: PlannedCharge, *, included: bool) -> tuple[int, dict[Key, int]]:
    taxes = {(tax.name, tax.rate): tax.amount for tax in one.taxes}
    return one.amount + (0 if included else sum(taxes.values())), taxes


def _pools(order: OrderView, plan: Plan) -> _Pools:
    of_lines, of_charges, of_delivery = _stored_taxes(order.id)
    pools = _Pools(
        lines={line.id: _line(line, plan, of_lines.get(line.id, {})) for line in order.lines},
        back={line.id: _back(line, of_lines.get(line.id, {})) for line in order.lines}, new=_Pool(), rest=_Pool(),
    )  # fmt: skip
    for new in plan.lines:
        pools.new.add(new.total, _added((tax.name, tax.rate, tax.amount) for tax in new.taxes))
    if plan.lines or any(line.left - plan.cancels.get(line.id, 0) for line in order.lines):
        for delivery in plan.deliveries.values():
            pools.rest.add(delivery.total, _added((tax.name, tax.rate, tax.amount) for tax in delivery.taxes))
        for one in order.destinations:
            if one.position not in plan.emptied and one.position not in plan.deliveries:
                pools.rest.add(one.total.amount, of_delivery.get(one.position, {}))
    for charge_id, line_id, amount in db.rows(
        "SELECT id, line_id, amount FROM order_charge WHERE order_id = ? ORDER BY id", order.id
    ):
        taxes = of_charges.get(charge_id, {})
        pool = pools.rest if line_id is None else pools.lines[line_id]
        pool.add(amount + (0 if order.prices_include_tax else sum(taxes.values())), taxes)
    return pools


def _line(line: OrderLineView, plan: Plan, taxes: Mapping[Key, int]) -> _Pool:
    """What is left of a line without what was cancelled and came back."""
    gone = line.cancelled + line.received + plan.cancels.get(line.id, 0)
    return _Pool(
        price=line.total.amount - share(line.total.amount, gone, line.quantity),
        taxes={key: amount - share(amount, gone, line.quantity) for key, amount in taxes.items()},
    )


def _back(line: OrderLineView, taxes: Mapping[Key, int]) -> _Pool:
    """What of a line came back."""
    first, last = line.cancelled, line.cancelled + line.received
    return _Pool(
        price=returned_value([line.facts]),
        taxes={
            key: share(amount, last, line.quantity) - share(amount, first, line.quantity)
            for key, amount in taxes.items()
        },
    )


_ByOwner = dict[int, dict[Key, int]]


def _stored_taxes(order_id: int) -> tuple[_ByOwner, _ByOwner, _ByOwner]:
    """The taxes of lines, of charges and of the delivery to each place."""
    lines: dict[int, dict[Key, int]] = {}
    charges: dict[int, dict[Key, int]] = {}
    delivery: dict[int, dict[Key, int]] = {}
    for line_id, charge_id, place, name, rate, amount in db.rows(
        "SELECT line_id, charge_id, place, name, rate, amount FROM order_tax WHERE order_id = ? ORDER BY id", order_id
    ):
        at = delivery.setdefault(place, {}) if charge_id is None and line_id is None else {}
        if charge_id is not None:
            at = charges.setdefault(charge_id, {})
        elif line_id is not None:
            at = lines.setdefault(line_id, {})
        at[name, rate] = at.get((name, rate), 0) + amount
    return lines, charges, delivery


def _added(taxes: Iterable[tuple[str, int, int]]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for name, rate, amount in taxes:
        found[name, rate] = found.get((name, rate), 0) + amount
    return found
