"""An order that goes to several addresses, at the desk: each is sent, changed and printed by itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.orders.services.read import OrderView, order_view
from core.testing.shop import Item
from tests.core.checkout.books import unbalanced
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
    panel.post("/panel/orders/bulk", {"n": [placed.number], "act": "ship", "key": "a", "unpaid": "1"})
    assert [(one.place, sum(one.lines.values())) for one in seen(placed.id).shipments] == [(0, 1), (1, 2)]


def edited(panel: Panel, order: OrderView, **typed: str) -> str:
    """The editor with what is in its fields and what is typed, looked at and confirmed; answers the preview's words."""
    path = f"/panel/orders/{order.number}/change"
    text = panel.get(path).get_data(as_text=True)
    fields = dict(re.findall(r'name="(a\d*_\w+)"[^>]*value="([^"]*)"', text))
    countries = {
        found[0]: found[1]
        for found in re.findall(r'<select[^>]*name="(a\d*_country)".*?value="(\w\w)" selected', text, re.DOTALL)
    }
    form = {**fields, **countries, "act": "preview", "key": f"k{order.version}", **typed}
    answer = panel.post(path, form)
    assert answer.status_code == 200, words(answer)
    price = re.search(r'name="seen" value="(\d+)"', answer.get_data(as_text=True))
    assert price is not None
    panel.post(path, {**form, "act": "confirm", "seen": price[1]})
    after = seen(order.id)
    assert after.agreed_left.amount == int(price[1]), "it costs what was shown"
    assert unbalanced() == []
    return words(answer)


def test_the_editor_is_about_every_address(panel: Panel, placed: OrderView) -> None:
    text = panel.get(f"/panel/orders/{placed.number}/change").get_data(as_text=True)
    assert "Prices of what waits" not in text
    assert ('value="Berlin"' in text, 'value="Paris"' in text) == (True, True)
    away = next(line for line in placed.lines if line.place == 1)
    said = edited(
        panel, placed, a0_city="Potsdam", a1_city="Lyon", add_sku="LAMP", add_quantity="1", add_to="1",
        **{f"move-{away.id}": "1", f"move_to-{away.id}": "0"},
    )  # fmt: skip
    for text in ("10115 Potsdam", "75001 Lyon", "1 × Lamp: to Mira K., Potsdam"):
        assert text in said
    after = seen(placed.id)
    assert [one.city for one in after.addresses] == ["Potsdam", "Lyon"]
    assert [(line.place, line.left) for line in after.lines if line.left] == [(0, 1), (1, 1), (1, 1), (0, 1)]
    # Only the country names of the timeline stay once the shopper is forgotten; until then it says both places.
    told = words(panel.get(f"/panel/orders/{placed.number}"))
    assert "1 × Lamp: Oma" in told
    assert "Lyon" in told


def test_some_of_an_order_goes_to_a_further_address(
    panel: Panel, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    one = seen(order(sell("LAMP", 8900, stock=9, name="Lamp"), 3).id)
    path, line = f"/panel/orders/{one.number}/change", f"move-{one.lines[0].id}"
    oma = {"name": "Oma", "line1": "1 rue de Rivoli", "postcode": "75001", "city": "Paris", "country": "FR"}
    further = {f"n_{name}": text for name, text in oma.items()}
    wrong = {**further, "n_city": "", line: "4", "act": "preview"}
    answer = panel.post(path, wrong)
    assert answer.status_code == 422
    for field in ("n_city", line):
        assert f'href="#{field}"' in answer.get_data(as_text=True)
    assert "Say what goes to the further address." in words(panel.post(path, {**further, "act": "preview"}))
    said = edited(panel, one, **further, **{line: "2"})
    assert "2 × Lamp: to Oma, Paris" in said
    after = seen(one.id)
    assert [place.city for place in after.addresses] == ["Berlin", "Paris"]
    assert [(line.place, line.left) for line in after.lines if line.left] == [(0, 1), (1, 2)]


def test_new_goods_go_to_an_address_that_comes_with_them(
    panel: Panel, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    sell("MUG", 1250, stock=9, name="Mug")
    one = seen(order(sell("LAMP", 8900, stock=9, name="Lamp"), 3).id)
    path = f"/panel/orders/{one.number}/change"
    form = panel.get(path).get_data(as_text=True)
    assert re.findall(r"<option[^>]*>([^<]*)", form[form.index('id="add_to"') :].partition("</select>")[0]) == [
        "Mira K., Berlin", "The further address",
    ]  # fmt: skip
    new = {"add_sku": "MUG", "add_quantity": "2", "add_to": "new"}
    answer = panel.post(path, {**new, "act": "preview"})
    assert answer.status_code == 422
    assert "Fill in the further address, as something shall go there." in words(answer)
    further = {"n_name": "Oma", "n_line1": "1 rue de Rivoli", "n_postcode": "75001", "n_city": "Paris"}
    said = edited(panel, one, **further, n_country="FR", **new)
    assert "2 × Mug: to Oma, Paris" in said
    after = seen(one.id)
    assert [place.city for place in after.addresses] == ["Berlin", "Paris"]
    assert [(line.sku, line.place, line.left) for line in after.lines] == [("LAMP", 0, 3), ("MUG", 1, 2)]
    assert after.total.amount == one.total.amount + 2 * 1250, "delivery by arrangement costs nothing"
    assert unbalanced() == []


def test_what_shall_go_to_an_address_that_nobody_wrote_is_asked_for(panel: Panel, placed: OrderView) -> None:
    path, there = f"/panel/orders/{placed.number}/change", placed.lines[1].id
    for wanted in ({f"move-{there}": "1", f"move_to-{there}": "new"}, {"add_sku": "LAMP", "add_to": "new"}):
        answer = panel.post(path, {**wanted, "act": "preview"})
        assert (answer.status_code, 'href="#n_name"' in answer.get_data(as_text=True)) == (422, True)
    said = words(panel.post(f"/zh-cn{path}", {"add_sku": "LAMP", "add_to": "new", "act": "preview"}))
    assert "请填写新增的地址，因为有商品要寄往那里。" in said


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


def test_where_nothing_goes_any_more_is_no_place_to_deliver_to(panel: Panel, placed: OrderView) -> None:
    there = placed.lines[1].id
    edited(panel, placed, **{f"move-{there}": "2", f"move_to-{there}": "0"})

    said = words(panel.get(f"/panel/orders/{placed.number}"))
    assert "1 rue de Rivoli" not in said[said.index("Deliver to") : said.index("What happened")]
    assert "Lines 3 pieces" in said
    assert said.count("Nothing has come yet.") == 1
    slips = words(panel.post("/panel/orders/bulk", {"n": [placed.number], "act": "print", "key": "a"}))
    assert "10115 Berlin" in slips
    assert "Rivoli" not in slips
    row = words(panel.get("/panel/orders"))
    now = seen(placed.id).agreed_left
    assert placed.total.amount != seen(placed.id).total.amount, "what was moved was agreed anew"
    assert f"3 €{now.decimal}" in row
    with panel.get("/panel/orders.csv") as answer:
        (cells,) = csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    assert (cells["pieces"], cells["total_now"]) == ("3", now.decimal)


def test_what_is_refused_is_said_in_the_reader_s_language(panel: Panel, placed: OrderView) -> None:
    form = {"act": "preview", f"price-{placed.lines[0].id}": "80", "key": "k"}
    said = words(panel.post(f"/zh-cn/panel/orders/{placed.number}/change", form))
    assert "请填写原因" in said
    assert "Write a reason" not in said
