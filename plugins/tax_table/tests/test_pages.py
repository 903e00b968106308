"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from plugins.tax_table import services


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("tax_table")
    return at_panel


LINE = {"tax_class-0": "standard", "country-0": "DE", "region-0": "", "name-0": "MwSt", "rate-0": "19"}


def test_the_table_is_edited_as_a_whole(panel: AtPanel, site: Site) -> None:
    assert "Prices of this site hold the tax." in panel.get("/panel/tax_table")
    panel.post("/panel/tax_table", **LINE)
    page = panel.get("/panel/tax_table")
    assert 'value="MwSt"' in page
    assert 'value="19"' in page
    panel.post("/panel/tax_table", **LINE, **{"remove-0": "1"})
    assert services.rates_of(site) == []


def test_a_wrong_rate_is_shown_beside_its_field(panel: AtPanel, site: Site) -> None:
    page = panel.post("/panel/tax_table", 422, **{**LINE, "rate-0": "much"})
    assert "Write a percentage such as 20 or 5.5." in page
    assert services.rates_of(site) == []


def test_it_speaks_chinese(panel: AtPanel) -> None:
    assert "本站价格含税" in panel.get("/zh-cn/panel/tax_table")


def test_nobody_else_sees_it(panel: AtPanel) -> None:
    panel.post("/panel/logout")
    panel.get("/panel/tax_table", 303)
