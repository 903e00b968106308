"""The order desk knows what is on the shelf: views, picking, bulk acts, and another day for what is late."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.catalogue.services import receive_stock
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
