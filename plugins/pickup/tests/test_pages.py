"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from plugins.pickup import services


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("pickup")
    return at_panel


FORM = {"name": "Canal Street", "address": "12 Canal Street", "hours_en": "Mon-Sat 9-18", "days_to": "1"}


def test_an_empty_list_says_what_to_do(panel: AtPanel) -> None:
    assert "No pickup point yet" in panel.get("/panel/pickup")
    assert "还没有自提点" in panel.get("/zh-cn/panel/pickup")


def test_a_point_is_added_changed_and_removed(panel: AtPanel, site: Site) -> None:
    panel.get("/panel/pickup/new")
    panel.post("/panel/pickup/new", **FORM)
    assert "12 Canal Street" in panel.get("/panel/pickup")
    (point,) = services.points_of(site)
    assert "Mon-Sat 9-18" in panel.get(f"/panel/pickup/{point.id}")
    panel.post(f"/panel/pickup/{point.id}", **{**FORM, "name": "Quay"})
    assert "Quay" in panel.get("/panel/pickup")
    panel.post(f"/panel/pickup/{point.id}/remove")
    assert services.points_of(site) == []
    assert f'action="/panel/pickup/{point.id}/restore"' in panel.get("/panel/pickup")
    panel.post(f"/panel/pickup/{point.id}/restore")
    assert services.points_of(site) == [point]


def test_a_missing_address_is_shown_beside_its_field(panel: AtPanel, site: Site) -> None:
    assert "Fill this in." in panel.post("/panel/pickup/new", 422, **{**FORM, "address": ""})
    assert services.points_of(site) == []


def test_nobody_else_sees_it(panel: AtPanel) -> None:
    panel.post("/panel/logout")
    panel.get("/panel/pickup", 303)


def test_an_unknown_point_is_not_found(panel: AtPanel) -> None:
    panel.get("/panel/pickup/99", 404)
