"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.shop import PASSWORD
from plugins.tax_table import services


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
    turn_on("tax_table")
    panel = Panel(client, site)
    panel.post("/panel/login", email=staff.email, password=PASSWORD)
    return panel


LINE = {"tax_class-0": "standard", "country-0": "DE", "region-0": "", "name-0": "MwSt", "rate-0": "19"}


def test_the_table_is_edited_as_a_whole(panel: Panel, site: Site) -> None:
    assert "Prices of this site hold the tax." in panel.get("/panel/tax_table")
    panel.post("/panel/tax_table", **LINE)
    page = panel.get("/panel/tax_table")
    assert 'value="MwSt"' in page
    assert 'value="19"' in page
    panel.post("/panel/tax_table", **LINE, **{"remove-0": "1"})
    assert services.rates_of(site) == []


def test_a_wrong_rate_is_shown_beside_its_field(panel: Panel, site: Site) -> None:
    page = panel.post("/panel/tax_table", 422, **{**LINE, "rate-0": "much"})
    assert "Write a percentage such as 20 or 5.5." in page
    assert services.rates_of(site) == []


def test_it_speaks_chinese(panel: Panel) -> None:
    assert "本站价格含税" in panel.get("/zh-cn/panel/tax_table")


def test_nobody_else_sees_it(panel: Panel) -> None:
    panel.post("/panel/logout")
    panel.get("/panel/tax_table", 303)
