"""An order as pages, mails and the panel see it: frozen, without a database row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from core.catalogue.services.shapes import PartOfKit
from core.hookspecs.checkout import Address
from core.lib.errors import NotFound
from core.lib.money import Money
from core.orders.services.hold_reasons import HoldReason
from core.orders.services.status import Axes, LineFacts, due, gone
from core.orders.services.waits import Wanted, goods_code


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


class OrderView(Struct, frozen=True, kw_only=True):
    """All that is known of an order. `due` is what is still to be paid, `refund_due` what should be given back.

    `open` is what of `due` no authorisation promises: what the shopper is asked for.

    `secret` is the part of the guest's link that opens it until `link_until`: for its owner and mails only. `channel`
    is where it was placed if not here, under `channel_number`. `short` is what of it is not on the shelf, `here` are
    the units of each line that wait to be sent and are there with all of their pieces; `taken_back` are parcels that
    were noted by mistake.

    `advanced` is what goods that travel back count for, where others were sent instead of them already.
    `destinations` are the places it goes to, one at least. `address`, `carrier`, `service` and `rate` are those of the
    only place, and empty where there are several: who cannot tell places apart asks `at` each of them.
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
    open: Money
    refund_due: Money
    advanced: Money
    holds: tuple[HoldView, ...] = ()
    short: tuple[ShortageView, ...] = ()
    here: Mapping[int, int] = field(default_factory=dict)
    taken_back: tuple[ShipmentView, ...] = ()
    channel: str = ""
    channel_number: str = ""
    destinations: tuple[DestinationView, ...] = ()

    @property
    def is_spread(self) -> bool:
        """Whether it goes to several places."""
        return len(self.destinations) > 1

    def at(self, place: int) -> OrderView:
        """The part of the order that goes to one place: its lines, parcels, address and delivery. The rest is whole.

        Raises NotFound.
        """
        found = next((one for one in self.destinations if one.position == place), None)
        if found is None:
            raise NotFound
        if not self.is_spread:
            return self
        return replace(
            self, lines=tuple(line for line in self.lines if line.place == place),
            shipments=tuple(one for one in self.shipments if one.place == place), address=found.address,
            carrier=found.carrier, service=found.service, delivery_title=found.delivery_title, rate=found.rate,
            delivery=found.delivery, delivery_total=found.total, destinations=(found,),
        )  # fmt: skip

    @property
    def by_place(self) -> tuple[OrderView, ...]:
        """The order as each of its places sees it; of several only those that have lines."""
        if not self.is_spread:
            return (self,)
        parts = (self.at(one.position) for one in self.destinations)
        return tuple(part for part in parts if part.lines)

    @property
    def live(self) -> tuple[OrderView, ...]:
        """The parts to which something goes, of those by place; all of them where nothing goes anywhere."""
        found = tuple(part for part in self.by_place if any(line.left for line in part.lines))
        return found or self.by_place

    def whose(self, place: int) -> str:
        """Who lives at one of several places, and in which town; empty where there is only one."""
        found = next((one.address for one in self.destinations if one.position == place), None)
        if found is None or not self.is_spread:
            return ""
        return found.whose

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where the goods go."""
        return tuple(one.address for one in self.destinations if one.address is not None)

    @property
    def is_held(self) -> bool:
        """Whether something waits to be sent that nobody has approved yet."""
        return self.can_be_cancelled and any(hold.ended_at is None for hold in self.holds)

    @property
    def goods(self) -> str:
        """Whether what waits to be sent is there: ready, partly, waiting; nothing where nothing waits."""
        wanted = [line.wanted for line in self.lines if line.needs_delivery]
        return goods_code(wanted, {one.line_id: self.here[one.line_id] for one in wanted})

    @property
    def agreed_left(self) -> Money:
        """What was agreed for all that was not cancelled: the delivery falls away with the last unit."""
        left = due(self.total.amount, self.delivery_total.amount, [line.facts for line in self.lines])
        return Money(left, self.currency)

    @property
    def needs_delivery(self) -> bool:
        return any(line.needs_delivery for line in self.lines)

    @property
    def moved_on(self) -> tuple[MovedOn, ...]:
        """What went on in other orders, by splits and merges, oldest first."""
        return tuple(
            MovedOn(
                number=str(one.data["to"]), lines={int(line): int(units) for line, units in one.data["lines"].items()},
                value=Money(int(one.data["amount"]), self.currency),
            )
            for one in self.timeline
            if one.kind in {"split", "merged"}
        )  # fmt: skip

    @property
    def merged_into(self) -> str:
        """The number of the order that all that was left of this one went into; empty where there was no such merge."""
        merges = [str(one.data["to"]) for one in self.timeline if one.kind == "merged"]
        return merges[-1] if merges and self.status.order == "cancelled" else ""

    @property
    def split_from(self) -> str:
        """The number of the order that this one was split from; empty where it was placed by itself."""
        return next((str(one.data["of"]) for one in self.timeline if one.kind == "split_from"), "")

    @property
    def can_be_paid(self) -> bool:
        """Whether the shopper may start a payment now."""
        return bool(self.open) and self.status.payment not in {"pending", "disputed"}

    @property
    def can_be_cancelled(self) -> bool:
        return any(line.allocated for line in self.lines)

    @property
    def can_be_shipped(self) -> bool:
        return self.can_be_cancelled and not self.is_held

    @property
    def can_be_picked(self) -> bool:
        """Whether something is on the shelf that nobody has picked yet."""
        return self.can_be_shipped and any(self.here[line.id] > line.in_hand for line in self.lines)

    @property
    def can_be_unpicked(self) -> bool:
        """Whether picking has begun and nothing has left."""
        return any(line.picked for line in self.lines) and not any(line.shipped for line in self.lines)

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)
