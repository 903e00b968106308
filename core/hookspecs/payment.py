"""Payment: gateways return facts; core alone stores them, folds them and touches orders."""

from __future__ import annotations

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from msgspec import Struct, field

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


class Fact(Struct, frozen=True, kw_only=True):
    """One thing that happened at a gateway. (plugin, account, kind, reference) makes it one and the same.

    `reference` is the gateway's own name of this very operation; `amount` is in minor units by ISO 4217, whatever the
    gateway counts in. `account` and `live` (False for test money) are those of the `Gateway` that told it where they
    are left out: name them where the other side says them, so that what belongs elsewhere is found out.
    """

    kind: FactKind
    reference: str
    amount: Money
    at: datetime
    note: str = ""
    account: str = ""
    live: bool | None = None


class Intent(Struct, frozen=True, kw_only=True):
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


class Redirect(Struct, frozen=True, kw_only=True):
    """Send the shopper to the gateway's page by GET, or by POST with `fields`."""

    url: str
    fields: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


class Qr(Struct, frozen=True, kw_only=True):
    """Show a code to scan; the page asks for the outcome by itself."""

    text: str
    reference: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


class Show(Struct, frozen=True, kw_only=True):
    """Instructions for the shopper (an account to pay to), as label and value rows."""

    text: str
    rows: tuple[tuple[str, str], ...] = ()
    reference: str = ""


class Done(Struct, frozen=True, kw_only=True):
    """Settled at once, by these facts."""

    facts: tuple[Fact, ...]
    reference: str = ""


Begun = Redirect | Qr | Show | Done


class IncomingRequest(Struct, frozen=True, kw_only=True):
    """A webhook as it came.

    Raw bytes, header names in lower case. Nothing in it is to be believed before it is verified.
    """

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime


class Reply(Struct, frozen=True, kw_only=True):
    """What the gateway wants to read as an acknowledgement; sent after the commit."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


class Notice(Struct, frozen=True, kw_only=True):
    """A verified webhook. `intent` is our token, or empty where only `reference` (the gateway's) is known."""

    event_id: str
    facts: tuple[Fact, ...]
    intent: str = ""
    reference: str = ""
    reply: Reply = Reply()


class SettlementLine(Struct, frozen=True, kw_only=True):
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


ABILITIES: Mapping[str, str] = {
    "auth": "`begin` only reserves the money, and `capture` takes it",
    "partial_capture": "`capture` may take a part, and be called again",
    "void": "`void` lets go of what is reserved",
    "refund": "`refund` gives back",
    "partial_refund": "`refund` may give back a part, and be called again",
    "settlement": "`settlement` tells the lines of payouts",
}
FLOWS = ("redirect", "qr", "instructions", "instant", "embed")
_ACCOUNT = re.compile(r"[A-Za-z0-9._~-]{1,120}\Z")


class Gateway(ABC):
    """One way to be paid, for one account on one site. It never reads or writes the shop's database.

    Every method may raise `PaymentDeclined` (final), `OutcomeUnknown` (ask `fetch` later) or `Broken`. `key` is the
    idempotency key, stored before the call: the same key must never move money twice.

    `flow` says what `begin` answers: `redirect` a `Redirect`, `qr` a `Qr`, `instructions` a `Show`, `instant` a `Done`.

    `can` says which methods there are beside `begin`, in these words:

    - `auth`: `begin` only reserves the money (a fact AUTHORIZED), and `capture` takes it. Core never captures by
      itself: staff do, at the order or for many orders at once, and programs by the API; until then the order is
      `authorized`, not paid: it may be sent, and it does not end for want of money.
    - `partial_capture`: `capture` may take a part, and be called again for another.
    - `void`: `void` lets go of what is reserved. Core calls it once nothing of an order is left.
    - `refund`: `refund` gives back. Without it staff give money back by hand, and note it.
    - `partial_refund`: `refund` may give back a part, and be called again. Without it only the whole is asked for.
    - `settlement`: `settlement` tells the lines of payouts.

    `account` tells the accounts of one plugin apart and stands in the address of notices, so it is made of letters,
    digits and . _ ~ - (at most 120). `unpaid_days` is how long an order may wait for its money; 0 is for ever.
    `pays_later`: goods leave before the money comes, as with cash at the door or an invoice, so nobody waits for it and
    nobody is warned.
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

    def __init_subclass__(cls, **more: object) -> None:
        """A slip in what a gateway says of itself is an error when its plugin is loaded. Raises TypeError."""
        super().__init_subclass__(**more)
        can = cls.__dict__.get("can", frozenset())
        if isinstance(can, str) or not isinstance(can, frozenset | property):
            raise TypeError(f"{cls.__name__}.can is a frozenset of words, not {can!r}; there are {_words(ABILITIES)}")
        if isinstance(can, frozenset) and (wrong := _wrong_can(can)):
            raise TypeError(f"{cls.__name__}.{wrong}")
        flow = cls.__dict__.get("flow", "redirect")
        if isinstance(flow, str) and flow not in FLOWS:
            raise TypeError(f"{cls.__name__}.flow: there is no {flow!r}{_meant(flow, FLOWS)}; {_words(FLOWS)}")
        account = cls.__dict__.get("account", "default")
        if isinstance(account, str) and not _ACCOUNT.match(account):
            raise TypeError(f"{cls.__name__}.{_wrong_account(account)}")

    def _complaint(self) -> str:
        """What is wrong with an instance; asked whenever the hook has answered."""
        return _wrong_can(self.can) or ("" if _ACCOUNT.match(self.account) else _wrong_account(self.account))

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


def _words(known: Collection[str]) -> str:
    return f"the words are {', '.join(known)}"


def _meant(word: object, known: Collection[str]) -> str:
    close = difflib.get_close_matches(str(word), known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def _wrong_can(can: frozenset[str]) -> str:
    wrong = sorted(can - ABILITIES.keys())
    return f"can: there is no {wrong[0]!r}{_meant(wrong[0], ABILITIES)}; {_words(ABILITIES)}" if wrong else ""


def _wrong_account(account: str) -> str:
    return f"account {account[:40]!r} stands in an address: use letters, digits and . _ ~ - (at most 120)"


class PaymentSpecs:
    """Hooks of the family `payment`."""

    @asks(Gateway)
    def payment_gateways(self, site: Site) -> Sequence[Gateway]:  # type: ignore[empty-body]
        """The gateways of this site, in the order to be offered. Cheap: no network. A failing plugin's are left out.

        Also asked for a draining plugin when its open orders need it; the checkout does not offer those.
        """
