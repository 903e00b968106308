"""The gateway: what the test server says, as facts; and who may say it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.api import (
    Broken,
    Fact,
    FactKind,
    Forged,
    Gateway,
    IncomingRequest,
    Intent,
    Money,
    Notice,
    Redirect,
    Refused,
    Site,
    instant,
)
from core.api import gettext as _
from plugins.fake_gateway.client import Client
from plugins.fake_gateway.forms import Settings

SIGNATURE = "x-fake-signature"
TOLERANCE = timedelta(minutes=5)


class FakeGateway(Gateway):
    """A redirect gateway of test money. It refuses to work with a server that says it is live."""

    code = "fake_gateway"
    flow = "redirect"
    live = False
    icon = "card"
    can = frozenset({"refund", "partial_refund"})

    def __init__(self, settings: Settings) -> None:
        self._settings, self._client = settings, Client(settings)
        self.account = settings.account
        self.title = _("Test gateway (no real money)")
        self.description = _("You choose on its page how the payment ends.")

    def begin(self, intent: Intent, key: str) -> Redirect:
        payment = self._client.create(
            {
                "reference": intent.token,
                "amount": intent.amount.amount,
                "currency": intent.amount.currency,
                "description": intent.description,
                "language": intent.language,
                "mode": self._settings.mode,
                "account": self.account,
                "return_url": intent.return_url,
                "notify_url": intent.notify_url,
            },
            key,
        )
        _refuse_live(payment)
        if self._settings.hand_over == "post":
            return Redirect(
                url=f"{self._settings.origin}/enter", fields={"payment": payment["id"]}, reference=payment["id"]
            )
        return Redirect(url=payment["url"], reference=payment["id"])

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        payment = self._client.find(intent.token)
        if payment is None:
            return ()
        _refuse_live(payment)
        return tuple(self._fact(event, payment["currency"]) for event in payment["events"])

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return self._act(intent, "refund", amount, key)

    def _act(self, intent: Intent, verb: str, amount: Money | None, key: str) -> Sequence[Fact]:
        event = self._client.act(intent.reference, verb, amount.amount if amount else None, key)
        return (self._fact(event, intent.amount.currency),)

    def _fact(self, event: Mapping[str, Any], currency: str) -> Fact:
        return Fact(
            kind=FactKind(event["kind"]),
            reference=event["id"],
            amount=Money(event["amount"], currency),
            at=instant(event["at_us"]),
            note=event.get("note", ""),
        )

    def read(self, request: IncomingRequest) -> Notice:
        verify(request, self._settings.secrets)
        return self._notice(request.body)

    def _notice(self, body: bytes) -> Notice:
        """A signed notice as facts. One about real money, or for another account, is none of ours."""
        said = json.loads(body)
        if said["live"] or said["account"] != self.account:
            raise Forged
        fact = self._fact(said["event"], said["currency"])
        return Notice(event_id=said["id"], facts=(fact,), intent=said["reference"], reference=said["payment"])


class AuthorizingGateway(FakeGateway):
    """The same, where the shopper authorises and the merchant takes the money later."""

    can = FakeGateway.can | {"auth", "partial_capture", "void"}

    def capture(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return self._act(intent, "capture", amount, key)

    def void(self, intent: Intent, key: str) -> Sequence[Fact]:
        return self._act(intent, "void", None, key)


def gateway_of(settings: Settings) -> FakeGateway:
    """The gateway in the mode that the settings name."""
    return AuthorizingGateway(settings) if settings.mode == "authorize" else FakeGateway(settings)


def verify(request: IncomingRequest, secrets: Sequence[str]) -> None:
    """Raise Forged unless one of `secrets` signed the raw body within five minutes of its arrival, before or after."""
    stamp, given = _parts(request.headers.get(SIGNATURE, ""))
    signed_at = _instant(stamp)
    if signed_at is None or abs(request.received_at - signed_at) > TOLERANCE:
        raise Forged
    expected = [sign(secret, stamp, request.body).encode() for secret in secrets]
    if not any(hmac.compare_digest(one, found.encode()) for one in expected for found in given):
        raise Forged


def sign(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 in hex over `<unix seconds>.<raw body>`."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _parts(header: str) -> tuple[str, list[str]]:
    """The timestamp and the signatures of `t=<unix seconds>,v1=<hex>[,v1=<hex>]`."""
    pairs = [part.partition("=") for part in header.split(",")[:10]]
    stamp = next((value for name, _, value in pairs if name == "t"), "")
    return stamp, [value for name, _, value in pairs if name == "v1"]


def _instant(stamp: str) -> datetime | None:
    """None for anything but up to eleven plain digits, so that no arithmetic can overflow."""
    return instant(int(stamp) * 1_000_000) if stamp.isascii() and stamp.isdigit() and len(stamp) <= 11 else None


def _refuse_live(payment: Mapping[str, Any]) -> None:
    if payment["live"]:
        raise Broken("This is a gateway for tests: it takes no real money.", permanent=True)


class NoServer(Refused):
    """Settings that cannot be tried, because no server is named."""

    code = "no_server"
    default_message = "Name a server first, and save."


def try_connection(site: Site, email: str) -> str:
    """Ask the server for a payment that never was: an answer proves the address and the key. Network. Raises Broken."""
    del email
    settings = Settings.of(site)
    if not settings.origin:
        raise NoServer
    Client(settings).find("a-payment-that-never-was")
    return _("The server answered, and took the key.")
