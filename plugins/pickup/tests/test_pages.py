"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.shop import PASSWORD
from plugins.pickup import services


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
    turn_on("pickup")
    panel = Panel(client, site)
    panel.post("/panel/login", email=staff.email, password=PASSWORD)
    return panel


FORM = {"name": "Canal Street", "address": "12 Canal Street", "hours_en": "Mon-Sat 9-18", "days_to": "1"}


def test_an_empty_list_says_what_to_do(panel: Panel) -> None:
    assert "No pickup point yet" in panel.get("/panel/pickup")
    assert "还没有自提点" in panel.get("/zh-cn/panel/pickup")


def test_a_point_is_added_changed_and_removed(panel: Panel, site: Site) -> None:
    panel.get("/panel/pickup/new")
    panel.post("/panel/pickup/new", **FORM)
    assert "12 Canal Street" in panel.get("/panel/pickup")
    (point,) = services.points_of(site)
    assert "Mon-Sat 9-18" in panel.get(f"/panel/pickup/{point.id}")
    panel.post(f"/panel/pickup/{point.id}", **{**FORM, "name": "Quay"})
    assert "Quay" in panel.get("/panel/pickup")
    panel.post(f"/panel/pickup/{point.id}/remove")
    assert services.points_of(site) == []


def test_a_missing_address_is_shown_beside_its_field(panel: Panel, site: Site) -> None:
    assert "Fill this in." in panel.post("/panel/pickup/new", 422, **{**FORM, "address": ""})
    assert services.points_of(site) == []


def test_nobody_else_sees_it(panel: Panel) -> None:
    panel.post("/panel/logout")
    panel.get("/panel/pickup", 303)


def test_an_unknown_point_is_not_found(panel: Panel) -> None:
    panel.get("/panel/pickup/99", 404)
