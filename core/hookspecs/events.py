"""The events that core tells: msgspec structs, tagged, with a version, additive only.

They carry ids and money, never names, addresses or mail addresses: whoever may know looks those up.
"""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Root of all events. A subclass names its tag (`order.placed`) and its version `v`."""

    v: int = 1


class OrderPlaced(Event, frozen=True, kw_only=True, tag="order.placed"):
    """A shopper's order is stored, its stock allocated. `total` is in minor units of `currency`.

    `channel` is where it was placed if not here, under `channel_number`.
    """

    order_id: int
    number: str
    total: int
    currency: str
    channel: str = ""
    channel_number: str = ""


class OrderPaid(Event, frozen=True, kw_only=True, tag="order.paid"):
    """Captured money has reached the order's total for the first time."""

    order_id: int
    number: str
    captured: int
    currency: str


class OrderShipped(Event, frozen=True, kw_only=True, tag="order.shipped"):
    """A parcel of the order has left."""

    order_id: int
    number: str
    shipment_id: int


class OrderUnshipped(Event, frozen=True, kw_only=True, tag="order.unshipped"):
    """A parcel of the order was taken back: it had been noted by mistake and never left."""

    order_id: int
    number: str
    shipment_id: int


class OrderCancelled(Event, frozen=True, kw_only=True, tag="order.cancelled"):
    """All that was not shipped is cancelled, its stock and claims given back. `reason` is a code."""

    order_id: int
    number: str
    reason: str


class OrderReturned(Event, frozen=True, kw_only=True, tag="order.returned"):
    """Goods came back."""

    order_id: int
    number: str


class OrderChanged(Event, frozen=True, kw_only=True, tag="order.changed"):
    """A change was confirmed: `delta` is how much more the order costs, in minor units of `currency`."""

    order_id: int
    number: str
    change_id: int
    delta: int
    currency: str


class OrderPromised(Event, frozen=True, kw_only=True, tag="order.promised"):
    """Another day was promised for what of the order waits for goods: its lines say which."""

    order_id: int
    number: str


class OrderStaged(Event, frozen=True, kw_only=True, tag="order.staged"):
    """An order came to a stage that `plugin` keeps."""

    order_id: int
    number: str
    plugin: str
    stage: str


class ReturnChanged(Event, frozen=True, kw_only=True, tag="return.changed"):
    """A return, exchange or claim (`kind`) took a step.

    `step`: requested, approved, declined, withdrawn, received, inspected or resolved. `granted` is what was decided to
    be given back, in minor units.
    """

    order_id: int
    number: str
    case_id: int
    kind: str
    step: str
    granted: int
    currency: str


class PaymentChanged(Event, frozen=True, kw_only=True, tag="payment.changed"):
    """New facts about a payment are stored. `state` is the fold after them.

    `refunded`: minor units of the order's currency that went back by these facts; `by_hand`: staff noted them, and no
    gateway moved anything.
    """

    order_id: int
    payment_id: int
    state: str
    refunded: int = 0
    by_hand: bool = False


class ProductChanged(Event, frozen=True, kw_only=True, tag="product.changed"):
    """Texts, prices, options or places of products changed: indexes and feeds should read them again."""

    product_ids: tuple[int, ...]


class StockChanged(Event, frozen=True, kw_only=True, tag="stock.changed"):
    """What can be sold of variants changed."""

    variant_ids: tuple[int, ...]


class ShopperRegistered(Event, frozen=True, kw_only=True, tag="shopper.registered"):
    """Someone made an account on this site."""

    shopper_id: int


class ShopperErased(Event, frozen=True, kw_only=True, tag="shopper.erased"):
    """An account was erased: whoever keeps something of this shopper forgets it now.

    `mail_codes`: what `mail_code` makes of the mail addresses of the account and its orders.
    """

    shopper_id: int
    mail_codes: tuple[str, ...] = ()


class GuestErased(Event, frozen=True, kw_only=True, tag="guest.erased"):
    """Orders without an account name nobody any more: whoever keeps something of who placed them forgets it now.

    `mail_codes`: what `mail_code` makes of the mail addresses that they were placed with.
    """

    order_ids: tuple[int, ...]
    mail_codes: tuple[str, ...] = ()


CoreEvent = (
    OrderPlaced
    | OrderPaid
    | OrderShipped
    | OrderUnshipped
    | OrderCancelled
    | OrderReturned
    | OrderChanged
    | OrderPromised
    | OrderStaged
    | ReturnChanged
    | PaymentChanged
    | ProductChanged
    | StockChanged
    | ShopperRegistered
    | ShopperErased
    | GuestErased
)
