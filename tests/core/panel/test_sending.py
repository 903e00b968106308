"""A parcel is sent with a carrier of the shop, and its shopper follows it everywhere they look."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.checkout.services.place_order import PlacedOrder
from core.hookspecs.site import Site
from core.orders.services.read import order_view
from tests.core.panel.conftest import Panel, words

ROYAL = "https://track.example/{number}"


@pytest.fixture
def placed(panel: Panel, turn_on: Callable[..., None], sell: Any, order: Any) -> PlacedOrder:
    """Two lamps that go by the merchant's standard delivery, whose carrier has a page for each parcel."""
    turn_on("flat_rate")
    rate = {"title_en": "Tracked 48", "title_zh-CN": "标准配送", "price_EUR": "4.90", "tracking": ROYAL}
    assert panel.post("/panel/flat_rate/new", rate).status_code == 303
    placed: PlacedOrder = order(sell("LAMP", 8900, stock=9, name="Arc lamp"), 2, carrier="flat_rate", service="rate-1")
    return placed


def ship(panel: Panel, placed: PlacedOrder, pieces: int = 1, **form: str) -> None:
    page = panel.get(f"/panel/orders/{placed.number}/ship").get_data(as_text=True)
    line = re.search(r'name="(line-\d+)"', page)
    assert line is not None
    answer = panel.post(f"/panel/orders/{placed.number}/ship", {line[1]: str(pieces), **form})
    assert answer.status_code == 303, answer.text


def test_shoppers_follow_a_parcel_wherever_they_look(panel: Panel, placed: PlacedOrder) -> None:
    page = panel.get(f"/panel/orders/{placed.number}/ship").text
    assert '<option value="flat_rate:rate-1" selected>Tracked 48' in page
    assert ">Another carrier<" in page
    ship(panel, placed, way="flat_rate:rate-1", tracking="RM 1/2")
    link = "https://track.example/RM%201%2F2"
    assert link in panel.get(f"/panel/orders/{placed.number}").get_data(as_text=True)
    guest = panel.get(f"/order/{placed.secret}")
    tracked = panel.post("/track", {"number": placed.number, "email": "mira@example.com"})
    for page in (guest, tracked):
        assert f'href="{link}"' in page.text
        said = words(page)
        assert "Tracked 48" in said
        assert "1 × Arc lamp" in said
        assert "Still to come" in said
    ship(panel, placed, way="flat_rate:rate-1", tracking="RM2")
    assert "Still to come" not in panel.get(f"/order/{placed.secret}").text


def test_another_carrier_is_followed_by_the_shops_own_list(panel: Panel, placed: PlacedOrder) -> None:
    wrong = panel.post("/panel/orders/carriers", {"name-0": "Hermes", "address-0": "http://hermes.example/{number}"})
    assert wrong.status_code == 422
    assert "Write an https address" in words(wrong)
    assert 'value="Hermes"' in wrong.text
    rows = {"name-0": "Hermes", "address-0": "https://hermes.example/{number}", "name-1": "", "name-2": " "}
    assert panel.post("/panel/orders/carriers", rows).status_code == 303
    assert "own:Hermes" in panel.get(f"/panel/orders/{placed.number}/ship").text
    ship(panel, placed, way="own:Hermes", tracking="H1")
    ship(panel, placed, way="", title="My cousin’s van", tracking="V1")
    page = panel.get(f"/order/{placed.secret}").text
    assert 'href="https://hermes.example/H1"' in page
    assert "My cousin’s van" in page
    assert "V1" in page


def test_orders_sent_together_go_by_what_their_shoppers_chose_and_each_is_corrected(
    panel: Panel, site: Site, placed: PlacedOrder
) -> None:
    panel.post("/panel/orders/bulk", {"act": "ship", "n": [placed.number], "key": "many", "unpaid": "1"})
    found = order_view(placed.id, site=site)
    assert found is not None
    assert [(one.carrier, one.service, one.title) for one in found.shipments] == [("flat_rate", "rate-1", "Tracked 48")]
    sent = {"way": "flat_rate:rate-1", "tracking": "RM7"}
    path = f"/panel/orders/{placed.number}/parcels/{found.shipments[0].id}"
    assert panel.post(path, sent).status_code == 303
    assert "https://track.example/RM7" in panel.get(f"/order/{placed.secret}").text
    panel.post(path, {"way": "", "title": "Somebody", "tracking": "RM7"})
    page = panel.get(f"/order/{placed.secret}").text
    assert "Somebody" in page
    assert "https://track.example" not in page
