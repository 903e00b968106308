"""Which mail follows which event; it is handed to the channel once."""

from __future__ import annotations

from core.api import (
    Event,
    Message,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderPromised,
    OrderShipped,
    OrderUnshipped,
    OrderView,
    PaymentChanged,
    ReturnChanged,
    Site,
    case_view,
    change_view,
    enqueue_message,
    order_view,
    transaction,
)
from plugins.mail.services import messages

_KINDS: dict[type[Event], str] = {
    OrderPlaced: "placed",
    OrderPaid: "paid",
    OrderShipped: "shipped",
    OrderCancelled: "cancelled",
}
# The events that may have a mail.
HEARD: tuple[type[Event], ...] = (
    *_KINDS, OrderChanged, OrderPromised, OrderUnshipped, ReturnChanged, PaymentChanged,
)  # fmt: skip


def tell_shopper(site: Site, event: Event, number: int = 0) -> None:
    """Enqueue the mail that `event` asks for, if any. Commits. The same event enqueues the same key: one mail.

    `number` is the event's own: a step that repeats (a second parcel of a return) is another event, and another mail.
    """
    message = _message(site, event, number)
    if message is not None:
        with transaction():
            enqueue_message(site, message)


def _message(site: Site, event: Event, number: int) -> Message | None:
    if isinstance(event, OrderChanged):
        return _of_change(site, event)
    if isinstance(event, OrderPromised | OrderUnshipped):
        return _of_delay(site, event, number)
    if isinstance(event, ReturnChanged):
        return _of_return(site, event, number)
    if isinstance(event, PaymentChanged):
        return _of_payment(site, event, number)
    if isinstance(event, OrderPlaced | OrderPaid | OrderShipped | OrderCancelled):
        order = _order(site, event.order_id)
        if order is not None and not _is_told_elsewhere(order, event):
            parcel = event.shipment_id if isinstance(event, OrderShipped) else None
            told = messages.with_instructions(site, order) if isinstance(event, OrderPlaced) else order
            return messages.order_mail(site, told, _KINDS[type(event)], parcel)
    return None


def _is_told_elsewhere(order: OrderView, event: OrderPlaced | OrderPaid | OrderShipped | OrderCancelled) -> bool:
    """Whoever ordered in another channel was told there that it was placed and paid; of its way they are told here.

    Of an order that was split off, and of money that only came along from another one, the mail about that tells.
    """
    if isinstance(event, OrderCancelled):
        return event.reason == "import_undone"
    if isinstance(event, OrderPlaced) and order.split_from:
        return True
    if isinstance(event, OrderPaid) and not any(one.kind in {"payment", "marked_paid"} for one in order.timeline):
        return order.captured.amount > 0
    return bool(order.channel) and not isinstance(event, OrderShipped)


def _order(site: Site, order_id: int) -> OrderView | None:
    """The order, if there is somebody to write to."""
    order = order_view(order_id, site=site)
    return order if order is not None and order.email else None


def _of_change(site: Site, event: OrderChanged) -> Message | None:
    """A change has one mail; one that cancels the last unit is told by the mail about that, and a case by its own."""
    order = _order(site, event.order_id)
    if order is None or order.status.order == "cancelled":
        return None
    change = change_view(site, event.change_id)
    if change.key.startswith("case:"):
        return None
    if change.into_order_id is not None:
        return messages.parting_mail(site, order, change, change.into_order_id)
    return messages.change_mail(site, order, change, event.currency)


def _of_delay(site: Site, event: OrderPromised | OrderUnshipped, number: int) -> Message | None:
    order = _order(site, event.order_id)
    if order is None:
        return None
    if isinstance(event, OrderUnshipped):
        return messages.unshipped_mail(site, order, event.shipment_id)
    return messages.promised_mail(site, order, number)


def _of_payment(site: Site, event: PaymentChanged, number: int) -> Message | None:
    """Money that went back, and money that comes after the order was paid in full once: the difference of a change."""
    order = _order(site, event.order_id) if event.refunded or event.state == "captured" else None
    if order is None:
        return None
    if event.refunded and not order.channel:
        return messages.refund_mail(site, order, event, number)
    if event.state != "captured" or not _is_further(order, event.payment_id):
        return None
    return messages.further_payment_mail(site, order, event.payment_id)


def _is_further(order: OrderView, payment_id: int) -> bool:
    """Whether the timeline tells of this payment after it told that the order is paid."""
    paid = next((place for place, one in enumerate(order.timeline) if one.kind == "paid"), None)
    told = (
        place
        for place, one in enumerate(order.timeline)
        if one.kind == "payment" and one.data.get("payment_id") == payment_id
    )
    return paid is not None and paid < next(told, -1)


def _of_return(site: Site, event: ReturnChanged, number: int) -> Message | None:
    order = _order(site, event.order_id)
    if order is None or event.step not in messages.CASE_STEPS:
        return None
    again = f":{number}" if event.step == "received" else ""
    return messages.case_mail(site, order, case_view(site, event.case_id), event.step, again)
