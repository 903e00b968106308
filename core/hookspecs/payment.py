"""Payment: gateways return facts; core alone stores them, folds them and touches orders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.hookspecs.spec import asks
from core.lib.errors import Broken, Refused
from core.lib.money import Money, exponent


class FactKind(StrEnum):
    """What a gateway can say has happened."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"
    DECLINED = "declined"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that happened at a gateway. (plugin, account, kind, reference) makes it one and the same.

    `reference` is the gateway's own name of this very operation; `live` is False for test money; `amount` is in minor
    units by ISO 4217, whatever the gateway counts in.
    """

    account: str
    live: bool
    kind: FactKind
    reference: str
    amount: Money
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What we want to be paid.

    `token` is our reference at the gateway (128 bits, unique); `reference` the gateway's name of this payment once it
    gave one; `data` what `begin` asked to be kept.
    """

    token: str
    site: Site
    order_number: str
    amount: Money
    description: str
    language: str
    email: str
    billing: Address | None
    return_url: str
    notify_url: str
    reference: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Send the shopper to the gateway's page by GET, or by POST with `fields`."""

    url: str
    fields: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Qr:
    """Show a code to scan; the page asks for the outcome by itself."""

    text: str
    reference: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Instructions for the shopper (an account to pay to), as label and value rows."""

    text: str
    rows: tuple[tuple[str, str], ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Settled at once, by these facts."""

    facts: tuple[Fact, ...]
    reference: str = ""


Begun = Redirect | Qr | Show | Done


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest:
    """A webhook as it came.

    Raw bytes, header names in lower case. Nothing in it is to be believed before it is verified.
    """

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the gateway wants to read as an acknowledgement; sent after the commit."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A verified webhook. `intent` is our token, or empty where only `reference` (the gateway's) is known."""

    event_id: str
    facts: tuple[Fact, ...]
    intent: str = ""
    reference: str = ""
    reply: Reply = Reply()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementLine:
    """One line of a payout file, in minor units of one currency: `net` = `gross` - `fee`."""

    kind: str
    reference: str
    gross: Money
    fee: Money
    net: Money
    payout: str


class Forged(Refused):
    """The notice is not the gateway's: signature missing or wrong, too old, or from the future."""

    status = 400
    code = "forged"
    default_message = "This notice was not signed by the gateway."


class PaymentDeclined(Refused):
    """The gateway said no, for good. `reason` is its own code."""

    code = "payment_declined"
    default_message = "The payment was declined. Nothing was charged. Try another way to pay."


class OutcomeUnknown(Broken):
    """No answer, or none that can be read.

    The operation may have happened. Ask `fetch`, never repeat with a new key.
    """

    default_message = "The payment's outcome is not known yet."


class Gateway(ABC):
    """One way to be paid, for one account on one site. It never reads or writes the shop's database.

    Every method may raise `PaymentDeclined` (final), `OutcomeUnknown` (ask `fetch` later) or `Broken`. `key` is the
    idempotency key, stored before the call: the same key must never move money twice. `pays_later`: goods leave before
    the money comes, as with cash at the door or an invoice, so nobody waits for it and nobody is warned.
    """

    code: ClassVar[str]
    flow: ClassVar[str] = "redirect"
    can: ClassVar[frozenset[str]] = frozenset()
    pays_later: ClassVar[bool] = False
    account: str = "default"
    live: bool = False
    title: str = ""
    description: str = ""
    icon: str = "card"
    unpaid_days: int = 3

    def exponent(self, currency: str) -> int:
        """Digits this gateway counts in for `currency`; by ISO 4217 unless it says otherwise."""
        return exponent(currency)

    def takes(self, amount: Money, address: Address | None) -> str:
        """Empty if this amount can be paid here, else the reason in the shopper's language."""
        del amount, address
        return ""

    @abstractmethod
    def begin(self, intent: Intent, key: str) -> Begun:
        """Open the payment at the gateway. Network."""

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        """All facts that the gateway now knows about the intent: the truth. Network."""
        del intent
        return ()

    def capture(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        """Take authorised money. Network."""
        raise Broken("This way to pay cannot capture later.", permanent=True)

    def void(self, intent: Intent, key: str) -> Sequence[Fact]:
        """Let go of authorised money. Network."""
        raise Broken("This way to pay cannot let go of an authorisation.", permanent=True)

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        """Give captured money back. Network."""
        raise Broken("This way to pay cannot refund by itself.", permanent=True)

    def read(self, request: IncomingRequest) -> Notice:
        """Verify the raw bytes, then parse them. Pure: no database, no network. Raises Forged."""
        del request
        raise Forged

    def settlement(self, day: date) -> Sequence[SettlementLine]:
        """The payout lines of a day. Network."""
        del day
        return ()


class PaymentSpecs:
    """Hooks of the family `payment`."""

    @asks(Gateway)
    def payment_gateways(self, site: Site) -> Sequence[Gateway]:  # type: ignore[empty-body]
        """The gateways of this site, in the order to be offered. Cheap: no network. A failing plugin's are left out.

        Also asked for a draining plugin when its open orders need it; the checkout does not offer those.
        """
