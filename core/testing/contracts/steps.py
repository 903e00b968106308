"""The driver of a gateway's other side, the steps that its rules share, and how facts are judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest
from msgspec.structs import replace

from core.hookspecs.payment import Fact, FactKind, Forged, Gateway, IncomingRequest, Intent, Notice
from core.lib.money import Money
from core.testing.contracts.samples import an_intent


class GatewayPeer(Protocol):
    """The driver of a gateway's other side (its sandbox, or a server in the test), in the shop's terms."""

    def asked(self, intent: Intent) -> Money:
        """What the other side believes is to be paid."""

    def figure(self, intent: Intent) -> int | str:
        """The amount as it stood in the request that opened the payment.

        A whole number of the gateway's own smallest units, or the decimal text that it wants.
        """

    def payments(self, intent: Intent) -> int:
        """How many payments were opened for the intent's token."""

    def pay(self, intent: Intent) -> None:
        """The shopper pays (authorises, where `can` holds "auth")."""

    def decline(self, intent: Intent) -> None:
        """The shopper's bank says no."""

    def captured(self, intent: Intent) -> int:
        """Minor units taken so far."""

    def refunded(self, intent: Intent) -> int:
        """Minor units given back so far."""

    def notice(self, intent: Intent) -> IncomingRequest:
        """A genuine notice about the last thing that happened, signed now."""

    def lose_next_reply(self) -> None:
        """Carry out the next call, but never answer it."""


# -- steps -----------------------------------------------------------------------------------------


def needed(gateway: Gateway, peer: GatewayPeer | None) -> GatewayPeer:
    if peer is None and gateway.flow in {"instructions", "instant"}:
        pytest.skip("nobody stands on the other side")
    assert peer is not None, f"flow {gateway.flow!r} is tested with a driver of the other side: give the fixture `peer`"
    return peer


def able(gateway: Gateway, peer: GatewayPeer | None, ability: str) -> GatewayPeer:
    if ability not in gateway.can:
        pytest.skip(f"it does not claim {ability!r}")
    return needed(gateway, peer)


def key(intent: Intent, name: str) -> str:
    """An idempotency key of this intent alone."""
    return f"{intent.token}:{name}"


def begun(gateway: Gateway, intent: Intent) -> Intent:
    answer = gateway.begin(intent, key(intent, "begin"))
    return replace(intent, reference=getattr(answer, "reference", ""), data=getattr(answer, "data", {}))


def paid(gateway: Gateway, peer: GatewayPeer, intent: Intent) -> Intent:
    intent = begun(gateway, intent)
    peer.pay(intent)
    return intent


def captured(gateway: Gateway, peer: GatewayPeer, intent: Intent | None = None) -> Intent:
    intent = paid(gateway, peer, intent or an_intent())
    if "auth" in gateway.can:
        gateway.capture(intent, intent.amount, key(intent, "capture"))
    return intent


def noticed(gateway: Gateway, peer: GatewayPeer | None) -> IncomingRequest:
    peer = needed(gateway, peer)
    return peer.notice(paid(gateway, peer, an_intent()))


def taken(gateway: Gateway, currencies: Sequence[str]) -> list[Money]:
    """What to try every currency with, as far as the gateway takes it: an amount that ends in nothing, and another."""
    found = [Money(amount, currency) for currency in currencies for amount in (4990, 5124)]
    return [amount for amount in found if not gateway.takes(amount, None)]


# -- judgements ------------------------------------------------------------------------------------


def refused(gateway: Gateway, request: IncomingRequest, what: str) -> None:
    try:
        believed: Notice = gateway.read(request)
    except Forged:
        return
    pytest.fail(f"it believed {what}: {believed.facts}")


def sound(gateway: Gateway, intent: Intent, fact: Fact) -> None:
    assert fact.reference, "a fact without a name would be stored at every telling"
    assert fact.account in {"", gateway.account}, "a fact of another account"
    assert fact.live in {None, gateway.live}, "test money and real money are mixed"
    assert fact.amount.currency == intent.amount.currency, "a fact in another currency"
    assert fact.amount.amount >= 0, "a fact of less than nothing"
    assert fact.at.tzinfo is not None, "an instant without a time zone"


def names(facts: Sequence[Fact]) -> set[tuple[str, str, FactKind, str, Money]]:
    return {(fact.account, str(fact.live), fact.kind, fact.reference, fact.amount) for fact in facts}


def told(facts: Sequence[Fact], kinds: set[FactKind]) -> int:
    return sum(fact.amount.amount for fact in facts if fact.kind in kinds)
