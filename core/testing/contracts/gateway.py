"""The contract of a gateway: money moves once, facts are true, and only the gateway itself is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import ClassVar

import pytest
from msgspec.structs import replace

from core.hookspecs.payment import (
    ABILITIES,
    Done,
    FactKind,
    Gateway,
    Intent,
    OutcomeUnknown,
    PaymentDeclined,
    Qr,
    Redirect,
    Show,
)
from core.kernel.answers import complaint
from core.lib import money
from core.lib.errors import Broken
from core.lib.money import Money
from core.testing.contracts.fences import no_database
from core.testing.contracts.notices import NoticeRules
from core.testing.contracts.samples import an_intent, the_address
from core.testing.contracts.steps import (
    GatewayPeer,
    able,
    begun,
    captured,
    key,
    names,
    needed,
    paid,
    sound,
    taken,
    told,
)

FLOWS = {"redirect": Redirect, "qr": Qr, "instructions": Show, "instant": Done}
TAKEN = {FactKind.CAPTURED, FactKind.AUTHORIZED}
ENDED = {FactKind.DECLINED, FactKind.EXPIRED, FactKind.VOIDED}


class GatewayContract(NoticeRules):
    """Subclass it in the plugin's tests, give the fixture `gateway` and, unless it only shows instructions, `peer`."""

    currencies: ClassVar[Sequence[str]] = ("EUR", "JPY", "KWD")

    @pytest.fixture
    def gateway(self) -> Gateway:
        raise NotImplementedError("give the gateway under test")

    @pytest.fixture
    def peer(self) -> GatewayPeer | None:
        return None

    @pytest.fixture(autouse=True)
    def _fence(self, gateway: Gateway, peer: GatewayPeer | None) -> Iterator[None]:
        del gateway, peer  # made before the fence stands
        with no_database():
            yield

    # -- what it says of itself --------------------------------------------------------------------

    def test_it_says_what_it_is(self, gateway: Gateway) -> None:
        assert gateway.code, "code is empty"
        assert gateway.title, "title is empty: the shopper could not choose it"
        assert gateway.flow in FLOWS or gateway.flow == "embed", f"flow {gateway.flow!r} is unknown"
        assert set(gateway.can) <= set(ABILITIES), f"can: {set(gateway.can) - set(ABILITIES)} is unknown"
        assert not (wrong := complaint(Gateway, gateway)), wrong
        assert type(gateway.live) is bool, "live is no bool"
        assert gateway.unpaid_days > 0, "unpaid_days: orders would end at once"

    def test_it_judges_any_amount_and_address(self, gateway: Gateway) -> None:
        for amount in (Money(1, "EUR"), Money(10**12, "EUR"), Money(500, "JPY"), Money(1, "XXX")):
            for address in (None, the_address(country=""), the_address("KP")):
                assert isinstance(gateway.takes(amount, address), str), "takes answers a text"

    def test_an_amount_it_cannot_represent_is_not_taken(self, gateway: Gateway) -> None:
        for currency in self.currencies:
            missing = money.exponent(currency) - gateway.exponent(currency)
            if missing > 0:
                odd = Money(10 ** money.exponent(currency) * 5 + 1, currency)
                assert gateway.takes(odd, None), f"it would have to round {odd.decimal} {currency}"

    # -- begin -------------------------------------------------------------------------------------

    def test_begin_answers_as_its_flow_says(self, gateway: Gateway) -> None:
        if gateway.flow not in FLOWS:
            pytest.skip("an embedded form has no common answer")
        intent = an_intent()
        answer = gateway.begin(intent, key(intent, "key-1"))
        assert isinstance(answer, FLOWS[gateway.flow]), f"{gateway.flow} answers {FLOWS[gateway.flow].__name__}"
        if isinstance(answer, Redirect):
            assert answer.url.startswith(("https://", "http://127.0.0.1", "http://localhost")), (
                "an address in clear text"
            )
        if isinstance(answer, Show):
            assert answer.text or answer.rows, "nothing is shown"

    def test_every_currency_is_asked_for_exactly(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = needed(gateway, peer)
        for amount in taken(gateway, self.currencies):
            intent = begun(gateway, an_intent(amount))
            assert peer.asked(intent) == amount, f"{amount.decimal} {amount.currency} was asked for otherwise"

    def test_every_currency_goes_out_as_the_gateway_counts_it(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        """A driver may read as wrongly as the gateway writes, so this is the figure itself: ¥4,990 is 4990."""
        peer = needed(gateway, peer)
        for amount in taken(gateway, self.currencies):
            said = peer.figure(begun(gateway, an_intent(amount)))
            digits = 0 if isinstance(said, str) else gateway.exponent(amount.currency)
            meant = Decimal(said).scaleb(-digits)
            assert meant == Decimal(amount.decimal), (
                f"{amount.decimal} {amount.currency} went out as {said}, which is {meant}"
            )

    def test_every_currency_is_told_exactly(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = needed(gateway, peer)
        for amount in taken(gateway, self.currencies):
            intent = paid(gateway, peer, an_intent(amount))
            assert told(gateway.fetch(intent), TAKEN) == amount.amount, f"{amount.currency} is counted otherwise"

    def test_every_currency_is_taken_and_given_back_exactly(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = able(gateway, peer, "refund")
        for amount in taken(gateway, self.currencies):
            intent = captured(gateway, peer, an_intent(amount))
            assert peer.captured(intent) == amount.amount, f"{amount.currency} was taken otherwise"
            part = replace(amount, amount=1230) if "partial_refund" in gateway.can else amount
            facts = gateway.refund(intent, part, key(intent, "refund-1"))
            assert told(facts, {FactKind.REFUNDED}) == peer.refunded(intent) == part.amount, (
                f"{amount.currency} was given back otherwise"
            )

    def test_one_key_opens_one_payment(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = needed(gateway, peer)
        intent = an_intent()
        first, second = gateway.begin(intent, key(intent, "key-1")), gateway.begin(intent, key(intent, "key-1"))
        assert getattr(first, "reference", "") == getattr(second, "reference", "")
        assert peer.payments(replace(intent, reference=getattr(first, "reference", ""))) == 1, "one key, two payments"

    # -- fetch -------------------------------------------------------------------------------------

    def test_nothing_is_taken_before_the_shopper_pays(self, gateway: Gateway) -> None:
        if gateway.flow == "instant":
            pytest.skip("it settles at once")
        intent = begun(gateway, an_intent())
        assert told(gateway.fetch(intent), TAKEN) == 0

    def test_what_was_paid_is_told(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = paid(gateway, needed(gateway, peer), an_intent())
        facts = gateway.fetch(intent)
        kind = FactKind.AUTHORIZED if "auth" in gateway.can else FactKind.CAPTURED
        assert told(facts, {kind}) == intent.amount.amount
        for fact in facts:
            sound(gateway, intent, fact)

    def test_facts_stay_the_same(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = paid(gateway, needed(gateway, peer), an_intent())
        first, second = gateway.fetch(intent), gateway.fetch(intent)
        assert names(first) == names(second), "the same fact came under two names: it would count twice"
        assert len(names(first)) == len(first), "two facts of one kind share a name: one would be lost"

    def test_a_decline_is_told(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = needed(gateway, peer)
        intent = begun(gateway, an_intent())
        peer.decline(intent)
        try:
            facts = gateway.fetch(intent)
        except PaymentDeclined:
            return
        assert any(fact.kind in ENDED for fact in facts), "the shopper would wait forever"
        assert told(facts, TAKEN) == 0

    # -- capture, void, refund ---------------------------------------------------------------------

    def test_what_it_cannot_do_it_refuses(self, gateway: Gateway) -> None:
        calls: dict[str, Callable[[Intent], object]] = {
            "auth": lambda intent: gateway.capture(intent, intent.amount, key(intent, "key-2")),
            "void": lambda intent: gateway.void(intent, key(intent, "key-2")),
            "refund": lambda intent: gateway.refund(intent, intent.amount, key(intent, "key-2")),
        }
        for ability in sorted(set(calls) - set(gateway.can)):
            with pytest.raises(Broken):
                calls[ability](an_intent(reference="nothing"))

    def test_one_key_captures_once(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = paid(gateway, able(gateway, peer, "auth"), an_intent())
        first = gateway.capture(intent, intent.amount, key(intent, "capture-1"))
        again = gateway.capture(intent, intent.amount, key(intent, "capture-1"))
        assert names(first) == names(again)
        assert needed(gateway, peer).captured(intent) == intent.amount.amount, "one key took the money twice"
        assert told(gateway.fetch(intent), {FactKind.CAPTURED}) == intent.amount.amount

    def test_a_part_is_captured(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = paid(gateway, able(gateway, peer, "partial_capture"), an_intent())
        facts = gateway.capture(intent, Money(1000, "EUR"), key(intent, "capture-1"))
        assert told(facts, {FactKind.CAPTURED}) == 1000
        assert needed(gateway, peer).captured(intent) == 1000

    def test_no_more_than_authorised_is_captured(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = paid(gateway, able(gateway, peer, "auth"), an_intent())
        with pytest.raises((Broken, PaymentDeclined)):
            gateway.capture(intent, intent.amount + Money(1, "EUR"), key(intent, "capture-1"))
        assert needed(gateway, peer).captured(intent) == 0

    def test_what_is_let_go_cannot_be_captured(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = paid(gateway, able(gateway, peer, "void"), an_intent())
        assert any(fact.kind is FactKind.VOIDED for fact in gateway.void(intent, key(intent, "void-1")))
        with pytest.raises((Broken, PaymentDeclined)):
            gateway.capture(intent, intent.amount, key(intent, "capture-1"))

    def test_one_key_refunds_once(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = captured(gateway, able(gateway, peer, "refund"))
        part = intent.amount if "partial_refund" not in gateway.can else Money(1000, "EUR")
        first, again = (
            gateway.refund(intent, part, key(intent, "refund-1")),
            gateway.refund(intent, part, key(intent, "refund-1")),
        )
        assert names(first) == names(again)
        assert told(first, {FactKind.REFUNDED}) == part.amount
        assert needed(gateway, peer).refunded(intent) == part.amount, "one key gave the money back twice"

    def test_two_refunds_are_two(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = captured(gateway, able(gateway, peer, "partial_refund"))
        first = gateway.refund(intent, Money(1000, "EUR"), key(intent, "refund-1"))
        second = gateway.refund(intent, Money(1000, "EUR"), key(intent, "refund-2"))
        assert not names(first) & names(second), "two refunds of one amount would count as one"
        assert needed(gateway, peer).refunded(intent) == 2000

    def test_no_more_than_captured_is_refunded(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        intent = captured(gateway, able(gateway, peer, "refund"))
        with pytest.raises((Broken, PaymentDeclined)):
            gateway.refund(intent, intent.amount + Money(1, "EUR"), key(intent, "refund-1"))
        assert needed(gateway, peer).refunded(intent) == 0

    # -- answers that never come -------------------------------------------------------------------

    def test_a_lost_answer_to_begin_is_unknown(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = needed(gateway, peer)
        intent = an_intent()
        peer.lose_next_reply()
        with pytest.raises(OutcomeUnknown):
            gateway.begin(intent, key(intent, "key-1"))
        gateway.begin(intent, key(intent, "key-1"))
        assert peer.payments(intent) == 1, "the try after the lost answer opened a second payment"

    def test_a_lost_answer_to_a_refund_is_unknown(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = able(gateway, peer, "refund")
        intent = captured(gateway, peer)
        peer.lose_next_reply()
        with pytest.raises(OutcomeUnknown):
            gateway.refund(intent, intent.amount, key(intent, "refund-1"))
        assert told(gateway.fetch(intent), {FactKind.REFUNDED}) == intent.amount.amount, "fetch does not know of it"

    def test_a_lost_answer_to_fetch_is_unknown(self, gateway: Gateway, peer: GatewayPeer | None) -> None:
        peer = needed(gateway, peer)
        intent = paid(gateway, peer, an_intent())
        peer.lose_next_reply()
        with pytest.raises(OutcomeUnknown):
            gateway.fetch(intent)
