"""Whoever packs buys a label on the page of the parcel; what EasyPost tells of it later is noted by itself."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from core.api import Site, order_by_key
from core.testing.panel import AtPanel
from plugins.easypost import client as speaking
from plugins.easypost import plugin as _known  # noqa: F401 -- the shop imports what it does not know anew
from plugins.easypost import services
from plugins.easypost.client import Client
from plugins.easypost.tests.peer import KEY, PDF, PNG, ZPL, Books, serving, tracking_detail
from plugins.easypost.tests.test_easypost import DOOR, SECRET, SENDER


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    monkeypatch.setattr(speaking, "_PAUSE_S", 0.0)
    with serving() as found:
        fake = partial(Client, base=f"{found.origin}/v2", door=DOOR)
        monkeypatch.setattr(services, "Client", lambda key, **_more: fake(key, timeout_s=2.0))
        yield found


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None], books: Books) -> AtPanel:
    del books
    turn_on("easypost", key=KEY, webhook_secret=SECRET, services="USPS Priority", **SENDER)
    return at_panel


@pytest.fixture
def placed(panel: AtPanel, turn_on: Callable[..., None], sell: Any, order: Any) -> Any:
    """Two lamps; what shoppers pay for the way is the merchant's own price."""
    turn_on("flat_rate")
    panel.post("/panel/flat_rate/new", **{"title_en": "Standard", "title_zh-CN": "标准配送", "price_EUR": "4.90"})
    return order(sell("LAMP", 8900, stock=9, name="Arc lamp"), 2, carrier="flat_rate", service="rate-1")


def ship(panel: AtPanel, placed: Any, status: int = 303, key: str = "", **form: str) -> str:
    page = panel.get(f"/panel/orders/{placed.number}/ship")
    line = re.search(r'name="(line-\d+)"', page)
    assert line is not None
    fresh = re.search(r'name="key" value="([^"]+)"', page)
    assert fresh is not None
    sent = {line[1]: "1", "way": "easypost:USPS:Priority", "label": "1", "key": key or fresh[1], **form}
    return panel.post(f"/panel/orders/{placed.number}/ship", status, **sent)


def test_a_label_is_bought_with_the_parcel_and_given_back(panel: AtPanel, placed: Any, books: Books) -> None:
    assert "Buy its label" in panel.get(f"/panel/orders/{placed.number}/ship")
    ship(panel, placed)
    page = panel.get(f"/panel/orders/{placed.number}")
    number = next(iter(books.shipments.values()))["tracking_code"]
    assert f"Label {number}" in page
    assert "A label was bought: " in page
    assert "$6.95" in page
    found = re.search(r'href="(/panel/orders/[^"]+/labels/\d+)"', page)
    assert found is not None
    assert "%PDF" in panel.get(found[1])
    panel.post(f"{found[1]}/void", 303)
    assert "given back" in panel.get(f"/panel/orders/{placed.number}")
    panel.post(f"{found[1]}/void", 404)
    assert len(books.called("/refund")) == 1


@pytest.mark.parametrize(
    ("wanted", "mime", "data"),
    [pytest.param("PNG", "image/png", PNG, marks=pytest.mark.slow), ("ZPL", "application/zpl", ZPL)],
)
def test_a_label_is_downloaded_as_the_file_that_the_printer_takes(
    panel: AtPanel, turn_on: Callable[..., None], placed: Any, wanted: str, mime: str, data: bytes
) -> None:
    turn_on("easypost", key=KEY, label_format=wanted, **SENDER)
    ship(panel, placed, way="easypost:cheapest")
    found = re.search(r'href="(/panel/orders/[^"]+/labels/\d+)"', panel.get(f"/panel/orders/{placed.number}"))
    assert found is not None
    answer = panel.client.get(found[1], base_url=panel.origin)
    assert answer.data == data
    assert answer.headers["Content-Type"] == mime
    assert re.search(
        rf"attachment; filename={placed.number}-\d+\.{wanted.lower()}$", answer.headers["Content-Disposition"]
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_form_that_is_sent_again_after_silence_buys_one_label(panel: AtPanel, placed: Any, books: Books) -> None:
    books.down = True
    assert "nothing is bought twice" in ship(panel, placed, 409, key="k1")
    books.down, books.lose = False, ["/buy"]
    ship(panel, placed, key="k1")
    ship(panel, placed, key="k1")
    assert books.sold == 1
    assert panel.get(f"/panel/orders/{placed.number}").count("<strong>Label ") == 1


def test_what_easypost_refuses_leaves_the_parcel_where_it_is(panel: AtPanel, placed: Any, books: Books) -> None:
    said = ship(panel, placed, 409, way="easypost:DHL:Nowhere")
    assert "EasyPost refused: No carrier takes this parcel." in said
    assert "This carrier sells no labels" in ship(panel, placed, 409, way="", title="My van")
    assert "Nothing has left yet" in panel.get(f"/panel/orders/{placed.number}")
    assert books.sold == 0
    ship(panel, placed)
    assert books.sold == 1


def test_a_signed_event_notes_where_it_is_and_that_it_arrived(
    panel: AtPanel, placed: Any, books: Books, site: Site
) -> None:
    ship(panel, placed)
    number = next(iter(books.shipments.values()))["tracking_code"]

    def notice(status: str, hour: int, *, is_signed: bool = True) -> int:
        detail = tracking_detail(status, "", f"2026-11-24T{hour}:00:00Z", "LEEDS")
        told = {"object": "Tracker", "tracking_code": number, "tracking_details": [detail]}
        body = json.dumps({"description": "tracker.updated", "object": "Event", "result": told}).encode()
        key = unicodedata.normalize("NFKD", SECRET).encode()
        signature = f"hmac-sha256-hex={hmac.new(key, body, hashlib.sha256).hexdigest()}" if is_signed else ""
        sent = {"data": body, "headers": {"X-Hmac-Signature": signature}, "base_url": panel.origin}
        return panel.client.post("/easypost/notice", **sent).status_code

    assert notice("delivered", 11, is_signed=False) == 403
    assert notice("out_for_delivery", 10) == 200
    assert re.search(r"Out for delivery</span>, LEEDS, TX, US", panel.get(f"/panel/orders/{placed.number}"))
    assert order_by_key(site, placed.secret).shipments[0].delivered_at is None
    for _again in range(2):
        assert notice("delivered", 12) == 200
        assert order_by_key(site, placed.secret).shipments[0].delivered_at is not None


def test_a_parcel_of_which_nothing_was_heard_is_asked_for(
    panel: AtPanel, placed: Any, books: Books, site: Site, outbox: Any, clock: Any
) -> None:
    ship(panel, placed)
    number = next(iter(books.shipments.values()))["tracking_code"]
    books.told[number] = [tracking_detail("out_for_delivery", "Soon", "2026-11-24T10:00:00Z", "LEEDS")]
    clock.move(hours=7)
    outbox.deliver()
    assert order_by_key(site, placed.secret).shipments[0].scan == "out_for_delivery"
    books.told[number] += [tracking_detail("delivered", "Delivered", "2026-11-24T12:00:00Z", "LEEDS")]
    clock.move(hours=7)
    outbox.deliver()
    parcel = order_by_key(site, placed.secret).shipments[0]
    assert (parcel.scan, parcel.delivered_at is not None) == ("delivered", True)
    asked = len(books.calls)
    clock.move(hours=7)
    outbox.deliver()
    assert len(books.calls) == asked, "what has arrived is not asked for"


def test_the_parcels_of_a_day_are_handed_over_on_one_paper(
    panel: AtPanel, placed: Any, books: Books, outbox: Any, clock: Any
) -> None:
    ship(panel, placed)
    ship(panel, placed)
    page = panel.get("/panel/orders/manifests")
    assert "EasyPost from Main</strong>, 2 parcels" in page
    form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    for _twice in range(2):
        panel.post("/panel/orders/manifests", 303, **form)
    assert "Being made" in panel.get("/panel/orders/manifests")
    books.lose = ["/scan_forms"]
    outbox.deliver()
    assert "Being made" in panel.get("/panel/orders/manifests")
    panel.post("/panel/orders/manifests", 303, **{**form, "key": "another"})
    clock.move(minutes=1)
    outbox.deliver()
    page = panel.get("/panel/orders/manifests")
    assert "No label of that day waits for a manifest" in page
    assert "Paper for 2 parcels" in page
    assert len(books.forms) == 1
    found = re.search(r'href="(/panel/orders/manifests/\d+/0)"', page)
    assert found is not None
    answer = panel.client.get(found[1], base_url=panel.origin)
    assert (answer.data, answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert re.search(r"attachment; filename=manifest-[\d-]+\.pdf$", answer.headers["Content-Disposition"])
    panel.get(f"{found[1][:-1]}1", 404)


def test_what_a_carrier_refuses_may_be_asked_for_anew(panel: AtPanel, placed: Any, books: Books, outbox: Any) -> None:
    ship(panel, placed, way="easypost:cheapest")
    next(iter(books.shipments.values()))["selected_rate"]["carrier_account_id"] = "ca_ups"
    page = panel.get("/panel/orders/manifests")
    panel.post("/panel/orders/manifests", 303, **dict(re.findall(r'hidden" name="([^"]+)" value="([^"]*)"', page)))
    outbox.deliver()
    page = panel.get("/panel/orders/manifests")
    assert "EasyPost refused: UPS does not support scan forms" in page
    assert "EasyPost from Main</strong>, 1 parcel" in page
    assert "No label of that day waits" in panel.get("/panel/orders/manifests?day=2020-01-01")
