"""Orders of the site, for the merchant's own programs."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Money as CoreMoney
from core.api import (
    NotFound,
    OrderFilters,
    OrderView,
    cancel_order,
    list_orders,
    mark_paid,
    order_view,
    ship_order,
    tracking_links,
)
from core.api import OrderRow as StoredRow
from plugins.api.forms import Cancellation, LineUnits, NewShipment, OrderQuery, PaidByHand
from plugins.api.models import scopes
from plugins.api.services.carts import address
from plugins.api.services.checkout import status
from plugins.api.services.operations import Call, operation
from plugins.api.services.shapes import (
    Customer,
    Destination,
    Order,
    OrderLine,
    OrderList,
    OrderRow,
    Shipment,
    ShippedUnits,
    Status,
    money,
)


@operation("GET", "/orders", tag="Orders", scope=scopes.ORDERS, query=OrderQuery, answer=OrderList)
def get_orders(call: Call) -> OrderList:
    """List orders, the newest first."""
    asked: OrderQuery = call.query
    statuses = {"order": asked.order, "payment": asked.payment, "fulfilment": asked.fulfilment}
    filters = OrderFilters(
        statuses={axis: (code,) for axis, code in statuses.items() if code is not None},
        placed_from=asked.placed_from,
        placed_before=asked.placed_before,
        channel=asked.channel,
        goods=asked.goods or "",
    )
    found = list_orders(call.site, filters, asked.after or None, asked.limit)
    return OrderList(items=tuple(_row(row) for row in found.orders), next=found.next or "")


@operation("GET", "/orders/{order_id}", tag="Orders", scope=scopes.ORDERS, answer=Order)
def get_order(call: Call) -> Order:
    """Read an order."""
    return _order(call)


@operation(
    "POST", "/orders/{order_id}/shipments", tag="Orders", scope=scopes.ORDERS_WRITE, body=NewShipment, answer=Order,
    once="heeded", status=201,
)  # fmt: skip
def create_shipment(call: Call) -> Order:
    """Mark units as shipped, in one parcel from each place they come from. The same Idempotency-Key is the same."""
    asked: NewShipment = call.body
    ship_order(
        call.site,
        _found(call).id,
        actor=call.actor,
        lines=_units(asked.lines),
        place=asked.destination,
        carrier=asked.carrier,
        service=asked.service,
        tracking=asked.tracking,
        location=asked.location_id,
        key=f"api:{call.key_id}:{call.once}"[:120] if call.once else "",
    )
    return _order(call)


@operation(
    "POST", "/orders/{order_id}/payments", tag="Orders", scope=scopes.ORDERS_WRITE, body=PaidByHand, answer=Order,
    status=201,
)  # fmt: skip
def create_payment(call: Call) -> Order:
    """Mark an order as paid outside of any gateway."""
    asked: PaidByHand = call.body
    amount = CoreMoney(asked.amount.amount, asked.amount.currency) if asked.amount else None
    mark_paid(call.state, _found(call).id, actor=call.actor, amount=amount, reference=asked.reference)
    return _order(call)


@operation(
    "POST", "/orders/{order_id}/cancellation", tag="Orders", scope=scopes.ORDERS_WRITE, body=Cancellation, answer=Order
)
def cancel(call: Call) -> Order:
    """Cancel what has not left."""
    asked: Cancellation = call.body
    cancel_order(call.site, _found(call).id, actor=call.actor, reason=asked.reason, lines=_units(asked.lines))
    return _order(call)


def _found(call: Call) -> OrderView:
    found = order_view(call.path["order_id"], site=call.site)
    if found is None:
        raise NotFound
    return found


def _units(lines: Sequence[LineUnits] | None) -> dict[int, int] | None:
    """{line id: quantity}; None: all that can be."""
    if lines is None:
        return None
    units: dict[int, int] = {}
    for one in lines:
        units[one.line_id] = units.get(one.line_id, 0) + one.quantity
    return units


# -- into shapes -------------------------------------------------------------------------------------------------------


def _row(row: StoredRow) -> OrderRow:
    axes = row.status
    return OrderRow(
        id=row.id, number=row.number, placed_at=row.placed_at, total=money(row.total), pieces=row.pieces,
        status=Status(order=axes.order, payment=axes.payment, fulfilment=axes.fulfilment, returned=axes.returned),
        channel=row.channel, channel_number=row.channel_number, goods=row.goods,
    )  # fmt: skip


def _order(call: Call) -> Order:
    order = _found(call)
    here = order.here
    links = tracking_links(call.site, order.shipments)
    return Order(
        id=order.id, number=order.number, placed_at=order.placed_at, currency=order.currency,
        subtotal=money(order.subtotal), discount=money(order.discount), delivery=money(order.delivery),
        tax=money(order.tax), total=money(order.total), captured=money(order.captured), refunded=money(order.refunded),
        due=money(order.due), status=status(order), delivery_title=order.delivery_title,
        payment_title=order.payment_title, channel=order.channel, channel_number=order.channel_number,
        goods=order.goods,
        lines=tuple(
            OrderLine(
                id=line.id, variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name,
                quantity=line.quantity, unit=money(line.unit), subtotal=money(line.subtotal),
                discount=money(line.discount), tax=money(line.tax), total=money(line.total),
                waiting=line.can_be_shipped, on_shelf=here[line.id], shipped=line.shipped, cancelled=line.cancelled,
                returned=line.received, destination=line.place,
            )
            for line in order.lines
        ),
        shipments=tuple(
            Shipment(
                id=one.id, sent_from=one.sent_from, delivered_at=one.delivered_at, carrier=one.carrier,
                service=one.service, title=one.title, tracking=one.tracking, tracking_url=links.get(one.id, ""),
                shipped_at=one.shipped_at,
                lines=tuple(
                    ShippedUnits(line_id=line_id, quantity=quantity)
                    for line_id, quantity in one.lines.items()
                    if quantity
                ),
                destination=one.place,
            )
            for one in order.shipments
        ),
        destinations=tuple(
            Destination(
                number=one.position, delivery_title=one.delivery_title, delivery=money(one.delivery),
                discount=money(one.discount), address=address(one.address) if scopes.CUSTOMERS in call.scopes else None,
            )
            for one in order.destinations
        ),
        customer=_customer(order) if scopes.CUSTOMERS in call.scopes else None,
    )  # fmt: skip


def _customer(order: OrderView) -> Customer:
    return Customer(
        name=order.name, email=order.email, phone=order.phone, note=order.note, address=address(order.address),
        billing=address(order.billing),
    )  # fmt: skip
