"""The order desk knows what is on the shelf: views, picking, bulk acts, and another day for what is late."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.catalogue.services import add_location, receive_stock
from core.catalogue.services.stock import UNLIMITED
from core.catalogue.services.stock_counts import first_location, set_backorder_limit
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.orders.services.picking import to_pick
from core.orders.services.read import order_view
from core.panel.orders.services.filters import to_ship_count
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    """One is on the shelf, as many may be ordered as people like."""
    lamp = sell("LAMP", 8900, stock=1, name="Lamp")
    set_backorder_limit(lamp.variant_id, first_location(), UNLIMITED, "staff:1")
    return lamp


@pytest.fixture
def four(lamp: Item, order: Callable[..., Any]) -> str:
    """The number of an order of four lamps, of which one is there."""
    return str(order(lamp, 4).number)


def shown(panel: Panel, query: str) -> list[str]:
    page = panel.get(f"/panel/orders?{query}").get_data(as_text=True)
    return re.findall(r'name="n" value="(\d+)"', page)


def seen(number: str) -> Any:
    return order_view(db.value("SELECT id FROM orders WHERE number = ?", number))


def test_views_tell_orders_apart_by_what_is_on_the_shelf(
    panel: Panel, site: Site, lamp: Item, four: str, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    waits, ready = order(lamp, 1).number, order(sell("CUP", 500), 1).number
    assert shown(panel, "view=to_ship") == [ready, four]
    assert shown(panel, "view=waiting") == [waits]
    assert shown(panel, "goods=ready") == [ready]
    assert shown(panel, "goods=partly") == [four]
    assert shown(panel, "view=to_ship&goods=waiting") == [waits]
    assert to_ship_count(site) == 2
    panel.post(f"/panel/orders/{waits}/hold", {"act": "hold", "reason": "Strange"})
    panel.post(f"/panel/orders/{four}/hold", {"act": "hold", "reason": "Strange"})
    assert to_ship_count(site) == 1
    receive_stock({lamp.variant_id: 4}, first_location(), "delivery:1", "staff:1")
    assert shown(panel, "view=waiting") == []


def test_what_is_not_there_is_not_picked(panel: Panel, site: Site, four: str, lamp: Item) -> None:
    assert [(one.sku, one.pieces) for one in to_pick(site, [seen(four)])] == [("LAMP", 1)]
    said = words(panel.post("/panel/orders/bulk", {"n": [four], "act": "pick", "key": "a"}))
    assert "1 piece to pick" in said
    assert seen(four).lines[0].picked == 1
    assert "The goods are not there yet" in words(
        panel.post("/panel/orders/bulk", {"n": [four], "act": "pick", "key": "b"})
    )
    receive_stock({lamp.variant_id: 9}, first_location(), "delivery:1", "staff:1")
    assert "3 pieces to pick" in words(panel.post("/panel/orders/bulk", {"n": [four], "act": "pick", "key": "c"}))


def test_many_are_sent_whole_or_not_at_all(panel: Panel, four: str) -> None:
    said = words(panel.post("/panel/orders/bulk", {"n": [four], "act": "ship", "key": "a"}))
    assert "Only 1 of 4 pieces are on the shelf" in said
    assert seen(four).shipments == ()


def test_another_day_is_promised_and_told(panel: Panel, four: str) -> None:
    page = words(panel.get(f"/panel/orders/{four}"))
    assert "This order waits for goods" in page
    assert "1 of 4 on the shelf" in page
    path, day = f"/panel/orders/{four}/promise", (clock.now() + timedelta(days=20)).date().isoformat()
    assert "Choose a day that is still to come" in words(panel.post(path, {"day": "2020-01-01"}))
    assert "Write the day as" in words(panel.post(path, {"day": "soon"}))
    assert "The new day is promised" in words(panel.follow(panel.post(path, {"day": day, "why": "The ship is late"})))
    assert "promised already" in words(panel.follow(panel.post(path, {"day": day})))
    (told,) = [one for one in seen(four).timeline if one.kind == "promised"]
    assert (told.data["days"][0]["before"], told.data["why"]) == (None, "The ship is late")
    assert "Another day was promised" in words(panel.get(f"/panel/orders/{four}"))
    assert db.value("SELECT COUNT(*) FROM outbox WHERE type = 'order.promised'") == 1


def test_promises_whose_day_has_passed_are_a_list_and_are_given_anew(panel: Panel, four: str) -> None:
    assert shown(panel, "view=overdue") == []
    with db.transaction():
        db.execute("UPDATE order_line SET promised_at = ?", clock.micros(clock.now() - timedelta(days=1)))
    assert shown(panel, "view=overdue") == [four]
    assert "The promised day has passed" in words(panel.get(f"/panel/orders/{four}"))
    day = (clock.now() + timedelta(days=9)).date().isoformat()
    said = words(panel.post("/panel/orders/bulk", {"n": [four], "act": "promise", "day": day, "key": "a"}))
    assert "The new day is promised" in said
    assert shown(panel, "view=overdue") == []


# -- parcels by place --------------------------------------------------------------------------------------------------


@pytest.fixture
def two_places(sell: Callable[..., Item], order: Callable[..., Any]) -> tuple[str, int]:
    """(the number of an order of two pots that come from two places, the second one)."""
    pot = sell("POT", 500, stock=1, name="Pot")
    north = add_location("north", "North", 9, "DE", "staff:1")
    receive_stock({pot.variant_id: 1}, north, "delivery:1", "staff:1")
    return str(order(pot, 2).number), north


def test_each_place_sends_a_parcel_of_its_own(panel: Panel, two_places: tuple[str, int]) -> None:
    number, north = two_places
    path, line = f"/panel/orders/{number}/ship", seen(number).lines[0].id
    page = words(panel.get(path))
    assert "From Main" in page
    assert "Ship from North" in page
    form = {f"line-{line}": "1", "location": str(north), "tracking": "N1", "key": "north"}
    assert "from 0 to 1" in words(panel.post(path, {**form, f"line-{line}": "2"}))
    assert "on its way" in words(panel.follow(panel.post(path, form)))
    panel.post(path, form)
    assert [(one.sent_from, one.tracking) for one in seen(number).shipments] == [("North", "N1")]
    late = words(panel.post(path, {**form, "key": "another"}))
    assert "Only 0 of POT are promised there" in late
    assert "From North" in words(panel.get(f"/panel/orders/{number}"))


def test_slips_and_bulk_parcels_are_told_apart_by_place(panel: Panel, two_places: tuple[str, int]) -> None:
    number, _north = two_places
    slips = panel.post("/panel/orders/bulk", {"n": [number], "act": "print"})
    assert slips.get_data(as_text=True).count("sheet_break") == 2
    assert "2 pieces shipped" in words(
        panel.post("/panel/orders/bulk", {"n": [number], "act": "ship", "key": "a", "unpaid": "1"})
    )
    assert [one.sent_from for one in seen(number).shipments] == ["Main", "North"]


def test_parts_of_a_kit_are_packed_where_they_lie(
    panel: Panel, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    leaf, stand = sell("LEAF", 500, stock=4, name="Leaf"), sell("STAND", 500, stock=0, name="Stand")
    receive_stock({stand.variant_id: 2}, add_location("north", "North", 9, "DE", "staff:1"), "delivery:1", "staff:1")
    number = order(sell("TRAY", 1500, name="Tray", kit={leaf: 2, stand: 1}), 2).number
    main, north = re.split("sheet_break", panel.post("/panel/orders/bulk", {"n": [number], "act": "print"}).text)[1:]
    for sheet, said, other in ((main, "From Main", "Stand"), (north, "From North", "Leaf")):
        assert said in sheet
        assert "Part of Tray" in sheet
        assert other not in sheet
    page = words(panel.get(f"/panel/orders/{number}/ship"))
    assert "Main: 4 × Leaf for Tray" in page
    assert "North: 2 × Stand for Tray" in page


def test_a_parcel_arrives_and_another_is_taken_back(panel: Panel, two_places: tuple[str, int]) -> None:
    number, _north = two_places
    panel.post("/panel/orders/bulk", {"n": [number], "act": "ship", "key": "a", "unpaid": "1"})
    first, second = (one.id for one in seen(number).shipments)
    assert "Noted as delivered" in words(panel.follow(panel.post(f"/panel/orders/{number}/parcels/{first}/delivered")))
    again = words(panel.follow(panel.post(f"/panel/orders/{number}/parcels/{first}/undo", {"why": "Wrong"})))
    assert "has arrived or comes back" in again
    said = words(panel.follow(panel.post(f"/panel/orders/{number}/parcels/{second}/undo", {"why": "Wrong label"})))
    assert "on the shelf again" in said
    assert "A parcel of 1 piece did not leave" in said
    assert "Wrong label" in said
    assert [one.status.fulfilment for one in [seen(number)]] == ["partly_shipped"]


def test_an_older_promise_that_is_sent_again_takes_nothing_back(panel: Panel, four: str) -> None:
    path = f"/panel/orders/{four}/promise"

    def form(days: int) -> dict[str, str]:
        page = panel.get(path).get_data(as_text=True)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        return {**hidden, "day": str(clock.now().date() + timedelta(days=days))}

    first, second = form(5), form(9)
    for sent in (first, second, first):
        panel.post(path, sent)
    assert seen(four).lines[0].promised_at.date() == clock.now().date() + timedelta(days=9)
    assert [one.kind for one in seen(four).timeline].count("promised") == 2
