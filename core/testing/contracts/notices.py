"""The rules of notices: the gateway itself is believed, for a few minutes, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from msgspec.structs import replace

from core.hookspecs.payment import Gateway, IncomingRequest
from core.lib import clock
from core.testing.contracts.fences import no_network
from core.testing.contracts.samples import an_intent
from core.testing.contracts.steps import GatewayPeer, names, needed, noticed, paid, refused, sound, taken


class NoticeRules:
    """The part of GatewayContract about `Gateway.read`."""

    currencies: ClassVar[Sequence[str]]

    def test_a_notice_says_what_fetch_says(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = paid(gateway, needed(gateway, peer), an_intent())
        notice = gateway.read(needed(gateway, peer).notice(intent))
        assert notice.facts, "the notice says nothing"
        assert notice.event_id, "an event without a name cannot be recognised again"
        assert intent.token == notice.intent or (intent.reference and intent.reference == notice.reference)
        assert names(notice.facts) <= names(gateway.fetch(intent)), "told twice, under two names: it would count twice"
        for fact in notice.facts:
            sound(gateway, intent, fact)

    def test_every_currency_is_noticed_exactly(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = needed(gateway, peer)
        for amount in taken(gateway, self.currencies):
            intent = paid(gateway, peer, an_intent(amount))
            amounts = [fact.amount for fact in gateway.read(peer.notice(intent)).facts]
            assert amounts == [amount], f"{amount.decimal} {amount.currency} was noticed otherwise"

    def test_reading_a_notice_touches_nothing(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        request = noticed(gateway, peer)
        with no_network():
            first, second = gateway.read(request), gateway.read(request)
        assert (first.event_id, names(first.facts)) == (second.event_id, names(second.facts))

    def test_an_unsigned_notice_is_refused(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        if gateway.flow in {"instructions", "instant"} and peer is None:
            refused(
                gateway,
                IncomingRequest(method="POST", headers={}, query={}, body=b"{}", received_at=clock.now()),
                "anybody",
            )
            return
        request = noticed(gateway, peer)
        refused(gateway, replace(request, headers={}, query={}), "a notice without a signature")
        refused(gateway, replace(request, body=b""), "an empty notice")

    def test_a_changed_notice_is_refused(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        request = noticed(gateway, peer)
        for place in range(0, len(request.body), max(1, len(request.body) // 40)):
            changed = bytes([*request.body[:place], request.body[place] ^ 1, *request.body[place + 1 :]])
            refused(gateway, replace(request, body=changed), f"a notice changed at byte {place}")
        refused(gateway, replace(request, body=request.body + b" "), "a notice with something added")

    def test_a_signature_of_nonsense_is_refused(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        request = noticed(gateway, peer)
        for nonsense in (
            "",
            "x",
            "t=,v1=",
            "t=1e400,v1=0",
            "t=99999999999999999999,v1=00",
            "é" * 64,
            "\x00",
            "," * 1000,
        ):
            headers = dict.fromkeys(request.headers, nonsense)
            refused(gateway, replace(request, headers=headers, query={}), f"the signature {nonsense[:20]!r}")

    def test_an_old_notice_is_refused(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        self._refused_when(gateway, noticed(gateway, peer), timedelta(days=1), "a notice of yesterday")

    def test_a_notice_from_the_future_is_refused(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        self._refused_when(gateway, noticed(gateway, peer), timedelta(days=-1), "a notice of tomorrow")

    def _refused_when(self, gateway: Gateway, request: IncomingRequest, later: timedelta, what: str) -> None:
        at = request.received_at + later
        with clock.freeze(at):
            refused(gateway, replace(request, received_at=at), what)
