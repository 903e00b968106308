"""An order that goes to several addresses, at the desk: each is sent, changed and printed by itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.orders.services.read import OrderView, order_view
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_orders import line_field


@pytest.fixture
def placed(sell: Callable[..., Item], order: Callable[..., Any]) -> OrderView:
    """A lamp to Berlin and two to Paris."""
    return seen(order(sell("LAMP", 8900, stock=9, name="Lamp"), 3, away=2).id)


def seen(order_id: int) -> OrderView:
    found = order_view(order_id)
    assert found is not None
    return found


def test_each_address_gets_its_own_parcel_and_the_page_says_which(panel: Panel, placed: OrderView) -> None:
    page = f"/panel/orders/{placed.number}"
    said = words(panel.get(page))
    for text in ("To Mira K., Berlin", "To Oma, Paris", "1 rue de Rivoli", "Lange Str. 1"):
        assert text in said
    # The first address is asked about at first; the other is a link away.
    assert "?place=1" in panel.get(f"{page}/ship").get_data(as_text=True)
    here, there = line_field(panel, f"{page}/ship"), line_field(panel, f"{page}/ship?place=1")
    assert here != there
    form = {there: "2", "carrier": "DHL", "tracking": "T1", "key": "k"}
    for _click in range(2):
        panel.post(f"{page}/ship?place=1", form)
    assert [(one.place, sum(one.lines.values())) for one in seen(placed.id).shipments] == [(1, 2)]
    assert "Parcel 1 to Oma, Paris" in words(panel.get(page))
    # What is left goes to one address: no other is offered.
    assert "?place=" not in panel.get(f"{page}/ship").get_data(as_text=True)


def test_lists_and_files_know_every_address(panel: Panel, placed: OrderView) -> None:
    for query in ("q=oma", "q=mira", "country=FR", "country=DE"):
        assert f'value="{placed.number}"' in panel.get(f"/panel/orders?{query}").get_data(as_text=True), query
    assert f'value="{placed.number}"' not in panel.get("/panel/orders?country=NL").get_data(as_text=True)
    with panel.get("/panel/orders.csv") as answer:
        (row,) = csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    assert (row["country"], row["delivery"]) == ("DE, FR", "Delivery by arrangement")


def test_many_are_sent_and_printed_address_by_address(panel: Panel, placed: OrderView) -> None:
    slips = words(panel.post("/panel/orders/bulk", {"n": [placed.number], "act": "print", "key": "a"}))
    assert slips.index("10115 Berlin") < slips.index("75001 Paris")
    panel.post("/panel/orders/bulk", {"n": [placed.number], "act": "ship", "key": "a"})
    assert [(one.place, sum(one.lines.values())) for one in seen(placed.id).shipments] == [(0, 1), (1, 2)]


def test_the_editor_is_about_one_address(panel: Panel, placed: OrderView) -> None:
    path = f"/panel/orders/{placed.number}/change?place=1"
    text = panel.get(path).get_data(as_text=True)
    assert "Prices of what waits" not in text
    fields = dict(re.findall(r'name="(a_\w+)"[^>]*value="([^"]*)"', text))
    assert fields["a_city"] == "Paris"
    more = {"add_sku": "LAMP", "add_quantity": "1", "act": "preview", "key": "k"}
    form = {**fields, "a_city": "Lyon", "a_country": "FR", **more}
    preview = panel.post(path, form).get_data(as_text=True)
    price = re.search(r'name="seen" value="(\d+)"', preview)
    assert price is not None
    panel.post(path, {**form, "act": "confirm", "seen": price[1]})
    after = seen(placed.id)
    assert [one.city for one in after.addresses] == ["Berlin", "Lyon"]
    assert [(line.quantity, line.place) for line in after.lines] == [(1, 0), (2, 1), (1, 1)]
    # Only the country names of the timeline stay once the shopper is forgotten; until then it says both places.
    assert "Lyon" in str(db.rows("SELECT data FROM order_entry WHERE order_id = ?", placed.id))


def test_another_order_has_no_such_address(panel: Panel, placed: OrderView, site: Site) -> None:
    assert panel.get(f"/panel/orders/{placed.number}/ship?place=7").status_code == 404


def test_what_one_address_waits_for_is_cancelled_as_it_was_shown(panel: Panel, placed: OrderView) -> None:
    path = f"/panel/orders/{placed.number}/cancel"
    away = next(line for line in placed.lines if line.place == 1)
    form = {f"line-{away.id}": "2", "key": "one"}
    shown = panel.post(path, form).get_data(as_text=True)
    seen_price = re.search(r'name="seen" value="(\d+)"', shown)
    assert seen_price is not None
    panel.follow(panel.post(path, {**form, "act": "confirm", "seen": seen_price[1]}))
    after = seen(placed.id)
    assert [line.allocated for line in after.lines] == [1, 0]
    assert after.due.amount == int(seen_price[1]), "it costs what was shown"
