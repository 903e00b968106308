"""The events that can be heard of, by the tag that stands in what is sent, and what they are called in the panel."""

from __future__ import annotations

from core.api import (
    Event,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderPromised,
    OrderReturned,
    OrderShipped,
    OrderUnshipped,
    PaymentChanged,
    ProductChanged,
    ShopperRegistered,
    StockChanged,
    gettext,
    lazy,
)

TEST = "webhooks.test"


def kind_of(event: type[Event]) -> str:
    """`order.placed` of OrderPlaced."""
    return str(event.__struct_config__.tag)


KINDS = {
    kind_of(OrderPlaced): lazy("An order is placed"),
    kind_of(OrderPaid): lazy("An order is paid"),
    kind_of(OrderPromised): lazy("Another day is promised"),
    kind_of(OrderShipped): lazy("A parcel has left"),
    kind_of(OrderUnshipped): lazy("A parcel has not left after all"),
    kind_of(OrderCancelled): lazy("An order is cancelled"),
    kind_of(OrderReturned): lazy("Goods came back"),
    kind_of(PaymentChanged): lazy("A payment has changed"),
    kind_of(ProductChanged): lazy("Products have changed"),
    kind_of(StockChanged): lazy("Stock has changed"),
    kind_of(ShopperRegistered): lazy("Somebody made an account"),
}


def title_of(kind: str) -> str:
    """What an event is called in the reader's language; its tag, if it has no name."""
    return gettext("A test") if kind == TEST else str(KINDS.get(kind, kind))
