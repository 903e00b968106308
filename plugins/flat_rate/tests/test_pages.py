"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from plugins.flat_rate import services


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("flat_rate")
    return at_panel


FORM = {
    "title_en": "Standard",
    "title_zh-CN": "标准配送",
    "price_EUR": "4.90",
    "free_from_EUR": "50",
    "countries": "DE",
}


def test_an_empty_list_says_what_to_do(panel: AtPanel) -> None:
    assert "No delivery price yet" in panel.get("/panel/flat_rate")
    assert "还没有运费" in panel.get("/zh-cn/panel/flat_rate")


def test_a_rate_is_added_changed_and_removed(panel: AtPanel, site: Site) -> None:
    panel.get("/panel/flat_rate/new")
    panel.post("/panel/flat_rate/new", **FORM)
    page = panel.get("/panel/flat_rate")
    assert "Standard" in page
    assert "free from €50.00" in page
    (rate,) = services.rates_of(site)
    assert 'value="4.90"' in panel.get(f"/panel/flat_rate/{rate.id}")
    panel.post(f"/panel/flat_rate/{rate.id}", **{**FORM, "price_EUR": "5.90"})
    assert "€5.90" in panel.get("/panel/flat_rate")
    panel.post(f"/panel/flat_rate/{rate.id}/remove")
    assert services.rates_of(site) == []
    assert f'action="/panel/flat_rate/{rate.id}/restore"' in panel.get("/panel/flat_rate")
    panel.post(f"/panel/flat_rate/{rate.id}/restore")
    assert services.rates_of(site) == [rate]
    panel.post(f"/panel/flat_rate/{rate.id}/restore", 404)


def test_a_wrong_price_is_shown_beside_its_field(panel: AtPanel, site: Site) -> None:
    page = panel.post("/panel/flat_rate/new", 422, **{**FORM, "price_EUR": "cheap", "tracking": "track.example"})
    assert "Write an amount such as 12.50." in page
    assert 'id="tracking-error"' in page
    assert 'value="cheap"' in page
    assert services.rates_of(site) == []


def test_nobody_else_sees_it(panel: AtPanel) -> None:
    panel.post("/panel/logout")
    panel.get("/panel/flat_rate", 303)
    panel.post("/panel/flat_rate/new", 303, **FORM)


def test_an_unknown_rate_is_not_found(panel: AtPanel) -> None:
    panel.get("/panel/flat_rate/99", 404)
    panel.post("/panel/flat_rate/99", 404, **FORM)


def test_an_order_is_delivered_at_the_rate(panel: AtPanel, sell: Callable[..., Any], order: Callable[..., Any]) -> None:
    panel.post("/panel/flat_rate/new", **FORM)
    placed = order(sell("LAMP", 2000), carrier="flat_rate", service="rate-1")
    assert placed is not None
