"""Tags on orders, and the list as a file that holds exactly what the filters show."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from core.catalogue.services.stock_kits import set_kit
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.errors import NotFound
from core.orders.services import parting
from core.orders.services.cancel import cancel
from core.orders.services.listing import OrderFilters, list_orders
from core.orders.services.listing_where import SORTS
from core.orders.services.payments import mark_paid
from core.orders.services.tags import TooManyTags, tag_order, tags_of, untag_order
from core.panel.orders.services import exporting
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_pages import _answered_by


@pytest.fixture
def orders(sell: Callable[..., Item], order: Callable[..., Any], site: Site) -> list[Any]:
    """Five orders at 5.00; the first and the fourth are paid; a name of theirs would run as a formula."""
    cup, placed = sell("CUP", 500), []
    for place in range(5):
        placed.append(order(cup, 1, email=f"no{place}@example.com"))
        if place in {0, 3}:
            mark_paid(state_of(site.id), placed[-1].id, actor="staff:1")
    with db.transaction():
        db.execute("UPDATE orders SET name = ? WHERE id = ?", '=HYPERLINK("x")', placed[1].id)
    return placed


def exported(panel: Panel, query: str = "") -> list[dict[str, str]]:
    answer = panel.get(f"/panel/orders.csv{query}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    text = answer.get_data().decode("utf-8-sig")
    answer.close()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def shown(panel: Panel, query: str = "") -> list[str]:
    """The numbers of the list, page after page."""
    page = panel.get(f"/panel/orders{query}").get_data(as_text=True)
    return re.findall(r'name="n" value="(\d+)"', page)


def test_orders_are_tagged_many_at_a_time_and_found_again(panel: Panel, orders: list[Any], site: Site) -> None:
    numbers = [placed.number for placed in orders[:3]]
    said = words(panel.post("/panel/orders/bulk", {"n": numbers, "act": "tag", "tag": " #Gift  wrap ", "key": "a"}))
    assert "3 of 3 orders are done" in said
    assert shown(panel, "?tag=gift+wrap") == numbers[::-1]
    panel.post("/panel/orders/bulk", {"n": numbers[:1], "act": "untag", "tag": "gift wrap", "key": "b"})
    panel.post(f"/panel/orders/{numbers[2]}/tags", {"off": "gift wrap"})
    panel.post(f"/panel/orders/{numbers[2]}/tags", {"tag": "Call"})
    assert shown(panel, "?tag=gift+wrap") == [numbers[1]]
    assert "Tagged: call" in words(panel.get(f"/panel/orders/{numbers[2]}"))
    assert "Write a tag" in words(panel.follow(panel.post(f"/panel/orders/{numbers[2]}/tags", {"tag": " # "})))
    for place in range(20):
        tag_order(site, orders[4].id, f"t{place}", actor="staff:1")
    with pytest.raises(TooManyTags):
        tag_order(site, orders[4].id, "one more", actor="staff:1")


def test_tags_stay_on_their_site(orders: list[Any], other_site: Site) -> None:
    with pytest.raises(NotFound):
        tag_order(other_site, orders[0].id, "x", actor="staff:1")
    with pytest.raises(NotFound):
        untag_order(other_site, orders[0].id, "x", actor="staff:1")
    assert tags_of([orders[0].id]) == {}


def test_orders_are_narrowed_by_what_is_in_them_and_where_by_whom_and_for_how_much_they_go(
    panel: Panel, orders: list[Any], sell: Callable[..., Item], order: Callable[..., Any], site: Site
) -> None:
    leaf, tray = sell("LEAF", 300, stock=9), sell("TRAY", 4000)
    set_kit(tray.variant_id, {leaf.variant_id: 2}, "staff:1")
    kit = order(tray, 1, email="kit@example.com")
    with db.transaction():
        db.execute("UPDATE orders SET carrier = 'bike' WHERE id = ?", orders[2].id)
        db.execute("UPDATE order_line SET sku = 'GONE' WHERE order_id = ?", orders[1].id)
    all_ = [kit.number, *(placed.number for placed in reversed(orders))]
    n0, n1, n2, n3, n4 = (placed.number for placed in orders)
    for query, wanted in {
        "?sku=LEAF": [kit.number],
        "?sku=GONE": [n1],
        "?sku=CUP": [n4, n3, n2, n0],
        "?country=Germany": all_,
        "?country=fr": [],
        "?carrier=bike": [n2],
        "?gateway=arrangement&payment=paid": [n3, n0],
        "?gateway=card": [],
        "?least=40": [kit.number],
        "?most=39.99&order=open&payment=unpaid": [n4, n2, n1],
        "?returned=returned": [],
        "?sort=oldest": all_[::-1],
        "?sort=highest": [kit.number, n4, n3, n2, n1, n0],
        "?sort=lowest&payment=unpaid": [n1, n2, n4, kit.number],
        "?least=much&sort=up&country=nowhere": all_,
    }.items():
        assert shown(panel, query) == wanted, query
        assert [row["number"] for row in exported(panel, query)] == wanted, query
    page = panel.get("/panel/orders?carrier=bike&country=DE&least=1&sort=lowest").get_data(as_text=True)
    for said in ("Carrier bike", "Goes to Germany", "Total from 1"):
        assert f"Remove filter {said}" in " ".join(re.sub(r"<[^>]*>", "", page).split())
    assert 'href="/panel/orders?country=DE&amp;least=1&amp;sort=lowest"' in page, "a chip lets its filter go alone"
    kept = panel.follow(panel.post("/panel/views/orders", {"name": "By bike", "query": "carrier=bike&sort=lowest"}))
    assert "Your view “By bike”" in words(kept)


def test_pages_of_a_sorted_list_join_without_a_gap(orders: list[Any], site: Site) -> None:
    assert len(orders) == 5
    for sort in SORTS:
        whole = [one.id for one in list_orders(site, OrderFilters(sort=sort)).orders]
        found = list_orders(site, OrderFilters(sort=sort), limit=2)
        parts = [one.id for one in found.orders]
        while found.next is not None:
            found = list_orders(site, OrderFilters(sort=sort), found.next, limit=2)
            parts += [one.id for one in found.orders]
        assert (parts, len(whole)) == (whole, 5)


def test_the_file_is_what_the_list_shows(panel: Panel, orders: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_AT_ONCE", 2)
    panel.post("/panel/orders/bulk", {"n": [orders[3].number], "act": "tag", "tag": "first", "key": "a"})
    today = clock.now().date().isoformat()
    for query in ("", "?payment=paid", "?view=unpaid", "?q=no3", "?tag=first", f"?since={today}", "?until=2001-01-01"):
        assert [row["number"] for row in exported(panel, query)] == shown(panel, query), query
    rows = exported(panel, "?payment=paid")
    assert sum(round(float(row["total"]) * 100) for row in rows) == 2 * 500
    assert {row["tags"] for row in rows} == {"first", ""}


def test_no_cell_of_the_file_runs(panel: Panel, orders: list[Any]) -> None:
    row = next(row for row in exported(panel) if row["number"] == orders[1].number)
    assert row["name"] == '\'=HYPERLINK("x")'


def test_the_file_and_the_tags_need_their_permissions(colleague: Callable[..., Panel], orders: list[Any]) -> None:
    theirs = colleague({"orders.view"})
    assert theirs.get("/panel/orders.csv").status_code == 403
    number = orders[0].number
    assert theirs.post("/panel/orders/bulk", {"n": [number], "act": "tag", "tag": "x"}).status_code == 403
    assert theirs.post(f"/panel/orders/{number}/tags", {"tag": "x"}).status_code == 403


# -- split and merged --------------------------------------------------------------------------------------------------


def test_an_order_is_split_and_merged_again_from_its_page(
    panel: Panel, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    number = str(order(sell("LAMP", 8900, stock=9, name="Lamp"), 3).number)
    path = f"/panel/orders/{number}/split"
    line = f"line-{db.value('SELECT id FROM order_line')}"
    said = words(panel.post(path, {line: "1", "act": "preview", "key": "a"}))
    for text in ("1 × Lamp", "€89.00", "€178.00"):
        assert text in said
    assert panel.post(path, {line: "3", "act": "preview"}).status_code == 409
    assert panel.post(path, {line: "4", "act": "preview"}).status_code == 422
    assert panel.post(path, {line: "1", "act": "confirm", "seen": "1", "key": "a"}).status_code == 409
    form = {line: "1", "act": "confirm", "seen": "8900", "key": "a", "reason": "One of them later"}
    split = words(panel.follow(panel.post(path, form)))
    assert f"Split from order {number}" in split
    assert "One of them later" in split
    new = str(db.value("SELECT MAX(number) FROM orders"))
    into = str(db.value("SELECT id FROM orders WHERE number = ?", number))
    assert f'<option value="{into}">{number}' in panel.get(f"/panel/orders/{new}/split").get_data(as_text=True)
    form = {"into": into, "act": "confirm", "seen": "8900", "key": "b", "reason": "Both at once after all"}
    merged = words(panel.follow(panel.post(f"/panel/orders/{new}/split", form)))
    assert f"Merged into order {number}" in merged
    assert "Both at once after all" in merged
    assert "Both at once after all" in words(panel.get(f"/panel/orders/{number}")), "and where it went"
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 3


def test_everybody_chooses_the_columns_of_the_list(panel: Panel, orders: list[Any]) -> None:
    assert "no0@example.com" in words(panel.get("/panel/orders?q=no0"))
    answer = panel.post(
        "/panel/views/orders/columns", {"column": ["total", "method", "nonsense"], "here": "view=unpaid"}
    )
    assert answer.headers["Location"].endswith("/panel/orders?view=unpaid")
    head = re.search(r"<thead>.*?</thead>", panel.follow(answer).text, re.DOTALL)
    assert head is not None
    assert re.findall(r'<th scope="col" class="(?:end|when-full)">(?:<a [^>]*>)?([^<]+)', head[0]) == [
        "Method",
        "Total",
    ]
    assert panel.post("/panel/views/shoppers/columns", {"column": ["total"]}).status_code == 404


def test_orders_are_chosen_by_keys_by_a_range_and_all_at_once(page: Page, panel: Panel, orders: list[Any]) -> None:
    _answered_by(panel, page)
    page.goto("http://shop.test/panel/orders", wait_until="networkidle")
    chosen = page.locator("tbody input:checked")
    for key in ("j", "j", "k", "x"):
        page.keyboard.press(key)
    assert [box.get_attribute("value") for box in chosen.all()] == [orders[4].number]
    page.locator("tbody input").nth(2).click(modifiers=["Shift"])
    assert chosen.count() == 3
    assert page.get_by_text("3 chosen").is_visible()
    page.get_by_label("Choose all on this page").check()
    assert chosen.count() == 5


def test_a_merged_order_is_told_and_found_as_that_and_not_as_a_cancelled_one(
    panel: Panel, site: Site, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    cup = sell("CUP", 500)
    stays, goes, gone = (order(cup, 2) for _each in range(3))
    cancel(site, goes.id, lines={line_of(goes.id): 1}, actor="staff:1")
    parting.merge_order(site, goes.id, stays.id, key="m", actor="staff:1")
    cancel(site, gone.id, actor="staff:1")
    for path in ("/panel/orders", f"/panel/orders/{goes.number}", "/panel/"):
        page = panel.get(path)
        assert f"Merged into {stays.number}" in words(page)
        assert f'href="/panel/orders/{stays.number}"' in page.get_data(as_text=True)
    assert shown(panel, "?view=cancelled") == [gone.number]
    assert shown(panel, "?order=cancelled") == [gone.number]
    assert shown(panel, "?order=merged") == [goes.number]
    assert shown(panel, "?order=open") == [stays.number]
    assert {row["number"]: row["merged_into"] for row in exported(panel)} == {
        gone.number: "", goes.number: stays.number, stays.number: "",
    }  # fmt: skip


def line_of(order_id: int) -> int:
    return int(db.value("SELECT id FROM order_line WHERE order_id = ?", order_id))


def test_keys_that_need_a_script_are_not_shown_without_one(panel: Panel, orders: list[Any]) -> None:
    """The stylesheet hides `with-script` where scripts do not run: no hint promises a key that does nothing."""
    markup = panel.get("/panel/orders").get_data(as_text=True)
    hints = re.findall(r'<p class="(key_hints[^"]*)"', markup)
    finder = re.findall(r"<kbd([^>]*)>Ctrl K</kbd></a>", markup)
    assert len(hints) == len(finder) == 1
    assert all("with-script" in classes for classes in hints + finder)
