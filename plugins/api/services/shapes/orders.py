"""Orders, what was sent of them, and how one is paid."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from plugins.api.services.shapes.base import Address, Money, Shown


class Status(Shown, frozen=True, kw_only=True):
    """The four axes of an order."""

    order: str
    payment: str
    fulfilment: str
    returned: str


class PlacedOrder(Shown, frozen=True, kw_only=True):
    """The order made of a cart. `url` is its page for the shopper: keep it as secret as the cart's token."""

    id: int
    number: str
    url: str
    total: Money
    due: Money
    status: Status


class Row(Shown, frozen=True, kw_only=True):
    """A line of instructions: what, and its value."""

    label: str
    value: str


class BegunPayment(Shown, frozen=True, kw_only=True):
    """How the shopper goes on. `kind`: redirect (to `url`, by POST if there are `fields`), qr, show, or done."""

    kind: str
    url: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""
    rows: tuple[Row, ...] = ()


class OrderRow(Shown, frozen=True, kw_only=True):
    """An order in a list.

    `channel` is where it was placed if not here. `goods`: partly or waiting, where something is not on the shelf.
    `merged_into` is the number of the order that all that was left of it went into: its status is then cancelled.
    """

    id: int
    number: str
    placed_at: datetime
    total: Money
    pieces: int
    status: Status
    channel: str
    channel_number: str
    goods: str
    merged_into: str


class OrderList(Shown, frozen=True, kw_only=True):
    """A page of orders; `next` is a cursor, empty at the end."""

    items: tuple[OrderRow, ...]
    next: str


class OrderLine(Shown, frozen=True, kw_only=True):
    """A line of an order; the counts are of units, each from 0 to `quantity`."""

    id: int
    variant_id: int
    product_id: int
    sku: str
    name: str
    quantity: int
    unit: Money
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    waiting: int
    on_shelf: int
    shipped: int
    cancelled: int
    returned: int
    destination: int


class ShippedUnits(Shown, frozen=True, kw_only=True):
    """Units of a line in a parcel."""

    line_id: int
    quantity: int


class Shipment(Shown, frozen=True, kw_only=True):
    """A parcel: `title` is what it was sent with, in words; `tracking_url` the carrier's page for it, or empty.

    `sent_from` is the location it left. One with `undone_at` never left: its units wait again. `scan` is the latest
    that its carrier told, or empty: pending, picked_up, in_transit, ready_for_pickup, out_for_delivery,
    delivery_failed, delivered or return_to_sender.
    """

    id: int
    sent_from: str
    delivered_at: datetime | None
    undone_at: datetime | None
    carrier: str
    service: str
    title: str
    tracking: str
    tracking_url: str
    shipped_at: datetime
    scan: str
    scan_place: str
    scanned_at: datetime | None
    lines: tuple[ShippedUnits, ...]
    destination: int


class Destination(Shown, frozen=True, kw_only=True):
    """A place that an order goes to, by its number in the order, and what bringing it there costs.

    `address` is null for keys that may not read customers.
    """

    number: int
    delivery_title: str
    delivery: Money
    discount: Money
    address: Address | None


class Customer(Shown, frozen=True, kw_only=True):
    """Who ordered; only for keys that may read customers."""

    name: str
    email: str
    phone: str
    note: str
    address: Address | None
    billing: Address | None


class GatewayAct(Shown, frozen=True, kw_only=True):
    """Something that was asked of a gateway. `state`: sent, done, unknown (nobody knows how it ended) or failed."""

    kind: str
    amount: Money
    state: str
    at: datetime


class Payment(Shown, frozen=True, kw_only=True):
    """A payment. `can_be_captured` is authorised and not taken yet; `acts` were asked of its gateway."""

    id: int
    gateway: str
    title: str
    amount: Money
    state: str
    reference: str
    can_be_captured: Money
    acts: tuple[GatewayAct, ...]
    created_at: datetime


class Hold(Shown, frozen=True, kw_only=True):
    """Why the order waits for a person, or waited: until `ended_at`."""

    source: str
    reason: str
    at: datetime
    ended_at: datetime | None
    outcome: str


class Order(Shown, frozen=True, kw_only=True):
    """An order. `due` is still to be paid, `refund_due` should be given back; `version` counts its changes.

    `customer` is null for keys that may not read customers.
    It goes to one of its `destinations`, or to several: then the customer's `address` is null, and lines and shipments
    say the number of theirs. `channel` is where it was placed if not here, under `channel_number`. `goods` says of what
    waits to be sent whether it is on the shelf: ready, partly or waiting. `merged_into` is the number of the order that
    all that was left of it went into: its status is then cancelled.
    """

    id: int
    number: str
    placed_at: datetime
    currency: str
    subtotal: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money
    captured: Money
    refunded: Money
    due: Money
    refund_due: Money
    version: int
    shopper_id: int | None
    status: Status
    delivery_title: str
    payment_title: str
    channel: str
    channel_number: str
    goods: str
    merged_into: str
    lines: tuple[OrderLine, ...]
    shipments: tuple[Shipment, ...]
    destinations: tuple[Destination, ...]
    payments: tuple[Payment, ...]
    holds: tuple[Hold, ...]
    customer: Customer | None
