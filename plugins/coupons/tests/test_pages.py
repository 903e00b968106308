"""The panel's pages of this plugin, as its staff use them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from plugins.coupons import services

# About pages; their statements are asked in other tests too.
pytestmark = pytest.mark.once


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("coupons")
    return at_panel


FORM = {
    "title": "Winter sale",
    "kind": "percent",
    "percent": "10",
    "code": "winter10",
    "minimum_EUR": "20",
    "ends": "2099-12-31",
}


def test_an_empty_list_says_what_to_do(panel: AtPanel) -> None:
    assert "No coupon yet" in panel.get("/panel/coupons")
    assert "还没有优惠券" in panel.get("/zh-cn/panel/coupons")


def test_a_coupon_is_added_and_changed(panel: AtPanel, site: Site) -> None:
    panel.get("/panel/coupons/new")
    panel.post("/panel/coupons/new", **FORM)
    assert "WINTER10" in panel.get("/panel/coupons")
    (row,) = services.listed(site)
    page = panel.get(f"/panel/coupons/{row.coupon.id}")
    assert "10 %" in page
    assert "2099-12-31" in page
    assert "Nobody has ordered with it yet." in page
    edit = panel.get(f"/panel/coupons/{row.coupon.id}/edit")
    assert 'value="20.00"' in edit
    panel.post(f"/panel/coupons/{row.coupon.id}/edit", **{**FORM, "percent": "15"})
    assert "15 %" in panel.get("/panel/coupons")


def test_a_coupon_is_switched_off_and_on(panel: AtPanel, site: Site) -> None:
    panel.post("/panel/coupons/new", **FORM)
    (row,) = services.listed(site)
    panel.post(f"/panel/coupons/{row.coupon.id}/switch")
    assert "Switched off" in panel.get("/panel/coupons")
    panel.post(f"/panel/coupons/{row.coupon.id}/switch", on="1")
    assert services.listed(site)[0].coupon.active


def test_one_use_codes_are_made_and_downloaded(panel: AtPanel, site: Site) -> None:
    panel.post("/panel/coupons/new", **{**FORM, "code": ""})
    (row,) = services.listed(site)
    panel.post(f"/panel/coupons/{row.coupon.id}/codes", 422, count="0")
    panel.post(f"/panel/coupons/{row.coupon.id}/codes", count="25", prefix="vip-")
    lines = panel.get(f"/panel/coupons/{row.coupon.id}/codes.csv").split()
    assert len(lines) == 26
    assert all(line.startswith("VIP-") for line in lines[1:])


def test_refusals_stand_beside_their_fields(panel: AtPanel) -> None:
    assert "Write a percentage from 0.01 to 100." in panel.post("/panel/coupons/new", 422, **{**FORM, "percent": "0"})
    panel.post("/panel/coupons/new", **FORM)
    assert "Another coupon has this code." in panel.post("/panel/coupons/new", 422, **FORM)


def test_nobody_else_sees_it(panel: AtPanel) -> None:
    panel.post("/panel/logout")
    panel.get("/panel/coupons", 303)
    panel.post("/panel/coupons/new", 303, **FORM)


def test_an_unknown_coupon_is_not_found(panel: AtPanel) -> None:
    for path in ("", "/edit", "/codes.csv"):
        panel.get(f"/panel/coupons/99{path}", 404)
    panel.post("/panel/coupons/99/switch", 404)
