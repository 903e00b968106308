from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.sites import state_of
from core.orders.services.payments import mark_paid
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words


@pytest.fixture
def placed(sell: Callable[..., Item], order: Callable[..., Any]) -> str:
    """The number of an order of two lamps, of three in stock."""
    return str(order(sell("LAMP", 8900, stock=3, name="Lamp"), 2).number)


def line_field(panel: Panel, path: str) -> str:
    found = re.search(r'name="(line-\d+)"', panel.get(path).get_data(as_text=True))
    assert found is not None
    return found[1]


def test_the_list_finds_orders_by_number_name_and_mail(panel: Panel, placed: str) -> None:
    for query in (placed, "mira k", "mira@example.com"):
        assert f"/panel/orders/{placed}" in panel.get(f"/panel/orders?q={query}").get_data(as_text=True)
    assert "No order fits these filters" in words(panel.get("/panel/orders?q=nobody"))


def test_a_view_shows_only_what_waits(panel: Panel, placed: str) -> None:
    address = f"/panel/orders/{placed}"
    assert address in panel.get("/panel/orders?view=to_ship").get_data(as_text=True)
    assert address in panel.get("/panel/orders?view=unpaid").get_data(as_text=True)
    assert address not in panel.get("/panel/orders?view=cancelled").get_data(as_text=True)
    assert "1 order is to be shipped" in words(panel.get("/panel/"))


def test_the_page_says_what_was_bought_and_what_happened(panel: Panel, placed: str) -> None:
    said = words(panel.get(f"/panel/orders/{placed}"))
    assert "Lamp" in said
    assert "€178.00" in said
    assert "Order placed" in said
    assert "10115 Berlin" in said


def test_an_address_is_written_as_in_its_country() -> None:
    from core.hookspecs.checkout import Address
    from core.panel.orders.services.said import address_lines

    leeds = Address(name="Owen Marsh", lines=("21 Weaver Row",), city="Leeds", postcode="LS2 7EY", country="GB")
    assert address_lines(leeds)[:4] == ["Owen Marsh", "21 Weaver Row", "Leeds", "LS2 7EY"]


def test_money_that_came_is_noted_once(panel: Panel, placed: str) -> None:
    said = words(panel.follow(panel.post(f"/panel/orders/{placed}/paid", {"amount": "178,00", "reference": "line 7"})))
    assert "Paid" in said
    assert "line 7" in said
    again = panel.post(f"/panel/orders/{placed}/paid", {"amount": "", "reference": ""})
    assert again.status_code == 409
    assert panel.post(f"/panel/orders/{placed}/paid", {"amount": "much"}).status_code == 422


@pytest.mark.parametrize("amount", ["-5", "0", "5 USD"])
@pytest.mark.parametrize("act", ["paid", "refund"])
def test_what_is_no_amount_is_said_beside_its_field(panel: Panel, placed: str, act: str, amount: str) -> None:
    answer = panel.post(f"/panel/orders/{placed}/{act}", {"amount": amount, "key": "k"})
    assert answer.status_code == 422
    assert words(answer).count("Write an amount such as 12.50.") == 2  # On top, and beside the field.
    assert f'value="{amount}"' in answer.get_data(as_text=True)


def test_a_parcel_leaves_with_its_tracking_number_and_a_second_click_is_the_same_parcel(
    panel: Panel, placed: str
) -> None:
    field = line_field(panel, f"/panel/orders/{placed}/ship")
    form = {field: "1", "title": "DHL", "tracking": "JJD0001", "key": "one-form"}
    for _ in range(2):
        panel.post(f"/panel/orders/{placed}/ship", form)
    said = words(panel.get(f"/panel/orders/{placed}"))
    assert "JJD0001" in said
    assert "1 of 2 shipped" in said
    assert db.value("SELECT COUNT(*) FROM shipment") == 1


def test_more_than_waits_cannot_be_shipped_and_the_number_typed_stays(panel: Panel, placed: str) -> None:
    field = line_field(panel, f"/panel/orders/{placed}/ship")
    answer = panel.post(f"/panel/orders/{placed}/ship", {field: "5", "tracking": "JJD0009"})
    assert answer.status_code == 422
    assert "from 0 to 2" in words(answer)
    assert 'value="JJD0009"' in answer.get_data(as_text=True)


def test_cancelling_gives_the_stock_back(panel: Panel, placed: str) -> None:
    field = line_field(panel, f"/panel/orders/{placed}/cancel")
    path, form = f"/panel/orders/{placed}/cancel", {field: "2", "reason": "Changed their mind", "key": "one"}
    shown = re.search(r'name="seen" value="(\d+)"', panel.post(path, form).get_data(as_text=True))
    assert shown is not None
    assert db.value("SELECT allocated FROM stock_level") == 2, "a preview changes nothing"
    said = words(panel.follow(panel.post(path, {**form, "act": "confirm", "seen": shown[1]})))
    assert "Cancelled" in said
    assert "Changed their mind" in said
    assert db.value("SELECT allocated FROM stock_level") == 0


def test_what_cancelling_means_is_shown_before_it_is_done(
    panel: Panel, sell: Callable[..., Item], order: Callable[..., Any], site: Site
) -> None:
    number = order(sell("CUP", 1250, stock=4, name="Cup"), 4).number
    mark_paid(state_of(site.id), db.value("SELECT id FROM orders WHERE number = ?", number), actor="staff:1")
    path = f"/panel/orders/{number}/cancel"
    form = {line_field(panel, path): "1", "key": "one"}
    assert re.search(r'name="line-\d+" value="4"', panel.get(path).get_data(as_text=True)), "all that waits is chosen"
    said = words(panel.post(path, form))
    # Four cups of 12.50, then three.
    for part in ("€50.00 €37.50 -€12.50", "1 CUP is free for others at once", "€12.50 is to be given back"):
        assert part in said
    for unseen in ({}, {"seen": "5000"}):
        panel.post(path, {**form, **unseen, "act": "confirm"})
    assert db.value("SELECT allocated FROM stock_level") == 4, "what was not shown is not done"
    for _ in range(2):
        answer = panel.post(path, {**form, "seen": "3750", "act": "confirm"})
    assert "It was not done a second time" in words(panel.follow(answer))
    assert db.value("SELECT allocated FROM stock_level") == 3
    told = words(panel.get(f"/panel/orders/{number}"))
    assert "1 piece cancelled" in told
    assert "Cup: 4 before, 3 after · Total: €50.00 before, €37.50 after" in told


def test_an_order_of_another_site_is_not_here(panel: Panel, placed: str, other_site: Site) -> None:
    with db.transaction():
        db.execute("UPDATE orders SET site_id = ? WHERE number = ?", other_site.id, placed)
    assert panel.get(f"/panel/orders/{placed}").status_code == 404


def test_whoever_may_only_see_orders_is_offered_no_act(colleague: Callable[..., Panel], placed: str) -> None:
    theirs = colleague({"orders.view"})
    assert f"/panel/orders/{placed}/ship" not in theirs.get(f"/panel/orders/{placed}").get_data(as_text=True)
    assert theirs.post(f"/panel/orders/{placed}/ship").status_code == 403


def test_the_list_costs_the_same_for_one_order_and_for_many(
    panel: Panel, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    item = sell("CUP", 900)
    order(item)
    panel.get("/panel/orders")
    with db.counted() as few:
        panel.get("/panel/orders")
    for _ in range(5):
        order(item)
    with db.counted() as many:
        panel.get("/panel/orders")
    assert len(many) == len(few)
