"""Orders of the site, for the merchant's own programs: read and cancelled."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Money as CoreMoney
from core.api import (
    NotFound,
    OrderFilters,
    OrderView,
    PaymentView,
    ShipmentView,
    cancel_order,
    left_to_capture,
    list_orders,
    order_view,
    tracking_links,
)
from core.api import OrderRow as StoredRow
from plugins.api.forms.base import LineUnits
from plugins.api.forms.orders import Cancellation, OrderQuery
from plugins.api.models import scopes
from plugins.api.services.checkout import status
from plugins.api.services.once import once
from plugins.api.services.operations import Call, operation
from plugins.api.services.quotes import address
from plugins.api.services.shapes.base import money
from plugins.api.services.shapes.orders import (
    Customer,
    Destination,
    GatewayAct,
    Hold,
    Order,
    OrderLine,
    OrderList,
    OrderRow,
    Payment,
    Shipment,
    ShippedUnits,
    Status,
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
        shopper_id=asked.shopper_id,
        channel=asked.channel,
        goods=asked.goods or "",
    )
    found = list_orders(call.site, filters, asked.after or None, asked.limit)
    return OrderList(items=tuple(_row(row) for row in found.orders), next=found.next or "")


@operation("GET", "/orders/{order_id}", tag="Orders", scope=scopes.ORDERS, answer=Order)
def get_order(call: Call) -> Order:
    """Read an order."""
    return shown_order(call)


@operation(
    "POST", "/orders/{order_id}/cancellation", tag="Orders", scope=scopes.ORDERS_WRITE, body=Cancellation, answer=Order,
    once="heeded",
)  # fmt: skip
def cancel(call: Call) -> Order:
    """Cancel what has not left."""
    asked: Cancellation = call.body
    order = found_order(call)

    def act(key: str) -> None:
        units = units_by_line(asked.lines)
        cancel_order(call.site, order.id, actor=call.actor, reason=asked.reason, lines=units, key=key)

    once(call, "cancel", act, of=order.id)
    return shown_order(call)


def found_order(call: Call, order_id: int | None = None) -> OrderView:
    """The order of the path, or another one, if it is of this site. Raises NotFound."""
    found = order_view(call.path["order_id"] if order_id is None else order_id, site=call.site)
    if found is None:
        raise NotFound
    return found


def units_by_line(lines: Sequence[LineUnits] | None) -> dict[int, int] | None:
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
        channel=row.channel, channel_number=row.channel_number, goods=row.goods, merged_into=row.merged_into,
    )  # fmt: skip


def shown_order(call: Call, order_id: int | None = None) -> Order:
    """The order of the path as it is now, or another one of the site. Raises NotFound."""
    order = found_order(call, order_id)
    reads_customers = scopes.CUSTOMERS in call.scopes
    return Order(
        id=order.id, number=order.number, placed_at=order.placed_at, currency=order.currency,
        subtotal=money(order.subtotal), discount=money(order.discount), delivery=money(order.delivery),
        tax=money(order.tax), total=money(order.total), captured=money(order.captured), refunded=money(order.refunded),
        due=money(order.due), refund_due=money(order.refund_due), version=order.version, shopper_id=order.shopper_id,
        status=status(order), delivery_title=order.delivery_title, payment_title=order.payment_title,
        channel=order.channel, channel_number=order.channel_number, goods=order.goods,
        merged_into=order.merged_into, lines=_lines(order),
        shipments=_shipments(call, order),
        destinations=tuple(
            Destination(
                number=one.position, delivery_title=one.delivery_title, delivery=money(one.delivery),
                discount=money(one.discount), address=address(one.address) if reads_customers else None,
            )
            for one in order.destinations
        ),
        payments=tuple(_payment(one) for one in order.payments),
        holds=tuple(
            Hold(source=one.source, reason=one.reason, at=one.at, ended_at=one.ended_at, outcome=one.outcome)
            for one in order.holds
        ),
        customer=_customer(order) if reads_customers else None,
    )  # fmt: skip


def _lines(order: OrderView) -> tuple[OrderLine, ...]:
    here = order.here
    return tuple(
        OrderLine(
            id=line.id, variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name,
            quantity=line.quantity, unit=money(line.unit), subtotal=money(line.subtotal),
            discount=money(line.discount), tax=money(line.tax), total=money(line.total),
            waiting=line.can_be_shipped, on_shelf=here[line.id], shipped=line.shipped, cancelled=line.cancelled,
            returned=line.received, destination=line.place,
        )
        for line in order.lines
    )  # fmt: skip


def _shipments(call: Call, order: OrderView) -> tuple[Shipment, ...]:
    every = (*order.shipments, *order.taken_back)
    links = tracking_links(call.site, every)
    return tuple(_shipment(one, links.get(one.id, "")) for one in sorted(every, key=lambda one: one.id))


def _shipment(one: ShipmentView, link: str) -> Shipment:
    return Shipment(
        id=one.id, sent_from=one.sent_from, delivered_at=one.delivered_at, undone_at=one.undone_at,
        carrier=one.carrier, service=one.service, title=one.title, tracking=one.tracking, tracking_url=link,
        shipped_at=one.shipped_at, scan=one.scan, scan_place=one.scan_place, scanned_at=one.scanned_at,
        lines=tuple(
            ShippedUnits(line_id=line_id, quantity=quantity) for line_id, quantity in one.lines.items() if quantity
        ),
        destination=one.place,
    )  # fmt: skip


def _payment(one: PaymentView) -> Payment:
    is_held = any(fact.kind == "authorized" for fact in one.facts)
    left = CoreMoney(max(0, left_to_capture(one.id)) if is_held else 0, one.amount.currency)
    return Payment(
        id=one.id, gateway=one.gateway, title=one.title, amount=money(one.amount), state=one.state,
        reference=one.reference, can_be_captured=money(left), created_at=one.created_at,
        acts=tuple(
            GatewayAct(kind=act.kind, amount=money(act.amount), state=act.state, at=act.at) for act in one.operations
        ),
    )  # fmt: skip


def _customer(order: OrderView) -> Customer:
    return Customer(
        name=order.name, email=order.email, phone=order.phone, note=order.note, address=address(order.address),
        billing=address(order.billing),
    )  # fmt: skip
