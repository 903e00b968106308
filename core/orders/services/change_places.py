"""Writing where a changed order goes, and how: places that are another, new ones, and those that nothing goes to."""

from __future__ import annotations

import msgspec

from core.hookspecs.checkout import Address
from core.kernel import db
from core.lib.jsons import json_or_null
from core.orders.services.change_shapes import Plan, PlannedDelivery, PlannedTax
from core.orders.services.new_order import NewTax
from core.orders.services.part_shapes import DestinationView
from core.orders.services.places import drop_deliveries
from core.orders.services.shapes import OrderView
from core.orders.services.store import insert_taxes


def deliver_elsewhere(order: OrderView, plan: Plan) -> None:
    """Write the places of a plan, as part of a verb's transaction, once its lines are there."""
    db.require_transaction()
    news = {place: one.address for place, one in plan.places.items() if one.is_new and one.address is not None}
    told_by_rows = order.destinations[0].id is not None
    if news and not told_by_rows:
        _spread(order)
    for place, address in news.items():
        db.execute(
            "INSERT INTO order_destination (order_id, position, address, country, carrier, service, carrier_plugin,"
            " delivery_title, rate, delivery, discount, total) VALUES (?, ?, ?, ?, '', '', '', '', '{}', 0, 0, 0)",
            order.id, place, json_or_null(address), address.country[:2],
        )  # fmt: skip
    drop_deliveries(order.id, plan.emptied)
    has_rows = told_by_rows or bool(news)
    for place, address in plan.addresses.items():
        if place not in news:
            _address(order, place if has_rows else None, address)
    known = {one.position: one for one in order.destinations}
    for place, delivery in plan.deliveries.items():
        _delivery(order, place, known.get(place), delivery, has_rows=has_rows)


def _spread(order: OrderView) -> None:
    """The order gets a row for each of its places; its own row told the only one until now."""
    db.execute(
        "INSERT INTO order_destination (order_id, position, address, country, carrier, service, carrier_plugin,"
        " delivery_title, rate, delivery, discount, total) SELECT id, ?, address, country, carrier, service,"
        " carrier_plugin, delivery_title, rate, delivery, ?, delivery_total FROM orders WHERE id = ?",
        order.destinations[0].position, order.destinations[0].discount.amount, order.id,
    )  # fmt: skip
    db.execute(
        "UPDATE orders SET address = NULL, carrier = '', service = '', carrier_plugin = '', delivery_title = '',"
        " rate = '{}' WHERE id = ?",
        order.id,
    )


def _address(order: OrderView, place: int | None, address: Address) -> None:
    """Of one of several, or (None) of the only one, whose name and phone are those of the order."""
    if place is not None:
        db.execute(
            "UPDATE order_destination SET address = ?, country = ? WHERE order_id = ? AND position = ?",
            json_or_null(address), address.country[:2], order.id, place,
        )  # fmt: skip
        return
    db.execute(
        "UPDATE orders SET address = ?, name = ?, phone = CASE WHEN ? = '' THEN phone ELSE ? END WHERE id = ?",
        json_or_null(address), address.name, address.phone, address.phone, order.id,
    )  # fmt: skip


def _delivery(
    order: OrderView, place: int, before: DestinationView | None, delivery: PlannedDelivery, *, has_rows: bool
) -> None:
    """One way is another: what it costs more or less, the order does."""
    db.execute(
        "DELETE FROM order_tax WHERE order_id = ? AND place = ? AND line_id IS NULL AND charge_id IS NULL",
        order.id, place,
    )  # fmt: skip
    insert_taxes(order.id, [new_tax(None, tax, place) for tax in delivery.taxes], ())
    key = [order.id, place] if has_rows else [order.id]
    table, total, where = (
        ("order_destination", "total", "order_id = ? AND position = ?")
        if has_rows
        else ("orders", "delivery_total", "id = ?")
    )
    # Safe in SQL: the names are those of the two tables that tell a place.
    db.execute(
        f"UPDATE {table} SET delivery = ?, {total} = ?, delivery_title = ?, carrier = ?, service = ? WHERE {where}",
        delivery.amount, delivery.total, delivery.title[:200], delivery.carrier, delivery.service, *key,
    )  # fmt: skip
    if delivery.rate:
        rate = msgspec.json.encode(delivery.rate).decode()
        db.execute(
            f"UPDATE {table} SET rate = ?, carrier_plugin = ? WHERE {where}", rate, delivery.plugin, *key
        )  # fmt: skip
    if has_rows:
        db.execute(
            "UPDATE orders SET delivery = delivery + ?, delivery_total = delivery_total + ? WHERE id = ?",
            delivery.amount - (before.delivery.amount if before else 0),
            delivery.total - (before.total.amount if before else 0), order.id,
        )  # fmt: skip


def new_tax(position: int | None, tax: PlannedTax, place: int = 0) -> NewTax:
    """A planned tax of the line at `position`, or of the delivery to `place`, as it is stored."""
    return NewTax(position=position, name=tax.name, rate=tax.rate, amount=tax.amount, place=place)
