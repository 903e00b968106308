"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.shop import PASSWORD
from plugins.flat_rate import services


class Panel:
    """A member of staff at the panel of the site, in either language."""

    def __init__(self, client: Any, site: Site) -> None:
        self.client, self.origin = client, f"https://{site.host}"

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, base_url=self.origin)
        assert answer.status_code == status, answer.text
        return str(answer.text)

    def post(self, path: str, status: int = 303, **form: Any) -> str:
        answer = self.client.post(path, data=form, base_url=self.origin, headers={"Origin": self.origin})
        assert answer.status_code == status, answer.text
        return str(answer.text)


@pytest.fixture
def panel(client: Any, site: Site, staff: Any, turn_on: Callable[..., None]) -> Panel:
    turn_on("flat_rate")
    panel = Panel(client, site)
    panel.post("/panel/login", email=staff.email, password=PASSWORD)
    return panel


FORM = {
    "title_en": "Standard",
    "title_zh-CN": "标准配送",
    "price_EUR": "4.90",
    "free_from_EUR": "50",
    "countries": "DE",
}


def test_an_empty_list_says_what_to_do(panel: Panel) -> None:
    assert "No delivery price yet" in panel.get("/panel/flat_rate")
    assert "还没有运费" in panel.get("/zh-cn/panel/flat_rate")


def test_a_rate_is_added_changed_and_removed(panel: Panel, site: Site) -> None:
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


def test_a_wrong_price_is_shown_beside_its_field(panel: Panel, site: Site) -> None:
    page = panel.post("/panel/flat_rate/new", 422, **{**FORM, "price_EUR": "cheap"})
    assert "Write an amount such as 12.50." in page
    assert 'value="cheap"' in page
    assert services.rates_of(site) == []


def test_nobody_else_sees_it(panel: Panel) -> None:
    panel.post("/panel/logout")
    panel.get("/panel/flat_rate", 303)
    panel.post("/panel/flat_rate/new", 303, **FORM)


def test_an_unknown_rate_is_not_found(panel: Panel) -> None:
    panel.get("/panel/flat_rate/99", 404)
    panel.post("/panel/flat_rate/99", 404, **FORM)


def test_an_order_is_delivered_at_the_rate(panel: Panel, sell: Callable[..., Any], order: Callable[..., Any]) -> None:
    panel.post("/panel/flat_rate/new", **FORM)
    placed = order(sell("LAMP", 2000), carrier="flat_rate", service="rate-1")
    assert placed is not None
