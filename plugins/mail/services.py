"""Which mail an event asks for, written in the order's language and handed to the channel once."""

from __future__ import annotations

from core.api import (
    Event,
    Message,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    OrderView,
    Site,
    enqueue_message,
    gettext,
    inline_css,
    order_view,
    render_outside,
    speaking,
    tracking_link,
    transaction,
)

# The subjects, per kind of mail; `%(number)s` is the order's. The templates are mail/<kind>.html and mail/<kind>.txt.
SUBJECTS = {
    "placed": "We have your order %(number)s",
    "paid": "Your payment for order %(number)s has come",
    "shipped": "Order %(number)s is on its way",
    "cancelled": "Order %(number)s is cancelled",
}
_KINDS: dict[type[Event], str] = {
    OrderPlaced: "placed",
    OrderPaid: "paid",
    OrderShipped: "shipped",
    OrderCancelled: "cancelled",
}


def tell_shopper(site: Site, event: Event) -> None:
    """Enqueue the mail that `event` asks for, if any. Commits. The same event enqueues the same key: one mail."""
    kind = _KINDS.get(type(event))
    if kind is None:
        return
    assert isinstance(event, OrderPlaced | OrderPaid | OrderShipped | OrderCancelled)
    order = order_view(event.order_id, site=site)
    if order is not None and order.email:
        parcel = event.shipment_id if isinstance(event, OrderShipped) else None
        message = write_mail(site, order, kind, parcel)
        with transaction():
            enqueue_message(site, message)


def write_mail(site: Site, order: OrderView, kind: str, parcel: int | None = None) -> Message:
    """One mail in the order's language, as text and as HTML with its styles inlined (programs drop sheets)."""
    shipment = next((shipment for shipment in order.shipments if shipment.id == parcel), None)
    values = {
        "order": order,
        "shipment": shipment,
        "tracking_url": tracking_link(site, shipment.carrier, shipment.tracking) if shipment else "",
        "kind": kind,
    }
    html = render_outside(site, f"mail/{kind}.html", order.language, **values)
    text = render_outside(site, f"mail/{kind}.txt", order.language, **values)
    with speaking(order.language, site.timezone):
        subject = gettext(SUBJECTS[kind], number=order.number)
    key = f"order:{order.id}:{kind}" + (f":{parcel}" if parcel else "")
    return Message(
        key=key,
        kind=f"order.{kind}",
        to=order.email,
        subject=subject,
        text=text,
        html=inline_css(html),
        language=order.language,
    )
