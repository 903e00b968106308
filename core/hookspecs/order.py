"""Order: what may stop an act on an order that was placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from core.hookspecs.checkout import Address, Problem
from core.hookspecs.site import Site
from core.hookspecs.spec import asks
from core.lib.money import Money


class ActKind(StrEnum):
    """What somebody is about to do with an order. Facts (it arrived, it came back, it was paid) are no acts."""

    CHANGE = "change"
    SPLIT = "split"
    MERGE = "merge"
    CANCEL = "cancel"
    RELEASE = "release"
    PICK = "pick"
    SHIP = "ship"
    RETURN = "return"
    EXCHANGE = "exchange"
    CLAIM = "claim"
    APPROVE = "approve"
    RESOLVE = "resolve"
    CAPTURE = "capture"
    REFUND = "refund"
    STAGE = "stage"


class OrderAct(Struct, frozen=True, kw_only=True):
    """One act, before it is done.

    `lines` are the units of the order's lines that it touches, `adds` units of variants that it brings. `amount` is
    what is captured, given back or granted, or how much more the order will cost. `address` is where a change sends it,
    of several the first, and `addresses` are all of them. `order_id` is the other order of a merge, `case_id` the
    return that is decided about. `actor` is `staff:<id>`, `shopper:<id>`, `guest`, or the name of a program. `stage` is
    where the order shall come to, as `plugin:stage`.
    """

    kind: ActKind
    actor: str
    lines: Mapping[int, int] = field(default_factory=dict)
    adds: Mapping[int, int] = field(default_factory=dict)
    amount: Money | None = None
    address: Address | None = None
    addresses: tuple[Address, ...] = ()
    order_id: int | None = None
    case_id: int | None = None
    stage: str = ""


class GuardedLine(Struct, frozen=True, kw_only=True):
    """A line of an order with how many of its units wait, are picked, have left, were cancelled and came back."""

    id: int
    variant_id: int
    product_id: int
    sku: str
    name: str
    quantity: int
    unit: Money
    total: Money
    waiting: int
    picked: int
    shipped: int
    cancelled: int
    returned: int


class GuardedOrder(Struct, frozen=True, kw_only=True):
    """An order as guards see it: no secrets, nothing to change.

    `status` maps the four axes (order, payment, fulfilment, returned) to their codes. `holds` are the codes of what it
    waits for: those of problems, and `rule`, `staff` and `unpaid`. `stages` maps plugins to where it stands with them.
    `addresses` are all the places it goes to; `address` is the only one, None where there are several.
    """

    id: int
    number: str
    currency: str
    language: str
    placed_at: datetime
    total: Money
    captured: Money
    refunded: Money
    lines: tuple[GuardedLine, ...]
    status: Mapping[str, str]
    customer_id: int | None = None
    email: str = ""
    address: Address | None = None
    addresses: tuple[Address, ...] = ()
    billing: Address | None = None
    carrier: str = ""
    gateway: str = ""
    codes: tuple[str, ...] = ()
    extra: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    holds: tuple[str, ...] = ()
    stages: Mapping[str, str] = field(default_factory=dict)


class OrderSpecs:
    """Hooks of the family `order`."""

    @asks(Problem, may_block=True)
    def order_problems(self, site: Site, order: GuardedOrder, act: OrderAct) -> Sequence[Problem]:  # type: ignore[empty-body]
        """What speaks against this act on an order that was placed.

        Asked once, before the act's transaction, of whoever acts: staff one by one or in bulk, shoppers in their own
        window, programs; and when a change is only looked at. Every problem refuses the act, and nothing is stored;
        `line_id` puts it beside a line, `review` means nothing here. A failing plugin is skipped, unless the merchant
        marked it "must pass": then the act is refused.

        Never asked about facts (a parcel arrived, goods came back, money moved), about a click that was heeded before,
        nor where the system ends what nobody paid.
        """
