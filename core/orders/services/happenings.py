"""What a change does to an order as its timeline keeps it: places, units and prices, before and after."""

from __future__ import annotations

import msgspec

from core.hookspecs.checkout import Address
from core.orders.services.change_shapes import Plan, PlannedDelivery, PlannedLine, PlannedPlace
from core.orders.services.part_shapes import DestinationView, OrderLineView
from core.orders.services.shapes import OrderView


def what_changes(order: OrderView, plan: Plan) -> dict[str, object]:
    """`places`, `moved`, `billing`, `contact`, `quantities` and `prices` with their `before` and `after`.

    What stays as it is, is left out. Each of the places has its `address`, its `delivery` or both: of a delivery,
    `amount` is what the shopper pays for it with its tax. What `moved` says from which address to which.
    """
    found: dict[str, object] = {}
    places = [_place(order, place, new) for place, new in sorted(plan.places.items())]
    if any(places):
        found["places"] = [one for one in places if one]
    if moved := _moved(order, plan):
        found["moved"] = moved
    if plan.billing is not None:
        found["billing"] = {"before": _plain(order.billing or order.address), "after": _plain(plan.billing)}
    if plan.email or plan.phone:
        found["contact"] = [
            {"name": name, "before": before, "after": after}
            for name, before, after in (("email", order.email, plan.email), ("phone", order.phone, plan.phone))
            if after
        ]
    further = {line.id: [one for one in plan.lines if one.of_line_id == line.id] for line in order.lines}
    quantities = [told for line in order.lines if (told := _quantity(line, plan, further[line.id]))]
    quantities += [{"name": new.name, "before": 0, "after": new.quantity} for new in plan.lines if not new.of_line_id]
    prices = [told for line in order.lines for new in further[line.id] if (told := _price(line, new))]
    return {**found, **({"quantities": quantities} if quantities else {}), **({"prices": prices} if prices else {})}


def _place(order: OrderView, place: int, new: PlannedPlace) -> dict[str, object]:
    there = next((one for one in order.destinations if one.position == place), None)
    address = there.address if there else None
    found: dict[str, object] = {}
    if new.address is not None:
        found["address"] = {"before": _plain(address), "after": _plain(new.address)}
    return found | (_delivery(there, new.delivery) if new.delivery is not None else {})


def _moved(order: OrderView, plan: Plan) -> list[dict[str, object]]:
    """Units that go to another place of the order."""
    by_id = {line.id: line for line in order.lines}
    known = {one.position: one.address for one in order.destinations}
    return [
        {
            "name": new.name,
            "quantity": new.quantity,
            "address": {
                "before": _plain(known[by_id[new.of_line_id].place]),
                "after": _plain(plan.addresses.get(new.place) or known[new.place]),
            },
        }
        for new in plan.lines
        if new.of_line_id in by_id and by_id[new.of_line_id].place != new.place
    ]


def _delivery(there: DestinationView | None, new: PlannedDelivery) -> dict[str, object]:
    before = {"title": there.delivery_title if there else "", "amount": there.total.amount if there else 0}
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
