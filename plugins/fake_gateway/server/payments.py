"""The server's book: payments, the events on each, and answers remembered by their idempotency key. In memory."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field, to_builtins

AUTHORIZED, CAPTURED, DECLINED, VOIDED, REFUNDED = "authorized", "captured", "declined", "voided", "refunded"


class NotPossible(Exception):
    """The API's refusal, with an HTTP status."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


class Event(Struct):
    """One thing that happened to a payment; `amount` in minor units."""

    id: str
    kind: str
    amount: int
    at_us: int
    note: str = ""


class Payment(Struct):
    """One payment, as its shop asked for it."""

    id: str
    reference: str
    amount: int
    currency: str
    description: str
    language: str
    mode: str
    account: str
    return_url: str
    notify_url: str
    events: list[Event] = field(default_factory=list)
    silent_until: float = 0.0

    def total(self, *kinds: str) -> int:
        return sum(event.amount for event in self.events if event.kind in kinds)

    @property
    def is_open(self) -> bool:
        """Whether the shopper can still decide."""
        return not self.events

    @property
    def held(self) -> int:
        """Authorised, and neither taken nor let go."""
        return self.total(AUTHORIZED) - self.total(CAPTURED) - self.total(VOIDED) if self.mode == "authorize" else 0

    @property
    def refundable(self) -> int:
        return self.total(CAPTURED) - self.total(REFUNDED)


class Book:
    """All payments. Every change happens under one lock."""

    def __init__(self) -> None:
        self._payments: dict[str, Payment] = {}
        self._answers: dict[str, tuple[str, int, dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self.lock = threading.RLock()

    def get(self, number: str) -> Payment:
        try:
            return self._payments[number]
        except KeyError:
            raise NotPossible("no such payment", 404) from None

    def by_reference(self, reference: str) -> list[Payment]:
        return [payment for payment in self._payments.values() if payment.reference == reference]

    def once(
        self, key: str, request: bytes, act: Callable[[], tuple[int, dict[str, Any]]]
    ) -> tuple[int, dict[str, Any]]:
        """Do `act`, or answer as the first time the key came; the same key on another request is an error."""
        if not key:
            raise NotPossible("Idempotency-Key is missing", 400)
        shape = hashlib.sha256(request).hexdigest()
        with self.lock:
            if key not in self._answers:
                self._answers[key] = (shape, *act())
            known, status, answer = self._answers[key]
        if known != shape:
            raise NotPossible("this key was used for another request", 409)
        return status, answer

    def create(self, asked: dict[str, Any]) -> Payment:
        """Open a payment; raises NotPossible for what cannot be paid."""
        if type(asked.get("amount")) is not int or asked["amount"] <= 0:
            raise NotPossible("amount is a positive whole number of minor units")
        if asked.get("mode") not in {"sale", "authorize"}:
            raise NotPossible("mode is sale or authorize")
        names = (
            "reference",
            "amount",
            "currency",
            "description",
            "language",
            "mode",
            "account",
            "return_url",
            "notify_url",
        )
        payment = Payment(id=f"pay_{next(self._numbers)}_{time.time_ns():x}", **{name: asked[name] for name in names})
        self._payments[payment.id] = payment
        return payment

    def add(self, payment: Payment, kind: str, amount: int, note: str = "") -> Event:
        with self.lock:
            event = Event(
                id=f"ev_{next(self._numbers)}_{payment.id[4:]}",
                kind=kind,
                amount=amount,
                at_us=time.time_ns() // 1000,
                note=note,
            )
            payment.events.append(event)
            return event

    def pay(self, payment: Payment) -> Event | None:
        """The shopper pays. Nothing where the payment is already decided: a second press pays no second time."""
        with self.lock:
            if not payment.is_open:
                return None
            return self.add(payment, CAPTURED if payment.mode == "sale" else AUTHORIZED, payment.amount)

    def decline(self, payment: Payment, note: str) -> Event | None:
        with self.lock:
            return self.add(payment, DECLINED, payment.amount, note) if payment.is_open else None

    def act(self, payment: Payment, verb: str, amount: int | None) -> Event:
        """`capture`, `void` or `refund`; never beyond what is held or was taken."""
        with self.lock:
            if verb == "void":
                return self._bounded(payment, VOIDED, payment.held, payment.held)
            if verb == "capture":
                return self._bounded(payment, CAPTURED, amount, payment.held)
            if verb == "refund":
                return self._bounded(payment, REFUNDED, amount, payment.refundable)
        raise NotPossible("no such verb", 404)

    def _bounded(self, payment: Payment, kind: str, amount: int | None, most: int) -> Event:
        if type(amount) is not int or not 0 < amount <= most:
            raise NotPossible(f"amount is between 1 and {most}")
        return self.add(payment, kind, amount)


def shown(payment: Payment) -> dict[str, Any]:
    """A payment as the API tells it."""
    told: dict[str, Any] = to_builtins(payment)
    del told["silent_until"]
    return told
