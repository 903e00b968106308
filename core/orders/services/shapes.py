"""An order as pages, mails and the panel see it: frozen, without a database row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.hookspecs.checkout import Address
from core.lib.money import Money
from core.orders.services.status import Axes, LineFacts, due, gone
from core.orders.services.waits import Wanted, goods_code, units_here


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """What is in each unit of a kit."""

    variant_id: int
    sku: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineView:
    """One line.

    `total` is what it costs after offers and with tax; the quantities count events, each from 0 to `quantity`.
    `promise` (`backorder`, `preorder` or nothing) was agreed of units that were not there, from `promised_at` on if
    that was said. `parts` are a kit's.
    """

    id: int
    variant_id: int
    product_id: int
    sku: str
    name: str
    picture: str
    quantity: int
    unit: Money
    list_unit: Money
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    needs_delivery: bool
    allocated: int
    picked: int
    shipped: int
    delivered: int
    cancelled: int
    return_requested: int
    received: int
    restocked: int
    written_off: int
    of_line_id: int | None = None
    tax_class: str = "standard"
    weight_g: int = 0
    claimed: int = 0
    claimed_amount: int = 0
    promise: str = ""
    promised_at: datetime | None = None
    parts: tuple[PartView, ...] = ()

    @property
    def each(self) -> dict[int, int]:
        """Pieces per variant that each unit takes from stock."""
        return {part.variant_id: part.quantity for part in self.parts} or {self.variant_id: 1}

    @property
    def wanted(self) -> Wanted:
        """Its units that wait to be sent."""
        return Wanted(line_id=self.id, units=self.allocated, each=self.each)

    @property
    def in_hand(self) -> int:
        """Units that were picked and have not left."""
        return max(0, self.picked - self.shipped)

    @property
    def can_be_shipped(self) -> int:
        """Units that wait to be sent."""
        return self.allocated

    @property
    def can_be_returned(self) -> int:
        """Units that have left, and neither came back nor are announced or claimed."""
        return self.shipped - self.claimed - max(self.received, self.return_requested)

    @property
    def left(self) -> int:
        """Units that were not cancelled."""
        return self.quantity - self.cancelled

    @property
    def facts(self) -> LineFacts:
        """The line's figures for the pure rules."""
        return LineFacts(
            ordered=self.quantity, shipped=self.shipped, delivered=self.delivered, cancelled=self.cancelled,
            return_requested=self.return_requested, received=self.received, claimed=self.claimed,
            claimed_amount=self.claimed_amount, needs_delivery=self.needs_delivery, total=self.total.amount,
        )  # fmt: skip

    @property
    def price_left(self) -> Money:
        """What the units that were neither cancelled nor came back cost."""
        return Money(self.total.amount - gone(self.facts, self.cancelled + self.received), self.total.currency)

    def next_to_go(self, units: int, after: int = 0) -> int:
        """What further cancelled units take away in minor units; `after` go before them."""
        first = self.cancelled + self.received + after
        return gone(self.facts, first + units) - gone(self.facts, first)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentView:
    """An offer that was applied; `amount` is what it took off."""

    plugin: str
    title: str
    code: str
    target: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxView:
    """A tax over the whole order; `rate` in hundredths of a percent."""

    name: str
    rate: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class FactView:
    """Something a gateway told. `verdict` is `counted` or `quarantined:<why>`."""

    kind: str
    amount: Money
    at: datetime
    reference: str
    verdict: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """Something asked of a gateway: `sent`, `done`, `unknown` or `failed`."""

    kind: str
    amount: Money
    state: str
    at: datetime
    actor: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """One payment.

    `state` is the fold of its facts. `text`, `rows` and `qr` are what the gateway wants the shopper to see.
    """

    id: int
    plugin: str
    gateway: str
    title: str
    amount: Money
    state: str
    reference: str
    text: str
    rows: tuple[tuple[str, str], ...]
    qr: str
    facts: tuple[FactView, ...]
    operations: tuple[OperationView, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentView:
    """A parcel with its units {line id: quantity}, and the place it left. `undone_at`: it never did."""

    id: int
    carrier: str
    tracking: str
    shipped_at: datetime
    lines: Mapping[int, int]
    place: str = ""
    delivered_at: datetime | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """A row of the timeline; `kind` and `data` are codes and figures that the page puts into words."""

    at: datetime
    actor: str
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldView:
    """Why the order waits, or waited, for a person; `outcome` is empty, approved or cancelled."""

    source: str
    reason: str
    at: datetime
    ended_at: datetime | None
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortageView:
    """Pieces that were promised at a location and are not on the shelf for this order."""

    variant_id: int
    location_id: int
    pieces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """All that is known of an order. `due` is what is still to be paid, `refund_due` what should be given back.

    `secret` is the part of the guest's link that opens it until `link_until`: for its owner and mails only. `channel`
    is where it was placed if not here, under `channel_number`. `short` is what of it is not on the shelf,
    `taken_back` are parcels that were noted by mistake.
    """

    id: int
    site_id: int
    number: str
    secret: str
    link_until: datetime
    shopper_id: int | None
    email: str
    phone: str
    name: str
    language: str
    currency: str
    placed_at: datetime
    subtotal: Money
    discount: Money
    delivery: Money
    delivery_total: Money
    charges: Money
    tax: Money
    total: Money
    prices_include_tax: bool
    tax_note: str
    address: Address | None
    billing: Address | None
    carrier: str
    service: str
    delivery_title: str
    rate: Mapping[str, Any]
    gateway: str
    payment_title: str
    note: str
    codes: tuple[str, ...]
    extra: Mapping[str, Mapping[str, Any]]
    trace: tuple[Mapping[str, Any], ...]
    expires_at: datetime | None
    version: int
    lines: tuple[OrderLineView, ...]
    adjustments: tuple[AdjustmentView, ...]
    taxes: tuple[TaxView, ...]
    payments: tuple[PaymentView, ...]
    shipments: tuple[ShipmentView, ...]
    timeline: tuple[EntryView, ...]
    status: Axes
    captured: Money
    refunded: Money
    due: Money
    refund_due: Money
    holds: tuple[HoldView, ...] = ()
    short: tuple[ShortageView, ...] = ()
    taken_back: tuple[ShipmentView, ...] = ()
    channel: str = ""
    channel_number: str = ""

    @property
    def is_held(self) -> bool:
        """Whether something waits to be sent that nobody has approved yet."""
        return self.can_be_cancelled and any(hold.ended_at is None for hold in self.holds)

    @property
    def here(self) -> dict[int, int]:
        """Units of each line that wait to be sent and are on the shelf, all of their pieces: {line id: units}."""
        lacking: dict[int, int] = {}
        for one in self.short:
            lacking[one.variant_id] = lacking.get(one.variant_id, 0) + one.pieces
        return units_here([line.wanted for line in self.lines], lacking)

    @property
    def goods(self) -> str:
        """Whether what waits to be sent is there: ready, partly, waiting; nothing where nothing waits."""
        wanted = [line.wanted for line in self.lines if line.needs_delivery]
        here = self.here
        return goods_code(wanted, {one.line_id: here[one.line_id] for one in wanted})

    @property
    def agreed_left(self) -> Money:
        """What was agreed for all that was not cancelled: the delivery falls away with the last unit."""
        left = due(self.total.amount, self.delivery_total.amount, [line.facts for line in self.lines])
        return Money(left, self.currency)

    @property
    def needs_delivery(self) -> bool:
        return any(line.needs_delivery for line in self.lines)

    @property
    def can_be_paid(self) -> bool:
        """Whether the shopper may start a payment now."""
        return bool(self.due) and self.status.payment not in {"authorized", "pending", "disputed"}

    @property
    def can_be_cancelled(self) -> bool:
        return any(line.allocated for line in self.lines)

    @property
    def can_be_shipped(self) -> bool:
        return self.can_be_cancelled and not self.is_held

    @property
    def can_be_picked(self) -> bool:
        """Whether something is on the shelf that nobody has picked yet."""
        here = self.here
        return self.can_be_shipped and any(here[line.id] > line.in_hand for line in self.lines)

    @property
    def can_be_unpicked(self) -> bool:
        """Whether picking has begun and nothing has left."""
        return any(line.picked for line in self.lines) and not any(line.shipped for line in self.lines)

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)
