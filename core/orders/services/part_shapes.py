"""The parts of an order as pages, mails and the panel see them: frozen, without a database row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.catalogue.services.shapes import PartOfKit
from core.hookspecs.checkout import Address
from core.lib.money import Money
from core.orders.services.hold_reasons import HoldReason
from core.orders.services.status import LineFacts, gone
from core.orders.services.waits import Wanted


class OrderLineView(Struct, frozen=True, kw_only=True):
    """One line.

    `total` is what it costs after offers and with tax; the quantities count events, each from 0 to `quantity`.
    `promise` (`backorder`, `preorder` or nothing) was agreed of units that were not there, from `promised_at` on if
    that was said. `parts` are a kit's. `place` is the position of the destination it goes to.
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
    place: int = 0
    tax_class: str = "standard"
    weight_g: int = 0
    claimed: int = 0
    claimed_amount: int = 0
    promise: str = ""
    promised_at: datetime | None = None
    returns: str = ""
    parts: tuple[PartOfKit, ...] = ()

    @property
    def each(self) -> dict[int, int]:
        """Pieces per variant that each unit takes from stock."""
        return {part.variant_id: part.quantity for part in self.parts} or (
            {self.variant_id: 1} if self.variant_id else {}
        )

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


class AdjustmentView(Struct, frozen=True, kw_only=True):
    """An offer that was applied; `amount` is what it took off."""

    plugin: str
    title: str
    code: str
    target: str
    amount: Money


class TaxView(Struct, frozen=True, kw_only=True):
    """A tax over the whole order; `rate` in hundredths of a percent."""

    name: str
    rate: int
    amount: Money


class FactView(Struct, frozen=True, kw_only=True):
    """Something a gateway told. `verdict` is `counted` or `quarantined:<why>`."""

    kind: str
    amount: Money
    at: datetime
    reference: str
    verdict: str
    note: str


class OperationView(Struct, frozen=True, kw_only=True):
    """Something asked of a gateway: `sent`, `done`, `unknown` or `failed`."""

    kind: str
    amount: Money
    state: str
    at: datetime
    actor: str
    note: str


class PaymentView(Struct, frozen=True, kw_only=True):
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


class DestinationView(Struct, frozen=True, kw_only=True):
    """A place that an order goes to, and the way there: `delivery` less its `discount`, `total` that with its tax.

    `id` None: the order's own row tells it.
    """

    id: int | None = None
    position: int
    address: Address | None
    carrier: str
    service: str
    delivery_title: str
    rate: Mapping[str, Any]
    delivery: Money
    discount: Money
    total: Money

    @property
    def left(self) -> Money:
        """What the delivery costs after offers, in the site's form of prices."""
        return self.delivery - self.discount

    @property
    def is_collected(self) -> bool:
        """Whether the shopper picks it up."""
        return bool(self.rate.get("pickup"))

    @property
    def collect_at(self) -> tuple[str, ...]:
        """Where and when the shopper picks it up, in lines; empty where it is sent."""
        return tuple(str(self.rate.get("description", "")).splitlines()) if self.is_collected else ()


class ShipmentView(Struct, frozen=True, kw_only=True):
    """A parcel with its units {line id: quantity}, all of which go to one `place`, and the location it left.

    `title` says in words what it was sent with. `undone_at`: it never left. `scan` is the latest that its carrier told,
    a `ScanStatus`, or nothing.
    """

    id: int
    carrier: str
    service: str
    title: str
    tracking: str
    shipped_at: datetime
    lines: Mapping[int, int]
    place: int = 0
    sent_from: str = ""
    delivered_at: datetime | None = None
    undone_at: datetime | None = None
    scan: str = ""
    scan_place: str = ""
    scanned_at: datetime | None = None


class EntryView(Struct, frozen=True, kw_only=True):
    """A row of the timeline; `kind` and `data` are codes and figures that the page puts into words."""

    at: datetime
    actor: str
    kind: str
    data: Mapping[str, Any]


class MovedOn(Struct, frozen=True, kw_only=True):
    """Units of lines {line id: units} that went on in the order of this number, and what they cost."""

    number: str
    lines: Mapping[int, int]
    value: Money


class HoldView(Struct, frozen=True, kw_only=True):
    """Why the order waits, or waited, for a person; `outcome` is empty, approved or cancelled."""

    source: str
    text: str
    at: datetime
    ended_at: datetime | None
    outcome: str
    answer: str
    facts: str = ""

    @property
    def reason(self) -> str:
        """In the reader's language; what staff typed as they did."""
        return HoldReason(self.source, self.text, self.facts).said


class ShortageView(Struct, frozen=True, kw_only=True):
    """Pieces that were promised at a location and are not on the shelf for this order."""

    variant_id: int
    location_id: int
    pieces: int
