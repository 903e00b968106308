"""An order that goes to several places: which of them an act is about, and what bringing goods to each costs.

The delivery to a place falls away with the last unit that was to go there, as that of the whole order does with its
last unit. Units that go into another order leave it where it was agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.kernel import db
from core.lib.errors import NotFound, Unfit
from core.orders.services.shapes import OrderView

DeliveryTax = tuple[str, int, int]


def place_of(order: OrderView, place: int | None) -> int:
    """The place that is meant: the only one, if none is named. Raises Unfit where there are several, NotFound."""
    if place is None:
        if order.is_spread:
            raise Unfit({"destination": "This order goes to several addresses. Say which one is meant."})
        return order.destinations[0].position
    return order.at(place).destinations[0].position


def emptied(order: OrderView, cancels: Mapping[int, int], further: Iterable[int] = ()) -> tuple[int, ...]:
    """The places to which nothing goes any more once these units are cancelled, while something goes to others.

    `further` are places that get something more.
    """
    if not order.is_spread:
        return ()
    before = {line.place for line in order.lines if line.left}
    after = {line.place for line in order.lines if line.left > cancels.get(line.id, 0)} | set(further)
    return tuple(sorted(before - after)) if after else ()


def delivery_taxes(order_id: int) -> dict[int, list[DeliveryTax]]:
    """(name, rate, amount) of the taxes of the delivery to each place. One statement."""
    found: dict[int, list[DeliveryTax]] = {}
    for place, name, rate, amount in db.rows(
        "SELECT place, name, rate, amount FROM order_tax WHERE order_id = ? AND line_id IS NULL AND charge_id IS NULL"
        " ORDER BY id",
        order_id,
    ):
        found.setdefault(place, []).append((name, rate, int(amount)))
    return found


def live_places(order_id: int) -> set[int]:
    """The places to which something goes that was not cancelled. One statement."""
    return {
        place
        for (place,) in db.rows(
            "SELECT DISTINCT place FROM order_line WHERE order_id = ? AND cancelled < ordered", order_id
        )
    }


def drop_deliveries(order_id: int, places: Sequence[int]) -> None:
    """The ways to these places are not gone, so they cost nothing. Part of a verb's transaction."""
    db.require_transaction()
    for place in places:
        row = db.one(
            "SELECT id, delivery - discount, total FROM order_destination WHERE order_id = ? AND position = ?",
            order_id, place,
        )  # fmt: skip
        if row is None:
            raise NotFound
        db.execute(
            "DELETE FROM order_tax WHERE order_id = ? AND place = ? AND line_id IS NULL AND charge_id IS NULL",
            order_id, place,
        )  # fmt: skip
        db.execute("UPDATE order_destination SET delivery = discount, total = 0 WHERE id = ?", row[0])
        db.execute(
            "UPDATE orders SET delivery = delivery - ?, delivery_total = delivery_total - ?, total = total - ?,"
            " tax = (SELECT COALESCE(SUM(t.amount), 0) FROM order_tax t WHERE t.order_id = orders.id) WHERE id = ?",
            row[1], row[2], row[2], order_id,
        )  # fmt: skip
