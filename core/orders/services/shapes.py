"""A whole order as pages, mails and the panel see it: frozen, without a database row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from core.hookspecs.checkout import Address
from core.lib.errors import NotFound
from core.lib.money import Money
from core.orders.services.part_shapes import (
    AdjustmentView,
    DestinationView,
    EntryView,
    HoldView,
    MovedOn,
    OrderLineView,
    PaymentView,
    ShipmentView,
    ShortageView,
    TaxView,
)
from core.orders.services.status import Axes, due
from core.orders.services.waits import goods_code


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
