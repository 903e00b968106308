"""What may be changed after placement, and what a change will write: structs that are kept as JSON with the change."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from core.catalogue.services.shapes import PartOfKit
from core.hookspecs.checkout import Address
from core.orders.services.hold_reasons import HoldReason

KEEP, REEVALUATE, BETTER = "keep", "reevaluate", "better"
POLICIES = (KEEP, REEVALUATE, BETTER)
DRAFT, CONFIRMED, DROPPED = "draft", "confirmed", "dropped"
GRANTS = ("goodwill", "claim")


class AddGoods(msgspec.Struct, frozen=True, kw_only=True, tag="add", tag_field="kind"):
    """Units of a variant that are not on the order yet, or at another price. They go to the `destination`.

    None is the only one; of several the first that something still goes to.
    """

    variant_id: int
    quantity: int
    destination: int | None = None


class SetQuantity(msgspec.Struct, frozen=True, kw_only=True, tag="quantity", tag_field="kind"):
    """How many units of a line there shall be, those that have left included."""

    line_id: int
    quantity: int


class CancelUnits(msgspec.Struct, frozen=True, kw_only=True, tag="cancel", tag_field="kind"):
    """Units of a line that will not be sent."""

    line_id: int
    quantity: int


class RemoveLine(msgspec.Struct, frozen=True, kw_only=True, tag="remove", tag_field="kind"):
    """All units of a line that have not left."""

    line_id: int


class SetPrice(msgspec.Struct, frozen=True, kw_only=True, tag="price", tag_field="kind"):
    """What one unit costs from now on, offers included: for units that have not left. In the site's form of prices."""

    line_id: int
    amount: int
    reason: str


class SetAddress(msgspec.Struct, frozen=True, kw_only=True, tag="address", tag_field="kind"):
    """Where the rest of the order goes, and by which service if another than the order's is wanted.

    Unless the change sets the delivery itself, the carriers are asked what it costs there. An order that goes to
    several places names the `destination` that is meant, by its position.
    """

    address: Address
    carrier: str = ""
    service: str = ""
    destination: int | None = None

    @property
    def way(self) -> tuple[str, str] | None:
        """The service that is wanted, if one is."""
        return (self.carrier, self.service) if self.carrier or self.service else None


class SetBilling(msgspec.Struct, frozen=True, kw_only=True, tag="billing", tag_field="kind"):
    """Who the bill is made out to. Issued papers stay as they are; taxes follow the goods, not the bill."""

    address: Address


class SetContact(msgspec.Struct, frozen=True, kw_only=True, tag="contact", tag_field="kind"):
    """Where mails about the order go, and the phone number; empty stays as it is.

    With another mail address the link that opens the order ends, and the new one goes there.
    """

    email: str = ""
    phone: str = ""


class SetDelivery(msgspec.Struct, frozen=True, kw_only=True, tag="delivery", tag_field="kind"):
    """Another delivery: what it costs after offers, in the site's form of prices; empty names stay as they are.

    Of an order that goes to several places it is the one to the `destination`.
    """

    amount: int
    title: str = ""
    carrier: str = ""
    service: str = ""
    destination: int | None = None


class AddDestination(msgspec.Struct, frozen=True, kw_only=True, tag="destination", tag_field="kind"):
    """One more place that something of the order goes to, by the service that is wanted there, else by the order's.

    Other actions of the change send goods there. They know it by its `destination`: the number after the last one.
    """

    address: Address
    destination: int
    carrier: str = ""
    service: str = ""

    @property
    def way(self) -> tuple[str, str] | None:
        """The service that is wanted, if one is."""
        return (self.carrier, self.service) if self.carrier or self.service else None


class MoveUnits(msgspec.Struct, frozen=True, kw_only=True, tag="move", tag_field="kind"):
    """Units of a line that have not left and go to another place of the order, at what was agreed for them."""

    line_id: int
    quantity: int
    destination: int


class AddCharge(msgspec.Struct, frozen=True, kw_only=True, tag="charge", tag_field="kind"):
    """A fee, or something granted; `amount` is above zero either way. A fee may be `taxed` like other services.

    A fee that is withheld of what lines cost that came back, {line id: value}, bears the taxes of those goods.
    """

    charge: Literal["fee", "restocking", "return_delivery", "goodwill", "claim"]
    amount: int
    reason: str = ""
    line_id: int | None = None
    taxed: bool = False
    withheld_of: dict[int, int] = {}


class SplitUnits(msgspec.Struct, frozen=True, kw_only=True, tag="split", tag_field="kind"):
    """Units of lines {line id: units} that become an order of their own. It stands alone in its change."""

    lines: dict[int, int]


class MergeInto(msgspec.Struct, frozen=True, kw_only=True, tag="merge", tag_field="kind"):
    """All of the order goes into another one. It stands alone in its change."""

    order_id: int


Action = (
    AddGoods
    | SetQuantity
    | CancelUnits
    | RemoveLine
    | SetPrice
    | SetAddress
    | SetBilling
    | SetContact
    | SetDelivery
    | AddDestination
    | MoveUnits
    | AddCharge
    | SplitUnits
    | MergeInto
)


class PlannedTax(msgspec.Struct, frozen=True, kw_only=True):
    """One tax on a planned line or delivery; `rate` in hundredths of a percent."""

    name: str
    rate: int
    amount: int


class PlannedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that will be appended and goes to `place`; `of_line_id` is the line whose units these are or go on from.

    `promised_at` is when units leave that are not there yet.
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
    of_line_id: int | None = None
    place: int = 0
    taxes: tuple[PlannedTax, ...] = ()
    parts: tuple[PartOfKit, ...] = ()
    promised_at: datetime | None = None


class PlannedCharge(msgspec.Struct, frozen=True, kw_only=True):
    """A charge with its sign, in the site's form of prices. Its `taxes` are asked for where it is `taxed`.

    Of one that is `withheld_of` lines they are those of the goods.
    """

    charge: str
    amount: int
    reason: str
    line_id: int | None
    taxed: bool = False
    taxes: tuple[PlannedTax, ...] = ()
    withheld_of: dict[int, int] = {}


class PlannedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery as it will be; `total` with its tax. `rate` is the carrier's, where `plugin` was asked anew."""

    amount: int
    tax: int
    total: int
    title: str
    carrier: str
    service: str
    taxes: tuple[PlannedTax, ...] = ()
    plugin: str = ""
    rate: dict[str, Any] = {}


class PlannedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one place: another address, another delivery, or both. One that `is_new` has both."""

    address: Address | None = None
    delivery: PlannedDelivery | None = None
    is_new: bool = False


class PlannedAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """An offer on planned lines: `shares` maps their places to what it takes off."""

    plugin: str
    rule: str
    title: str
    code: str
    amount: int
    shares: dict[int, int]
    claims: tuple[tuple[str, int, int], ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All that confirming writes. `cancels` maps lines to units; prices and taxes are those of the preview.

    `sources` say which location shall give how much of a variant, where there was a choice, and `why` by location.
    `moves` are units that go into another order as `lines`: into a new one, or into the order `into` as it is in
    `into_version`. `holds` are what the order waits for from then on; of a merge, the order that
    takes the units. `places` are those that change, by position; the deliveries to `emptied` ones fall away.
    `email` and `phone` are empty where they stay; `renews_link`: somebody can send the new one.
    """

    policy: str = KEEP
    cancels: dict[int, int] = {}
    lines: tuple[PlannedLine, ...] = ()
    charges: tuple[PlannedCharge, ...] = ()
    adjustments: tuple[PlannedAdjustment, ...] = ()
    places: dict[int, PlannedPlace] = {}
    billing: Address | None = None
    email: str = ""
    phone: str = ""
    renews_link: bool = False
    sources: dict[int, dict[int, int]] = {}
    why: dict[int, str] = {}
    moves: dict[int, int] = {}
    into: int | None = None
    into_version: int = 0
    holds: tuple[HoldReason, ...] = ()
    emptied: tuple[int, ...] = ()

    @property
    def addresses(self) -> dict[int, Address]:
        """The addresses that are other ones or new, by position."""
        return {place: one.address for place, one in self.places.items() if one.address is not None}

    @property
    def deliveries(self) -> dict[int, PlannedDelivery]:
        """The deliveries that are other ones or new, by position."""
        return {place: one.delivery for place, one in self.places.items() if one.delivery is not None}

    @property
    def only_cancels(self) -> bool:
        """Whether units are taken away and nothing else is done: a cancellation, by whichever form it was made."""
        rest = (self.lines, self.charges, self.places, self.moves, self.is_about_people)
        return bool(self.cancels) and not any(rest)

    @property
    def is_about_people(self) -> bool:
        """Whether it changes who the bill is for, or who is written to."""
        return bool(self.billing or self.email or self.phone)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a change means for one line: an existing one, or a planned one (`line_id` None)."""

    line_id: int | None
    name: str
    units: int
    amount: int
    tax: int


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan does, in minor units: `price` is what the order costs without what was cancelled or returned.

    `to_pay` is what the shopper has still to pay after it, beyond what is authorised; `to_refund` what the shop then
    owes. `stock` maps variants to pieces more (or less) that are promised.
    """

    price_before: int
    price_after: int
    tax_before: int
    tax_after: int
    to_pay: int
    to_refund: int
    shares: tuple[Share, ...]
    stock: dict[int, int]
    delivery_before: int
    delivery_after: int

    @property
    def delta(self) -> int:
        return self.price_after - self.price_before


class ChangeView(Struct, frozen=True, kw_only=True):
    """A stored change as pages show it. `into_order_id` is the order that a split made or a merge filled."""

    id: int
    order_id: int
    version: int
    state: str
    policy: str
    actor: str
    reason: str
    key: str
    created_at: datetime
    ended_at: datetime | None
    actions: tuple[Action, ...]
    plan: Plan
    effect: Effect
    into_order_id: int | None
