"""What a change does to an order as its timeline keeps it: places, units and prices, before and after."""

from __future__ import annotations

import msgspec

from core.hookspecs.checkout import Address
from core.orders.services.change_shapes import Plan, PlannedDelivery, PlannedLine
from core.orders.services.shapes import OrderLineView, OrderView


def what_changes(order: OrderView, plan: Plan) -> dict[str, object]:
    """`address`, `delivery`, `billing`, `contact`, `quantities` and `prices` with their `before` and `after`.

    What stays as it is, is left out. Of the delivery, `amount` is what the shopper pays for it with its tax.
    """
    found: dict[str, object] = {}
    if plan.address is not None:
        found["address"] = {"before": _plain(order.at(plan.place).address), "after": _plain(plan.address)}
    if plan.delivery is not None:
        found |= _delivery(order.at(plan.place), plan.delivery)
    if plan.billing is not None:
        found["billing"] = {"before": _plain(order.billing or order.address), "after": _plain(plan.billing)}
    if plan.email or plan.phone:
        found["contact"] = [
            {"name": name, "before": before, "after": after}
            for name, before, after in (("email", order.email, plan.email), ("phone", order.phone, plan.phone))
            if after
        ]
    further = {line.id: [one for one in plan.lines if one.of_line_id == line.id] for line in order.lines}
    quantities = [one for line in order.lines if (one := _quantity(line, plan, further[line.id]))]
    quantities += [{"name": new.name, "before": 0, "after": new.quantity} for new in plan.lines if not new.of_line_id]
    prices = [one for line in order.lines for new in further[line.id] if (one := _price(line, new))]
    return {**found, **({"quantities": quantities} if quantities else {}), **({"prices": prices} if prices else {})}


def _delivery(order: OrderView, new: PlannedDelivery) -> dict[str, object]:
    before = {"title": order.delivery_title, "amount": order.delivery_total.amount}
    after = {"title": new.title, "amount": new.total}
    return {} if before == after else {"delivery": {"before": before, "after": after}}


def _plain(address: Address | None) -> object:
    return None if address is None else msgspec.to_builtins(address)


def _quantity(line: OrderLineView, plan: Plan, further: list[PlannedLine]) -> dict[str, object] | None:
    after = line.left - plan.cancels.get(line.id, 0) + sum(one.quantity for one in further)
    return None if after == line.left else {"name": line.name, "before": line.left, "after": after}


def _price(line: OrderLineView, new: PlannedLine) -> dict[str, object] | None:
    if new.unit_amount == line.unit.amount:
        return None
    return {"name": line.name, "before": line.unit.amount, "after": new.unit_amount}
