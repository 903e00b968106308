"""Labels from EasyPost: one for each key whatever is lost, what is refused in its own words, events that are signed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.api import Address, Broken, Fetcher, Forged, IncomingRequest, Money, Parcel, Rate, ScanStatus
from core.testing.contracts import CarrierContract, a_parcel, a_site, the_address
from plugins.easypost import client as speaking
from plugins.easypost.client import BadKey, Client, NoAnswer, Refusal
from plugins.easypost.forms import Settings
from plugins.easypost.services import EasyPostCarrier
from plugins.easypost.tests.peer import KEY, NOWHERE, PDF, PNG, ZPL, Books, serving, tracking_detail

HERE = the_address("US", lines=("179 N Harbor Dr",), city="Redondo Beach", region="CA", postcode="90277")
SENDER = {
    "sender_name": "Halden House", "sender_street": "388 Townsend St", "sender_city": "San Francisco",
    "sender_state": "CA", "sender_zip": "94107", "sender_country": "us",
}  # fmt: skip
SECRET = "sécret"
DOOR = Fetcher(allows=lambda _address: True, ports=range(1, 65_536))


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    monkeypatch.setattr(speaking, "_PAUSE_S", 0.0)
    with serving() as found:
        yield found


def carrier(books: Books, key: str = KEY, **said: Any) -> EasyPostCarrier:
    settings = Settings({"key": key, "webhook_secret": SECRET, "services": "USPS Priority", **SENDER, **said})
    client = Client(key, base=f"{books.origin}/v2", timeout_s=2.0, door=DOOR)
    return EasyPostCarrier(a_site(), settings, client)


def rate(service: str = "USPS:Priority") -> Rate:
    return Rate(service=service, title=service, amount=Money(0, "EUR"))


def parcel(address: Address = HERE, weight_g: int = 400) -> Parcel:
    return a_parcel(address=address, weight_g=weight_g)


class TestEasyPost(CarrierContract):
    """The same rules as for every carrier, in euros."""

    @pytest.fixture
    def carrier(self, books: Books) -> EasyPostCarrier:
        books.currency = "EUR"
        return carrier(books, at_checkout="1")

    @pytest.fixture
    def served(self) -> Address:
        return HERE


# -- buying ------------------------------------------------------------------------------------------------------------


def test_a_label_is_bought_from_the_chosen_service(books: Books) -> None:
    label = carrier(books).buy(parcel(), rate(), "k1")
    assert (label.cost, label.mime, label.document) == (Money(695, "USD"), "application/pdf", PDF)
    sent = books.called("/shipments")[0]["shipment"]
    # 400 g of goods and 100 g of packing are 17.64 ounces; 30, 20 and 10 cm are 11.81, 7.87 and 3.94 inches. All go up.
    assert sent["parcel"] == {"weight": 17.7, "length": 11.9, "width": 7.9, "height": 4.0}
    assert sent["from_address"]["country"] == "US"
    assert sent["to_address"]["street1"] == "179 N Harbor Dr"
    assert "customs_info" not in sent
    assert sent["reference"] == "stoa-k1"
    assert carrier(books).buy(parcel(), rate("cheapest"), "k2").cost == Money(593, "USD")


def test_abroad_the_customs_read_what_is_in_it(books: Books) -> None:
    carrier(books, customs_signer="Mira").buy(parcel(the_address("GB")), rate(), "k1")
    customs = books.called("/shipments")[0]["shipment"]["customs_info"]
    assert (customs["customs_signer"], customs["contents_type"]) == ("Mira", "merchandise")
    assert customs["customs_items"][0]["quantity"] == 1


@pytest.mark.parametrize("lost", [["/buy"], ["/shipments"], ["/shipments", "/buy"]])
def test_a_lost_answer_never_buys_a_second_label(books: Books, lost: list[str]) -> None:
    books.lose = list(lost)
    mine = carrier(books)
    first = mine.buy(parcel(), rate(), "k1")
    assert mine.buy(parcel(), rate(), "k1").tracking == first.tracking
    assert books.sold == 1
    assert books.lose == []


def test_the_same_loss_catches_who_asks_again_without_looking(books: Books) -> None:
    """The planted bug: what was not answered is simply asked for once more, from the beginning."""
    books.lose = ["/buy"]
    client = Client(KEY, base=f"{books.origin}/v2", timeout_s=2.0, door=DOOR)
    wanted = carrier(books)._shipment(parcel())
    for _attempt in range(2):
        made = client.create(wanted)
        try:
            client.buy(made["id"], made["rates"][0]["id"])
        except NoAnswer:
            continue
    assert books.sold == 2


def test_who_was_silent_all_along_may_be_asked_again(books: Books) -> None:
    mine = carrier(books)
    books.down = True
    with pytest.raises(NoAnswer) as refusal:
        mine.buy(parcel(), rate(), "k1")
    assert not refusal.value.permanent
    books.down = False
    assert mine.buy(parcel(), rate(), "k1").tracking
    assert books.sold == 1


def test_what_is_refused_is_told_in_its_own_words(books: Books) -> None:
    mine = carrier(books)
    for wanted, words in (
        (parcel(the_address("US", lines=(NOWHERE,))), "Address not found"),
        (parcel(weight_g=40_000), "USPS: Weight exceeds 70 pounds."),
    ):
        with pytest.raises(Refusal) as refusal:
            mine.buy(wanted, rate(), f"k{words}")
        assert words in str(refusal.value.params["reason"])
        assert refusal.value.permanent
    with pytest.raises(Refusal) as refusal:
        mine.buy(parcel(), rate("DHL:Nowhere"), "k3")
    assert refusal.value.params["reason"] == "No carrier takes this parcel."
    with pytest.raises(Refusal) as refusal:
        carrier(books, check_addresses="").buy(parcel(Address(country="US", postcode="1")), rate(), "k4")
    assert refusal.value.params["reason"] == "Missing required parameter. to_address street1 can't be blank"
    with pytest.raises(BadKey):
        carrier(books, key="EZAK-other").buy(parcel(), rate(), "k5")
    assert books.sold == 0


def test_a_label_is_given_back_once(books: Books) -> None:
    mine = carrier(books)
    label = mine.buy(parcel(), rate(), "k1")
    mine.void(label.tracking)
    mine.void(label.tracking)
    assert len(books.called("/refund")) == 1
    with pytest.raises(Refusal):
        mine.void("unknown")


def test_the_way_back_is_a_return(books: Books) -> None:
    label = carrier(books).return_label(parcel(), "return-7")
    assert label is not None
    assert books.called("/shipments")[0]["shipment"]["is_return"]
    assert label.cost == Money(593, "USD")


def test_rates_are_offered_where_the_merchant_says_so(books: Books) -> None:
    dollars = a_parcel(Money(5000, "USD"), HERE)
    assert carrier(books).quote(dollars) == []
    found = carrier(books, at_checkout="1").quote(dollars)
    assert [(one.service, one.amount.amount, one.days) for one in found] == [
        ("USPS:GroundAdvantage", 593, (3, 3)), ("USPS:Priority", 695, (2, 2)), ("UPS:Ground", 810, None),
    ]  # fmt: skip
    books.down = True
    assert carrier(books, at_checkout="1").quote(dollars) == []


# -- at the end of the day --------------------------------------------------------------------------------------------


def sent(books: Books, *services: str) -> tuple[EasyPostCarrier, list[str]]:
    mine = carrier(books)
    return mine, [mine.buy(parcel(), rate(service), f"k{n}").tracking for n, service in enumerate(services)]


@pytest.mark.once
def test_what_leaves_together_is_on_one_scan_form(books: Books) -> None:
    mine, numbers = sent(books, "USPS:Priority", "cheapest", "USPS:Priority")
    mine.void(numbers[2])
    (paper,) = mine.manifest([*numbers, "unknown"], "m1")
    assert (set(paper.numbers), paper.document, paper.mime) == (set(numbers[:2]), PDF, "application/pdf")
    (asked,) = books.called("/scan_forms")
    assert asked == {"scan_form": {"shipments": [{"id": "shp_2"}, {"id": "shp_1"}]}}


@pytest.mark.once
def test_a_carrier_that_makes_no_forms_is_left_out_or_says_so(books: Books) -> None:
    mine, numbers = sent(books, "USPS:Priority", "UPS:Ground")
    assert [paper.numbers for paper in mine.manifest(numbers, "m1")] == [(numbers[0],)]
    with pytest.raises(Refusal) as refusal:
        mine.manifest(numbers[1:], "m2")
    assert refusal.value.params["reason"] == "UPS does not support scan forms"
    with pytest.raises(Refusal):
        mine.manifest(["unknown"], "m3")


@pytest.mark.once
def test_a_form_whose_answer_was_lost_is_found_on_its_parcels(books: Books) -> None:
    mine, numbers = sent(books, "USPS:Priority", "USPS:Priority")
    books.lose = ["/scan_forms"]
    with pytest.raises(NoAnswer):
        mine.manifest(numbers, "m1")
    assert {number for paper in mine.manifest(numbers, "m1") for number in paper.numbers} == set(numbers)
    assert len(books.forms) == 1


@pytest.mark.once
def test_a_form_that_is_still_being_made_is_waited_for(books: Books) -> None:
    mine, numbers = sent(books, "USPS:Priority")
    books.slow = True
    with pytest.raises(NoAnswer) as refusal:
        mine.manifest(numbers, "m1")
    assert not refusal.value.permanent
    books.forms["sf_1"] |= {"status": "created", "form_url": f"{books.origin}/files/sf_1.pdf"}
    assert mine.manifest(numbers, "m1")[0].document == PDF
    books.forms["sf_1"] |= {"status": "failed", "message": "The label date is past."}
    with pytest.raises(Refusal) as refused:
        mine.manifest(numbers, "m1")
    assert refused.value.params["reason"] == "The label date is past"


# -- events ------------------------------------------------------------------------------------------------------------

# Signed by EasyPost's own client: hmac-sha256 of these very bytes under the secret above, which it brings to NFKD.
EVENT = (
    b'{"description":"tracker.updated","id":"evt_1","object":"Event","result":{"object":"Tracker","tracking_code":"94001",'
    b'"status":"delivered","tracking_details":[{"object":"TrackingDetail","message":"Delivered","status":"delivered",'
    b'"datetime":"2026-11-24T10:00:00Z","tracking_location":{"city":"REDONDO BEACH","state":"CA","country":"US"}}]}}'
)
SIGNATURE = "hmac-sha256-hex=083507cca8c615ad825ee9cf4efd9215253802bd45b4de37c6695b41143a5043"


def event(body: bytes = EVENT, signature: str = SIGNATURE) -> IncomingRequest:
    headers = {"x-hmac-signature": signature} if signature else {}
    return IncomingRequest(
        method="POST", headers=headers, query={}, body=body, received_at=datetime(2026, 11, 24, tzinfo=UTC)
    )


@pytest.mark.once
def test_a_signed_event_says_where_a_parcel_is(books: Books) -> None:
    (scan,) = carrier(books).read(event())
    assert (scan.tracking, scan.status, scan.place) == ("94001", ScanStatus.DELIVERED, "REDONDO BEACH, CA, US")
    assert scan.at == datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.mark.once
@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (EVENT, ""),
        (EVENT, "hmac-sha256-hex=" + "0" * 64),
        (EVENT.replace(b"94001", b"94002"), SIGNATURE),
        (EVENT, SIGNATURE.removeprefix("hmac-sha256-hex=")),
    ],
)
def test_an_event_of_somebody_else_says_nothing(books: Books, body: bytes, signature: str) -> None:
    with pytest.raises(Forged):
        carrier(books).read(event(body, signature))
    with pytest.raises(Forged):
        carrier(books, webhook_secret="").read(event())


@pytest.mark.once
def test_tracking_asks_for_many_in_one_go_and_reads_all_pages(books: Books) -> None:
    mine = carrier(books)
    numbers = [mine.buy(parcel(), rate(), f"k{n}").tracking for n in range(5)]
    books.told[numbers[0]] = [tracking_detail("delivered", "Delivered", "2026-11-22T09:00:00-06:00", None)]
    books.calls.clear()
    scans = mine.track([*numbers, "unknown"])
    assert len(books.calls) == 3, "pages of two"
    assert {one.tracking for one in scans} == set(numbers)
    first, second = (one for one in scans if one.tracking == numbers[0])
    assert (first.status, first.place, first.text) == (ScanStatus.PENDING, "HOUSTON, TX, US", "Label created")
    assert (second.status, second.place) == (ScanStatus.DELIVERED, "TX, US")
    assert second.at == datetime(2026, 11, 22, 15, tzinfo=UTC)


@pytest.mark.once
@pytest.mark.parametrize(
    ("wanted", "mime", "data"),
    [("PDF", "application/pdf", PDF), ("PNG", "image/png", PNG), ("ZPL", "application/zpl", ZPL)],
)
def test_a_label_comes_as_the_merchant_prints_it(books: Books, wanted: str, mime: str, data: bytes) -> None:
    for n, label in enumerate(
        (
            carrier(books, label_format=wanted).buy(parcel(), rate(), "k1"),
            carrier(books, label_format=wanted).return_label(parcel(), "return-7"),
        )
    ):
        assert label is not None
        assert (label.mime, label.document) == (mime, data)
        assert books.called("/shipments")[n]["shipment"]["options"]["label_format"] == wanted


def test_a_word_of_a_key_is_never_in_a_refusal(books: Books) -> None:
    with pytest.raises(Broken) as refusal:
        carrier(books, key="EZAK-other").buy(parcel(), rate(), "k5")
    assert "EZAK" not in str(refusal.value) + str(refusal.value.params)
