"""The contract of a carrier: prices in the cart's money, for any address, and never an error at the checkout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from core.hookspecs.checkout import Address
from core.hookspecs.fulfil import Carrier, Label, Manifest, Parcel, Rate, Scan
from core.hookspecs.payment import Forged, IncomingRequest
from core.lib import clock
from core.lib.errors import Broken
from core.lib.money import Money
from core.testing.contracts.fences import no_writes
from core.testing.contracts.samples import a_parcel, the_address

ODD_ADDRESSES = (
    Address(),
    Address(country="GB"),
    Address(country="ZZ", postcode="???", lines=("",)),
    Address(
        country="CN",
        region="广东省",
        city="深圳市",
        district="南山区",
        lines=("科技园路 1 号",),
        postcode="518000",
        name="王小明",
    ),
    Address(country="gb", postcode="ls1 4ap'; DROP TABLE", lines=("x" * 5000,), city="\x00"),
)


class CarrierContract:
    """Subclass it in the plugin's tests and give the fixture `carrier`; `served` is an address it delivers to."""

    @pytest.fixture
    def carrier(self) -> Carrier:
        raise NotImplementedError("give the carrier under test")

    @pytest.fixture
    def served(self) -> Address:
        return the_address()

    @pytest.fixture(autouse=True)
    def _fence(self, carrier: Carrier, served: Address) -> Iterator[None]:
        del carrier, served  # made before the fence stands
        with no_writes():
            yield

    def test_it_says_what_it_is(self, carrier: Carrier) -> None:
        assert carrier.code, "code is empty"
        assert carrier.title, "title is empty: the shopper could not tell it from others"

    def test_where_it_delivers_it_has_a_rate(self, carrier: Carrier, served: Address) -> None:
        assert carrier.serves(served) == "", "it says that it does not deliver to its own sample address"
        assert list(carrier.quote(a_parcel(address=served))), "no rate for an address that it serves"

    def test_rates_are_sound(self, carrier: Carrier, served: Address) -> None:
        for parcel in _parcels(served):
            rates = list(carrier.quote(parcel))
            for rate in rates:
                _sound(rate, parcel)
            services = [rate.service for rate in rates]
            assert len(set(services)) == len(services), (
                "two rates of one service: the shopper's choice would be a guess"
            )

    def test_another_currency_is_quoted_in_it_or_not_at_all(self, carrier: Carrier, served: Address) -> None:
        for currency in ("JPY", "KWD", "CNY"):
            for rate in carrier.quote(a_parcel(Money(5000, currency), served)):
                assert rate.amount.currency == currency, f"a rate in {rate.amount.currency} for a cart in {currency}"

    def test_no_address_is_too_odd_for_it(self, carrier: Carrier) -> None:
        for address in ODD_ADDRESSES:
            assert isinstance(carrier.serves(address), str), "serves answers a text"
            for rate in carrier.quote(a_parcel(address=address)):
                _sound(rate, a_parcel())

    def test_where_it_does_not_deliver_it_has_no_rate(self, carrier: Carrier) -> None:
        for address in (the_address("KP"), the_address("AQ"), *ODD_ADDRESSES):
            if carrier.serves(address):
                assert not list(carrier.quote(a_parcel(address=address))), (
                    "a rate for where it says it does not deliver"
                )

    def test_asked_twice_it_answers_the_same(self, carrier: Carrier, served: Address) -> None:
        parcel = a_parcel(address=served)
        first, second = (_prices(carrier.quote(parcel)) for _ in range(2))
        assert first == second, "the price would change between looking and ordering"

    def test_one_key_buys_one_label(self, carrier: Carrier, served: Address) -> None:
        parcel = a_parcel(address=served)
        rate = next(iter(carrier.quote(parcel)))
        first = _bought(carrier, parcel, rate)
        assert isinstance(first, Label)
        assert carrier.buy(parcel, rate, "key-1").tracking == first.tracking, "one key, two labels"
        assert carrier.buy(parcel, rate, "key-2").tracking != first.tracking, "two parcels, one label"

    def test_unknown_parcels_are_no_error(self, carrier: Carrier) -> None:
        for scan in carrier.track(["no-such-parcel"]):
            assert isinstance(scan, Scan)
            assert scan.at.tzinfo is not None, "an instant without a time zone"

    def test_it_tells_of_all_parcels_that_it_is_asked_for_and_of_no_other(
        self, carrier: Carrier, served: Address
    ) -> None:
        first, second, other = (_tracking(carrier, served, f"followed-{n}") for n in range(3))
        alone = {scan for number in (first, second) for scan in carrier.track([number])}
        told = list(carrier.track([first, "no-such-parcel", second]))
        assert other not in {scan.tracking for scan in told}, "it tells of a parcel that nobody asked for"
        assert set(told) == alone, "asked for several parcels at once it tells something else than one by one"
        assert set(carrier.track([first, second])) == alone, "asked again it tells something else"
        assert not list(carrier.track([])), "it tells of parcels where it was asked for none"

    def test_its_manifests_list_what_they_were_asked_for_once(self, carrier: Carrier, served: Address) -> None:
        if type(carrier).manifest is Carrier.manifest:
            pytest.skip("it makes no manifests")
        first, second, other = (_tracking(carrier, served, f"handed-{n}") for n in range(3))
        papers = list(carrier.manifest([first, second], "manifest-1"))
        listed = [number for paper in papers for number in paper.numbers]
        assert papers, "no paper, and no word why"
        assert other not in listed, "a parcel that nobody hands over is on it"
        assert len(set(listed)) == len(listed), "a parcel is on two papers"
        assert all(isinstance(paper, Manifest) and paper.document for paper in papers), "an empty paper"
        again = [number for paper in carrier.manifest([first, second], "manifest-1") for number in paper.numbers]
        assert sorted(again) == sorted(listed), "asked again under the same key it answers something else"

    def test_its_page_for_a_parcel_is_a_safe_link(self, carrier: Carrier) -> None:
        numbers = ("AB123", 'x" onclick="', "javascript:alert(1)")
        services = ("", "no-such-service", *(one.service for one in carrier.services()))
        for number, service in ((number, service) for number in numbers for service in services):
            link = carrier.tracking_url(number, service)
            assert not link or link.startswith("https://"), f"a link to {link!r}"
            assert '"' not in link, "the parcel's number is not quoted for a link"

    def test_pushed_nonsense_says_nothing(self, carrier: Carrier) -> None:
        for body in (b"", b"{}", b"[]", b"\xff\xfe", b'{"tracking": "AB123", "status": "delivered"}'):
            request = IncomingRequest(method="POST", headers={}, query={}, body=body, received_at=clock.now())
            try:
                scans = carrier.read(request)
            except Forged:
                continue
            assert not list(scans), f"anybody may say where a parcel is: {body!r}"


def _tracking(carrier: Carrier, served: Address, key: str) -> str:
    """A parcel that the carrier knows, if it sells labels; else any number."""
    if not carrier.sells_labels:
        return key
    parcel = a_parcel(address=served)
    return carrier.buy(parcel, next(iter(carrier.quote(parcel))), key).tracking


def _bought(carrier: Carrier, parcel: Parcel, rate: Rate) -> Label:
    try:
        return carrier.buy(parcel, rate, "key-1")
    except Broken as refusal:
        if refusal.permanent:
            pytest.skip("it sells no labels")
        raise


def _parcels(served: Address) -> Sequence[Parcel]:
    return (
        a_parcel(address=served),
        a_parcel(Money(0, "EUR"), served),
        a_parcel(Money(10**9, "EUR"), served),
        a_parcel(address=served, weight_g=0),
        a_parcel(address=served, weight_g=10_000_000),
    )


def _sound(rate: Rate, parcel: Parcel) -> None:
    assert isinstance(rate, Rate), f"a rate is a Rate, not {type(rate).__name__}"
    assert rate.service, "service is empty: the choice could not be kept"
    assert rate.title, "title is empty"
    assert rate.amount.currency == parcel.value.currency, "a rate in another currency"
    assert rate.amount.amount >= 0, "a rate below zero"
    if rate.days is not None:
        earliest, latest = rate.days
        assert 0 <= earliest <= latest, f"days {rate.days}"
    if rate.valid_until is not None:
        assert rate.valid_until.tzinfo is not None, "an instant without a time zone"
        assert rate.valid_until > datetime(2000, 1, 1, tzinfo=UTC)


def _prices(rates: Sequence[Rate]) -> list[tuple[str, Money]]:
    return [(rate.service, rate.amount) for rate in rates]
