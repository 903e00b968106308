"""Every rule of the contract suites refuses a plugin that breaks it, and lets a right one pass."""

from __future__ import annotations

import hmac
import inspect
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from core.hookspecs.checkout import Address, Cart
from core.hookspecs.fulfil import Carrier, Label, Manifest, Parcel, Rate, Scan, ScanStatus
from core.hookspecs.notify import Channel, Message
from core.hookspecs.payment import (
    Fact,
    FactKind,
    Forged,
    IncomingRequest,
    Intent,
    Notice,
    OutcomeUnknown,
    Redirect,
    Show,
)
from core.hookspecs.promote import AmountOff, Claim, DeliveryOff, Offer, PercentOff, Rejected
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.errors import Broken
from core.lib.money import Money
from core.testing.contracts import (
    CarrierContract,
    Case,
    ChannelContract,
    GatewayContract,
    PromotionContract,
    a_cart,
    a_parcel,
    a_site,
    the_address,
)
from tests.core.testing.bank import Bank, Right, sign


def broken_rules(suite: type, fence: str = "_fence", **given: Any) -> dict[str, str]:
    """The rules of `suite` that a provider breaks, with what each says about it."""
    found = {}
    for name, rule in inspect.getmembers(suite, inspect.isfunction):
        if name.startswith("test_"):
            wanted = {word: given[word] for word in inspect.signature(rule).parameters if word != "self"}
            try:
                _run(suite(), fence, rule, wanted, given)
            except pytest.skip.Exception:
                continue
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 -- whatever it is, the rule was broken
                found[name] = str(error)
    return found


def _run(suite: Any, fence: str, rule: Callable[..., None], wanted: dict[str, Any], given: dict[str, Any]) -> None:
    fixture = getattr(type(suite), fence, None)
    if fixture is None:
        rule(suite, **wanted)
        return
    function = inspect.unwrap(fixture)
    words = [word for word in inspect.signature(function).parameters if word != "self"]
    with contextmanager(function)(suite, **{word: given[word] for word in words}):
        rule(suite, **wanted)


# -- gateways --------------------------------------------------------------------------------------


class CapturesTwiceOnOneKey(Right):
    breaks = "test_one_key_captures_once"

    def capture(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return [self.bank.add(intent.token, FactKind.CAPTURED, amount)]


class CapturesMoreThanAuthorised(Right):
    breaks = "test_no_more_than_authorised_is_captured"

    def capture(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return self.once(key, lambda: self.bank.add(intent.token, FactKind.CAPTURED, amount))


class CapturesAll(Right):
    breaks = "test_a_part_is_captured"

    def capture(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return super().capture(intent, max(amount, intent.amount), key)


class CapturesWhatWasLetGo(Right):
    breaks = "test_what_is_let_go_cannot_be_captured"

    def left(self, intent: Intent) -> int:
        return self.bank.total(intent.token, FactKind.AUTHORIZED) - self.bank.captured(intent)


class RefundsTwiceOnOneKey(Right):
    breaks = "test_one_key_refunds_once"

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return [self.bank.add(intent.token, FactKind.REFUNDED, amount)]


class RefundsMoreThanCaptured(Right):
    breaks = "test_no_more_than_captured_is_refunded"

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return self.once(key, lambda: self.bank.add(intent.token, FactKind.REFUNDED, amount))


class NamesAllRefundsAlike(Right):
    breaks = "test_two_refunds_are_two"

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return [replace(fact, reference="refund") for fact in super().refund(intent, amount, key)]


class OpensTwiceOnOneKey(Right):
    breaks = "test_one_key_opens_one_payment"

    def begin(self, intent: Intent, key: str) -> Redirect:
        self.bank.opened.append(intent)
        return Redirect(url="https://pay.example/1", reference="ref")


class CountsYenInHundredths(Right):
    breaks = "test_every_currency_is_asked_for_exactly"

    def begin(self, intent: Intent, key: str) -> Redirect:
        hundredfold = intent.amount * 100 if intent.amount.currency == "JPY" else intent.amount
        return super().begin(replace(intent, amount=hundredfold), key)


class TellsYenInHundredths(Right):
    breaks = "test_every_currency_is_told_exactly"

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        return [
            replace(fact, amount=Money(fact.amount.amount // 100, "JPY")) if fact.amount.currency == "JPY" else fact
            for fact in super().fetch(intent)
        ]


class CountsEverythingInHundredths(Right):
    """Its driver divides by a hundred again, so that only the figure itself tells."""

    breaks = "test_every_currency_goes_out_as_the_gateway_counts_it"

    def figure(self, amount: Money) -> int | str:
        return int(Decimal(amount.decimal) * 100)


class WritesTooFewDigits(CountsEverythingInHundredths):
    def figure(self, amount: Money) -> int | str:
        return f"{Decimal(amount.decimal):.2f}"


class GivesYenBackInHundredths(Right):
    breaks = "test_every_currency_is_taken_and_given_back_exactly"

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return super().refund(intent, Money(amount.amount // 100, "JPY") if amount.currency == "JPY" else amount, key)


class TakesDinarsInHundredths(GivesYenBackInHundredths):
    def capture(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        return super().capture(intent, Money(amount.amount // 10, "KWD") if amount.currency == "KWD" else amount, key)


class NoticesYenInHundredths(Right):
    breaks = "test_every_currency_is_noticed_exactly"

    def parsed(self, request: IncomingRequest) -> Notice:
        notice = super().parsed(request)
        return replace(
            notice,
            facts=tuple(
                replace(fact, amount=fact.amount * 100) if fact.amount.currency == "JPY" else fact
                for fact in notice.facts
            ),
        )


class RoundsDinars(Right):
    breaks = "test_an_amount_it_cannot_represent_is_not_taken"

    def exponent(self, currency: str) -> int:
        return 2


class TellsPaidBeforeItIs(Right):
    breaks = "test_nothing_is_taken_before_the_shopper_pays"

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        known = super().fetch(intent)
        return known or [
            Fact(
                account="acct", live=False, kind=FactKind.CAPTURED, reference="1", amount=intent.amount, at=clock.now()
            )
        ]


class NamesFactsAnew(Right):
    breaks = "test_facts_stay_the_same"

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        return [
            replace(fact, reference=f"{fact.reference}-{clock.now().isoformat()}") for fact in super().fetch(intent)
        ]


class HidesDeclines(Right):
    breaks = "test_a_decline_is_told"

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        return [fact for fact in super().fetch(intent) if fact.kind is not FactKind.DECLINED]


class MixesAccounts(Right):
    breaks = "test_what_was_paid_is_told"

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        return [replace(fact, account="other") for fact in super().fetch(intent)]


class ClaimsRealMoney(MixesAccounts):
    def fetch(self, intent: Intent) -> Sequence[Fact]:
        return [replace(fact, live=True) for fact in Right.fetch(self, intent)]


class TakesALostAnswerForANo(Right):
    breaks = "test_a_lost_answer_to_begin_is_unknown"

    def begin(self, intent: Intent, key: str) -> Redirect:
        try:
            return super().begin(intent, key)
        except OutcomeUnknown:
            raise Broken from None


class RepeatsARefundUnderANewKey(Right):
    breaks = "test_a_lost_answer_to_a_refund_is_unknown"

    def refund(self, intent: Intent, amount: Money, key: str) -> Sequence[Fact]:
        try:
            return super().refund(intent, amount, key)
        except OutcomeUnknown:
            return super().refund(intent, Money(0, amount.currency), f"{key}-again")


class TakesSilenceForNothing(Right):
    breaks = "test_a_lost_answer_to_fetch_is_unknown"

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        try:
            return super().fetch(intent)
        except OutcomeUnknown:
            return []


class BelievesAnybody(Right):
    breaks = "test_an_unsigned_notice_is_refused"

    def read(self, request: IncomingRequest) -> Notice:
        return self.parsed(request) if request.body else Notice(event_id="", facts=())


class TakesAMissingSignatureForNone(Right):
    breaks = "test_an_unsigned_notice_is_refused"

    def read(self, request: IncomingRequest) -> Notice:
        return super().read(request) if "x-signature" in request.headers else self.parsed(request)


class SignsOnlyTheBeginning(Right):
    breaks = "test_a_changed_notice_is_refused"

    def read(self, request: IncomingRequest) -> Notice:
        given = request.headers.get("x-signature", "")
        kept = json.dumps(json.loads(request.body or b"0")).encode()
        if not hmac.compare_digest(given, sign(request.headers.get("x-at", ""), kept)):
            raise Forged
        return self.parsed(request)


class StumblesOverNonsense(Right):
    breaks = "test_a_signature_of_nonsense_is_refused"

    def read(self, request: IncomingRequest) -> Notice:
        if request.headers and not request.headers["x-signature"].isascii():
            raise ValueError("not hexadecimal")
        return super().read(request)


class BelievesOldNotices(Right):
    breaks = "test_an_old_notice_is_refused"

    def read(self, request: IncomingRequest) -> Notice:
        if self.signed_at(request) - request.received_at > timedelta(minutes=5):
            raise Forged
        return self.parsed(request)


class BelievesNoticesFromTheFuture(Right):
    breaks = "test_a_notice_from_the_future_is_refused"

    def read(self, request: IncomingRequest) -> Notice:
        if request.received_at - self.signed_at(request) > timedelta(minutes=5):
            raise Forged
        return self.parsed(request)


class AsksTheNetworkWhenRead(Right):
    breaks = "test_reading_a_notice_touches_nothing"

    def read(self, request: IncomingRequest) -> Notice:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), 0.01).close()
        return super().read(request)


class NamesNoticesOtherwise(Right):
    breaks = "test_a_notice_says_what_fetch_says"

    def parsed(self, request: IncomingRequest) -> Notice:
        notice = super().parsed(request)
        return replace(notice, facts=tuple(replace(fact, reference=f"n-{fact.reference}") for fact in notice.facts))


class ReadsTheShopsTables(Right):
    breaks = "test_what_was_paid_is_told"

    def fetch(self, intent: Intent) -> Sequence[Fact]:
        db.value("SELECT 1")
        return super().fetch(intent)


class RaisesForASmallAmount(Right):
    breaks = "test_it_judges_any_amount_and_address"

    def takes(self, amount: Money, address: Address | None) -> str:
        return (
            "" if address and address.country else "no"[address.country != ""] if address else str(1 / amount.amount)[5]
        )


class ClaimsWhatItCannot(Right):
    breaks = "test_it_says_what_it_is"

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        self.can = frozenset({"auth", "teleport"})  # type: ignore[misc]


class RefundsUnasked(Right):
    breaks = "test_what_it_cannot_do_it_refuses"
    can = frozenset({"auth"})


class ShowsInsteadOfSending(Right):
    breaks = "test_begin_answers_as_its_flow_says"

    def begin(self, intent: Intent, key: str) -> Any:
        super().begin(intent, key)
        return Show(text="Pay here", reference=f"ref-{intent.token}")


def _wrong(base: type) -> list[type]:
    below = [found for kind in base.__subclasses__() for found in (kind, *_wrong(kind))]
    return sorted((kind for kind in below if hasattr(kind, "breaks")), key=lambda kind: kind.__name__)


def gateway_faults(kind: type[Right]) -> dict[str, str]:
    bank = Bank()
    return broken_rules(GatewayContract, gateway=kind(bank), peer=bank)


def test_a_right_gateway_breaks_no_rule() -> None:
    assert gateway_faults(Right) == {}


@pytest.mark.parametrize("kind", _wrong(Right), ids=lambda kind: kind.__name__)
def test_a_wrong_gateway_is_refused(kind: Any, database: str) -> None:
    assert kind.breaks in gateway_faults(kind)


class SpeaksInDecimals(Right):
    """Keeps every rule: its protocol wants a text with as many digits as the currency has."""

    def figure(self, amount: Money) -> int | str:
        return amount.decimal


class CountsInThousandths(Right):
    """Keeps every rule: it counts all currencies in thousandths."""

    def exponent(self, currency: str) -> int:
        return 3

    def figure(self, amount: Money) -> int | str:
        return int(Decimal(amount.decimal) * 1000)


@pytest.mark.parametrize("kind", [SpeaksInDecimals, CountsInThousandths])
def test_a_gateway_may_count_as_its_protocol_wants(kind: type[Right]) -> None:
    assert gateway_faults(kind) == {}


def test_a_gateway_that_redirects_needs_a_driver() -> None:
    assert "driver" in broken_rules(GatewayContract, gateway=Right(Bank()), peer=None)["test_what_was_paid_is_told"]


def test_every_rule_of_gateways_has_a_breaker() -> None:
    rules = {name for name, _ in inspect.getmembers(GatewayContract, inspect.isfunction) if name.startswith("test_")}
    assert rules == {kind.breaks for kind in _wrong(Right)}


# -- carriers --------------------------------------------------------------------------------------


class Post(Carrier):
    """A carrier that keeps every rule."""

    code = "post"
    title = "Post"
    sells_labels = True

    def __init__(self) -> None:
        self.labels: dict[str, Label] = {}
        self.manifests: dict[str, Manifest] = {}

    def serves(self, address: Address) -> str:
        return "" if address.country == "GB" else "Only within Great Britain."

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        if self.serves(parcel.address):
            return []
        return [Rate(service="standard", title="Letter", amount=Money(490, parcel.value.currency), days=(1, 3))]

    def buy(self, parcel: Parcel, rate: Rate, key: str) -> Label:
        number = f"GB{len(self.labels)}"
        return self.labels.setdefault(
            key, Label(tracking=number, document=b"%PDF", mime="application/pdf", cost=rate.amount)
        )

    def manifest(self, numbers: Sequence[str], key: str) -> Sequence[Manifest]:
        return [self.manifests.setdefault(key, Manifest(numbers=tuple(numbers), document=b"%PDF"))]

    def track(self, numbers: Sequence[str]) -> Sequence[Any]:
        return [self.scan(one.tracking) for one in self.labels.values() if one.tracking in numbers]

    def scan(self, number: str) -> Scan:
        return Scan(tracking=number, status=ScanStatus.IN_TRANSIT, at=datetime(2026, 11, 1, tzinfo=UTC))


class HasNoTitle(Post):
    breaks = "test_it_says_what_it_is"
    title = ""


class QuotesInEurosAlways(Post):
    breaks = "test_another_currency_is_quoted_in_it_or_not_at_all"

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        return [replace(rate, amount=Money(490, "EUR")) for rate in super().quote(parcel)]


class PaysTheShopper(Post):
    breaks = "test_rates_are_sound"

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        return [
            replace(rate, amount=Money(490 - parcel.value.amount, parcel.value.currency))
            for rate in super().quote(parcel)
        ]


class OffersOneServiceTwice(Post):
    breaks = "test_rates_are_sound"

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        return [*super().quote(parcel), *super().quote(parcel)]


class StumblesOverAddresses(Post):
    breaks = "test_no_address_is_too_odd_for_it"

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        assert parcel.address.lines[0]
        return super().quote(parcel)


class DeliversNowhere(Post):
    breaks = "test_where_it_delivers_it_has_a_rate"

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        return []


class QuotesForEverywhere(Post):
    breaks = "test_where_it_does_not_deliver_it_has_no_rate"

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        return [Rate(service="standard", title="Letter", amount=Money(490, parcel.value.currency))]


class RaisesItsPrice(Post):
    breaks = "test_asked_twice_it_answers_the_same"
    asked = 0

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        self.asked += 1
        return [
            replace(rate, amount=rate.amount + Money(self.asked, rate.amount.currency))
            for rate in super().quote(parcel)
        ]


class SellsTwoLabels(Post):
    breaks = "test_one_key_buys_one_label"

    def buy(self, parcel: Parcel, rate: Rate, key: str) -> Label:
        return super().buy(parcel, rate, f"{key}-{len(self.labels)}")


class StumblesOverUnknownParcels(Post):
    breaks = "test_unknown_parcels_are_no_error"

    def track(self, numbers: Sequence[str]) -> Sequence[Any]:
        raise KeyError(numbers[0])


class TellsOfTheFirstParcelAlone(Post):
    breaks = "test_it_tells_of_all_parcels_that_it_is_asked_for_and_of_no_other"

    def track(self, numbers: Sequence[str]) -> Sequence[Any]:
        return super().track(numbers[:1])


class TellsOfEveryParcel(Post):
    breaks = "test_it_tells_of_all_parcels_that_it_is_asked_for_and_of_no_other"

    def track(self, numbers: Sequence[str]) -> Sequence[Any]:
        return [self.scan(one.tracking) for one in self.labels.values()]


class GivesUpOverAParcelItDoesNotKnow(Post):
    breaks = "test_it_tells_of_all_parcels_that_it_is_asked_for_and_of_no_other"

    def track(self, numbers: Sequence[str]) -> Sequence[Any]:
        return super().track(numbers) if len(numbers) == len(super().track(numbers)) else []


class HandsEverythingOver(Post):
    breaks = "test_its_manifests_list_what_they_were_asked_for_once"

    def manifest(self, numbers: Sequence[str], key: str) -> Sequence[Manifest]:
        return super().manifest([one.tracking for one in self.labels.values()], key)


class MakesAManifestOnce(Post):
    breaks = "test_its_manifests_list_what_they_were_asked_for_once"

    def manifest(self, numbers: Sequence[str], key: str) -> Sequence[Manifest]:
        return super().manifest([] if self.manifests else numbers, f"{key}-{len(self.manifests)}")


class LinksAnywhere(Post):
    breaks = "test_its_page_for_a_parcel_is_a_safe_link"

    def tracking_url(self, tracking: str, service: str = "") -> str:
        return f"https://post.example/{service}{tracking}"


class HearsAnybody(Post):
    breaks = "test_pushed_nonsense_says_nothing"

    def read(self, request: IncomingRequest) -> Sequence[Any]:
        return [json.loads(request.body)] if b"tracking" in request.body else []


class WritesIntoTheShop(Post):
    breaks = "test_rates_are_sound"

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        db.db.execute_sql("UPDATE epoch SET n = n + 1")
        return super().quote(parcel)


def carrier_faults(kind: type[Post]) -> dict[str, str]:
    return broken_rules(CarrierContract, carrier=kind(), served=the_address())


def test_a_right_carrier_breaks_no_rule() -> None:
    assert carrier_faults(Post) == {}


@pytest.mark.parametrize("kind", _wrong(Post), ids=lambda kind: kind.__name__)
def test_a_wrong_carrier_is_refused(kind: Any, database: str) -> None:
    assert kind.breaks in carrier_faults(kind)


def test_every_rule_of_carriers_has_a_breaker() -> None:
    rules = {name for name, _ in inspect.getmembers(CarrierContract, inspect.isfunction) if name.startswith("test_")}
    assert rules == {kind.breaks for kind in _wrong(Post)}


# -- channels --------------------------------------------------------------------------------------


class Box:
    """Whoever receives."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.open = True

    def received(self) -> Sequence[str]:
        return self.texts

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self.open = False
        yield
        self.open = True


class Mail(Channel):
    """A channel that keeps every rule."""

    code = "mail"
    title = "Mail"

    def __init__(self, box: Box) -> None:
        self.box = box

    def send(self, message: Message) -> str:
        if "\n" in message.to + message.subject:
            raise Broken("a header of two lines", permanent=True)
        if not self.box.open:
            raise Broken("nobody answers")
        self.box.texts.append(f"To: {message.to}\nSubject: {message.subject}\n\n{message.text}")
        return message.key


class IsNameless(Mail):
    breaks = "test_it_says_what_it_is"
    code = ""


class LosesMessages(Mail):
    breaks = "test_a_message_arrives"

    def send(self, message: Message) -> str:
        return message.key


class NamesEachTryAnew(Mail):
    breaks = "test_one_key_is_sent_under_one_id"

    def send(self, message: Message) -> str:
        super().send(message)
        return str(len(self.box.texts))


class PutsHeadersThrough(Mail):
    breaks = "test_a_subject_cannot_add_headers"

    def send(self, message: Message) -> str:
        self.box.texts.append(f"To: {message.to}\nSubject: {message.subject}\n\n{message.text}")
        return message.key


class NamesFilesAsTheyAre(Mail):
    breaks = "test_files_go_along_or_are_left_out"

    def send(self, message: Message) -> str:
        key = super().send(message)
        self.box.texts[-1] += "".join(
            f"\nContent-Disposition: attachment; filename={one.name}" for one in message.attachments
        )
        return key


class KnowsOnlyLatinLetters(Mail):
    breaks = "test_chinese_and_long_texts_pass"

    def send(self, message: Message) -> str:
        message.subject.encode("latin-1")
        return super().send(message)


class GivesUpForGood(Mail):
    breaks = "test_nobody_answering_is_broken_for_now"

    def send(self, message: Message) -> str:
        if not self.box.open:
            raise Broken(permanent=True)
        return super().send(message)


class LetsSocketErrorsOut(GivesUpForGood):
    def send(self, message: Message) -> str:
        if not self.box.open:
            raise ConnectionRefusedError
        return Mail.send(self, message)


def channel_faults(kind: type[Mail]) -> dict[str, str]:
    box = Box()
    return broken_rules(ChannelContract, channel=kind(box), peer=box)


def test_a_right_channel_breaks_no_rule() -> None:
    assert channel_faults(Mail) == {}


@pytest.mark.parametrize("kind", _wrong(Mail), ids=lambda kind: kind.__name__)
def test_a_wrong_channel_is_refused(kind: Any) -> None:
    assert kind.breaks in channel_faults(kind)


def test_every_rule_of_channels_has_a_breaker() -> None:
    rules = {name for name, _ in inspect.getmembers(ChannelContract, inspect.isfunction) if name.startswith("test_")}
    assert rules == {kind.breaks for kind in _wrong(Mail)}


# -- promotions ------------------------------------------------------------------------------------


class Tenth:
    """A promotion that keeps every rule: ten percent off for the code TENTH, if there is something to take it off."""

    offer: ClassVar[Offer] = Offer(
        key="tenth",
        title="Ten percent",
        code="TENTH",
        benefit=PercentOff(basis_points=1000),
        claims=(Claim(key="tenth", limit=5),),
    )

    def __call__(self, site: Site, cart: Cart, codes: Sequence[str]) -> Sequence[Offer | Rejected]:
        if "TENTH" not in codes:
            return []
        return self.answers(cart, codes)

    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        if cart.subtotal.amount < 100:
            return [Rejected(code="TENTH", reason="For orders from 1.00.")]
        return [self.offer]


class OffersNothing(Tenth):
    breaks = "test_it_offers_something"

    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        return []


class ChangesItsMind(Tenth):
    breaks = "test_asked_twice_it_answers_the_same"

    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        return [replace(self.offer, key=f"tenth-{clock.now().isoformat()}")]


class UsesUpTheCodes(Tenth):
    breaks = "test_it_changes_nothing_it_was_given"

    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        if isinstance(codes, list):
            codes.clear()
        return super().answers(cart, codes)


class WritesIntoTheCart(UsesUpTheCodes):
    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        cart.extra["tenth"] = {}  # type: ignore[index]
        return [self.offer]


class JudgesForeignCodes(Tenth):
    breaks = "test_it_says_nothing_of_codes_it_does_not_know"

    def __call__(self, site: Site, cart: Cart, codes: Sequence[str]) -> Sequence[Offer | Rejected]:
        return [
            *super().__call__(site, cart, codes),
            *(Rejected(code=c, reason="Unknown.") for c in codes if c != "TENTH"),
        ]


class OffersWithoutItsCode(Tenth):
    breaks = "test_it_speaks_only_of_codes_that_were_given"

    def __call__(self, site: Site, cart: Cart, codes: Sequence[str]) -> Sequence[Offer | Rejected]:
        return [self.offer]


class OffersEurosForYen(Tenth):
    breaks = "test_its_offers_are_sound"

    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        return [replace(self.offer, benefit=AmountOff(amount=Money(500, "EUR")))]


class GrantsBelowZero(OffersEurosForYen):
    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        return [replace(self.offer, benefit=AmountOff(amount=Money(-500, cart.currency)))]


class GrantsMoreThanAll(OffersEurosForYen):
    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        return [replace(self.offer, benefit=DeliveryOff(basis_points=20_000))]


class NamesForeignLines(OffersEurosForYen):
    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        return [replace(self.offer, benefit=PercentOff(basis_points=1000, line_ids=frozenset({1, 99_999})))]


class ClaimsMoreThanThereIs(OffersEurosForYen):
    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        return [replace(self.offer, claims=(Claim(key="tenth", limit=1, amount=2),))]


class RefusesWithoutAWord(Tenth):
    breaks = "test_refusals_have_reasons"

    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        return [self.offer] if cart.subtotal.amount > 100 else [Rejected(code="TENTH", reason=" ")]


class CountsByItself(Tenth):
    breaks = "test_it_offers_something"

    def answers(self, cart: Cart, codes: Any) -> Sequence[Offer | Rejected]:
        db.db.execute_sql("INSERT INTO epoch (n, touched) VALUES (0, 0)")
        return super().answers(cart, codes)


class AnswersInItsOwnWay(Tenth):
    breaks = "test_no_cart_becomes_cheaper_than_free"

    def answers(self, cart: Cart, codes: Any) -> Sequence[Any]:
        return [{"percent": 10}]


def promotion_faults(promote: Tenth) -> dict[str, str]:
    cases = [Case(cart=a_cart(), codes=("TENTH",))]
    return broken_rules(PromotionContract, promote=promote, cases=cases, shop=a_site())


def test_a_right_promotion_breaks_no_rule() -> None:
    assert promotion_faults(Tenth()) == {}


@pytest.mark.parametrize("kind", _wrong(Tenth), ids=lambda kind: kind.__name__)
def test_a_wrong_promotion_is_refused(kind: Any, database: str) -> None:
    assert kind.breaks in promotion_faults(kind())


def test_every_rule_of_promotions_has_a_breaker() -> None:
    rules = {name for name, _ in inspect.getmembers(PromotionContract, inspect.isfunction) if name.startswith("test_")}
    assert rules == {kind.breaks for kind in _wrong(Tenth)}


def test_samples_are_what_core_hands_over() -> None:
    assert a_parcel().weight_g == 500
    assert a_cart().subtotal == Money(5000, "EUR")
