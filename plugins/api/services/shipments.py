"""Parcels: noted when they leave, put right, taken back, and noted when they arrive."""

from __future__ import annotations

from core.api import NotFound, OrderView, deliver_order, set_tracking, ship_order, unship_order
from plugins.api.forms.orders import NewShipment, TrackingChange, Why
from plugins.api.models import scopes
from plugins.api.services.once import once
from plugins.api.services.operations import Call, operation
from plugins.api.services.orders import found_order, shown_order, units_by_line
from plugins.api.services.shapes.orders import Order


@operation(
    "POST", "/orders/{order_id}/shipments", tag="Shipments", scope=scopes.SHIPMENTS, body=NewShipment, answer=Order,
    once="heeded", status=201,
)  # fmt: skip
def create_shipment(call: Call) -> Order:
    """Mark units as shipped, in one parcel from each place they come from."""
    asked: NewShipment = call.body
    order = found_order(call)

    def act(key: str) -> None:
        ship_order(
            call.site,
            order.id,
            actor=call.actor,
            lines=units_by_line(asked.lines),
            place=asked.destination,
            carrier=asked.carrier,
            service=asked.service,
            tracking=asked.tracking,
            location=asked.location_id,
            key=key,
        )

    once(call, "create_shipment", act, of=order.id)
    return shown_order(call)


@operation(
    "PATCH", "/orders/{order_id}/shipments/{shipment_id}", tag="Shipments", scope=scopes.SHIPMENTS, body=TrackingChange,
    answer=Order,
)  # fmt: skip
def change_tracking(call: Call) -> Order:
    """Put a parcel's tracking number right."""
    asked: TrackingChange = call.body
    set_tracking(
        call.site,
        found_order(call).id,
        call.path["shipment_id"],
        asked.tracking,
        carrier=asked.carrier,
        service=asked.service,
        actor=call.actor,
    )
    return shown_order(call)


@operation(
    "POST", "/orders/{order_id}/shipments/{shipment_id}/delivery", tag="Shipments", scope=scopes.SHIPMENTS,
    answer=Order, once="heeded",
)  # fmt: skip
def note_delivery(call: Call) -> Order:
    """Note that a parcel arrived."""
    order = found_order(call)
    shipment_id = _of(call, order)

    def act(key: str) -> None:
        deliver_order(call.site, order.id, actor=call.actor, shipment_id=shipment_id, key=key)

    once(call, "note_delivery", act, of=order.id)
    return shown_order(call)


@operation(
    "POST", "/orders/{order_id}/shipments/{shipment_id}/undo", tag="Shipments", scope=scopes.SHIPMENTS, body=Why,
    answer=Order,
)  # fmt: skip
def unship(call: Call) -> Order:
    """Note that a parcel never left: its units wait again. Sent again it is no news."""
    asked: Why = call.body
    unship_order(call.site, found_order(call).id, call.path["shipment_id"], actor=call.actor, why=asked.why)
    return shown_order(call)


def _of(call: Call, order: OrderView) -> int:
    """The parcel of the path, if it is of this order."""
    shipment_id: int = call.path["shipment_id"]
    if shipment_id not in {one.id for one in order.shipments}:
        raise NotFound
    return shipment_id
