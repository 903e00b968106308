"""A gateway that keeps every rule, and its other side: a bank in memory that remembers keys and signs its notices."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from core.hookspecs.payment import (
    Fact,
    FactKind,
    Forged,
    Gateway,
    IncomingRequest,
    Intent,
    Notice,
    OutcomeUnknown,
    PaymentDeclined,
    Redirect,
)
from core.lib import clock
from core.lib.errors import Broken
from core.lib.money import Money


class Bank:
    """The other side, in memory. It knows who pays what, and remembers keys.

    `losing` carries out the next wish without an answer, `declining` refuses it; one that is not strict does whatever
    it is asked to.
    """

    def __init__(self) -> None:
        self.opened: list[Intent] = []
        self.figures: dict[str, int | str] = {}
        self.events: dict[str, list[Fact]] = {}
        self.keys: dict[str, list[Fact]] = {}
        self.losing = False
        self.declining = False
        self.is_strict = True

    def lose_next_reply(self) -> None:
        self.losing = True

    def hear(self) -> None:
        """The next wish is refused for good, if somebody wants that."""
        if self.declining:
            self.declining = False
            raise PaymentDeclined

    def reply(self) -> None:
        if self.losing:
            self.losing = False
            raise OutcomeUnknown

    def add(self, token: str, kind: FactKind, amount: Money) -> Fact:
        done = self.events.setdefault(token, [])
        fact = Fact(
            account="acct", live=False, kind=kind, reference=f"{token}-{len(done)}", amount=amount, at=clock.now()
        )
        done.append(fact)
        return fact

    def total(self, token: str, kind: FactKind) -> int:
        return sum(fact.amount.amount for fact in self.events.get(token, ()) if fact.kind is kind)

    # what the contract asks a driver for

    def asked(self, intent: Intent) -> Money:
        return next(opened.amount for opened in self.opened if opened.token == intent.token)

    def figure(self, intent: Intent) -> int | str:
        return self.figures[intent.token]

    def payments(self, intent: Intent) -> int:
        return sum(opened.token == intent.token for opened in self.opened)

    def pay(self, intent: Intent) -> None:
        self.add(intent.token, FactKind.AUTHORIZED, intent.amount)

    def decline(self, intent: Intent) -> None:
        self.add(intent.token, FactKind.DECLINED, intent.amount)

    def captured(self, intent: Intent) -> int:
        return self.total(intent.token, FactKind.CAPTURED)

    def refunded(self, intent: Intent) -> int:
        return self.total(intent.token, FactKind.REFUNDED)

    def notice(self, intent: Intent) -> IncomingRequest:
        return self.about(intent.token, self.events[intent.token][-1])

    def about(self, token: str, fact: Fact) -> IncomingRequest:
        """A genuine notice about one thing that happened, signed now."""
        said = [fact.kind, fact.reference, fact.amount.amount, fact.amount.currency, token, clock.micros(fact.at)]
        body, at = json.dumps(said).encode(), str(int(clock.now().timestamp()))
        headers = {"x-at": at, "x-signature": sign(at, body), "content-type": "application/json"}
        return IncomingRequest(method="POST", headers=headers, query={}, body=body, received_at=clock.now())


def sign(at: str, body: bytes) -> str:
    return hmac.new(b"secret", at.encode() + b"." + body, hashlib.sha256).hexdigest()


class Right(Gateway):
    """A gateway that keeps every rule."""

    code = "right"
    can = frozenset({"auth", "partial_capture", "void", "refund", "partial_refund"})
    account = "acct"
    title = "Right"

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    def figure(self, amount: Money) -> int | str:
        """What stands in the request."""
        return amount.amount

    def begin(self, intent: Intent, key: str) -> Redirect:
        if key not in self.bank.keys:
            self.bank.keys[key] = []
            self.bank.opened.append(intent)
            self.bank.figures[intent.token] = self.figure(intent.amount)
        self.bank.reply()
        return Redirect(url="https://pay.example/1", reference=f"ref-{intent.token}")

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        self.bank.reply()
        return tuple(self.bank.events.get(intent.token, ()))

    def once(self, key: str, act: Callable[[], Fact]) -> list[Fact]:
        self.bank.hear()
        if key not in self.bank.keys:
            self.bank.keys[key] = [act()]
        self.bank.reply()
        return self.bank.keys[key]

    def left(self, intent: Intent) -> int:
        total = self.bank.total
        return (
            total(intent.token, FactKind.AUTHORIZED)
            - total(intent.token, FactKind.CAPTURED)
            - total(intent.token, FactKind.VOIDED)
        )

    def capture(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        if key not in self.bank.keys and amount.amount > self.left(intent) and self.bank.is_strict:
            raise Broken(permanent=True)
        return self.once(key, lambda: self.bank.add(intent.token, FactKind.CAPTURED, amount))

    def void(self, intent: Intent, key: str) -> Sequence[Fact]:
        return self.once(key, lambda: self.bank.add(intent.token, FactKind.VOIDED, intent.amount))

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        kept = self.bank.captured(intent) - self.bank.refunded(intent)
        if key not in self.bank.keys and amount.amount > kept and self.bank.is_strict:
            raise Broken(permanent=True)
        return self.once(key, lambda: self.bank.add(intent.token, FactKind.REFUNDED, amount))

    def read(self, request: IncomingRequest) -> Notice:
        at = self.signed_at(request)
        if abs(request.received_at - at) > timedelta(minutes=5):
            raise Forged
        return self.parsed(request)

    def signed_at(self, request: IncomingRequest) -> Any:
        at, signature = request.headers.get("x-at", ""), request.headers.get("x-signature", "")
        if not hmac.compare_digest(sign(at, request.body).encode(), signature.encode()):
            raise Forged
        return clock.instant(int(at) * 1_000_000)

    def parsed(self, request: IncomingRequest) -> Notice:
        kind, reference, amount, currency, token, at = json.loads(request.body)
        fact = Fact(
            account="acct",
            live=False,
            kind=FactKind(kind),
            reference=reference,
            amount=Money(amount, currency),
            at=clock.instant(at),
        )
        return Notice(event_id=reference, facts=(fact,), intent=token)
