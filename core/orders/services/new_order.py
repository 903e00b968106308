"""What a new order is made of, as whoever writes one says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from core.catalogue.services.shapes import PartOfKit
from core.hookspecs.checkout import Address
from core.hookspecs.promote import Claim
from core.orders.services.hold_reasons import HoldReason


class NewLine(Struct, frozen=True, kw_only=True):
    """A line to store; amounts are minor units of the order's currency, `total` with its taxes.

    `parts` are a kit's; `promised_at` is when units leave that are not there, or not released. It goes to the
    destination at position `place`. `returns` is what was said of sending it back (of `catalogue.services.returns`).
    """

    variant_id: int
    product_id: int
    sku: str
    name: str
    picture: str
    quantity: int
    unit_amount: int
    list_amount: int
    subtotal: int
    discount: int
    tax: int
    total: int
    tax_class: str
    weight_g: int
    needs_delivery: bool
    returns: str = ""
    parts: tuple[PartOfKit, ...] = ()
    promised_at: datetime | None = None
    place: int = 0


class NewDestination(Struct, frozen=True, kw_only=True):
    """One of several places; `delivery`, its `discount` and the `total` with its tax are parts of the order's."""

    address: Address
    carrier: str
    carrier_plugin: str
    service: str
    delivery_title: str
    rate: Mapping[str, Any]
    delivery: int
    discount: int
    total: int


class NewAdjustment(Struct, frozen=True, kw_only=True):
    """An applied offer; `shares` maps positions of lines to what it took off them."""

    plugin: str
    rule: str
    title: str
    code: str
    target: str
    amount: int
    shares: Mapping[int, int]


class NewTax(Struct, frozen=True, kw_only=True):
    """One tax on the line at `position`, or on the delivery to `place` (None)."""

    position: int | None
    name: str
    rate: int
    amount: int
    place: int = 0


class NewPayment(Struct, frozen=True, kw_only=True):
    """The way to pay that was chosen. None of it moves money yet."""

    plugin: str
    gateway: str
    account: str
    live: bool
    title: str


class NewOrder(Struct, frozen=True, kw_only=True):
    """All that an order consists of, worked out before the transaction.

    One that was placed elsewhere has its `channel`, its number there and its own day. One that goes to several places
    has `destinations`, by their positions, and neither an address nor a carrier beside them. What is held for `holder`
    goes into its promise. `begins`: its payment is begun right after the commit, so that operation is noted with it.
    """

    site_id: int
    cart_id: int
    holder: str
    secret: str
    shopper_id: int | None
    email: str
    language: str
    currency: str
    subtotal: int
    discount: int
    delivery: int
    tax: int
    total: int
    delivery_total: int
    prices_include_tax: bool
    tax_note: str
    address: Address | None
    billing: Address | None
    carrier: str
    carrier_plugin: str
    service: str
    delivery_title: str
    rate: Mapping[str, Any]
    payment: NewPayment
    note: str
    codes: Sequence[str]
    extra: Mapping[str, Mapping[str, Any]]
    trace: Sequence[Mapping[str, Any]]
    lines: Sequence[NewLine]
    adjustments: Sequence[NewAdjustment] = ()
    taxes: Sequence[NewTax] = ()
    claims: Mapping[str, Claim] = field(default_factory=dict)
    sources: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    why: Mapping[int, str] = field(default_factory=dict)
    days_to_pay: int = 0
    actor: str = "system"
    holds: Sequence[HoldReason] = ()
    placed_at: datetime | None = None
    channel: str = ""
    channel_number: str | None = None
    destinations: Sequence[NewDestination] = ()
    begins: bool = False
