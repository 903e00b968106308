"""The panel's pages of this plugin, and the reference, as people use them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from core.testing.shop import PASSWORD
from plugins.api.services import keys

# About pages; their statements are asked in other tests too.
pytestmark = pytest.mark.once


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("api")
    return at_panel


FORM = {"title": "Till", "scopes": ["catalogue:read", "orders:read"]}


def test_an_empty_list_says_what_to_do(panel: AtPanel) -> None:
    assert "No key yet" in panel.get("/panel/api")
    assert "还没有密钥" in panel.get("/zh-cn/panel/api")


def test_a_key_is_made_shown_once_and_works(panel: AtPanel, site: Site) -> None:
    panel.get("/panel/api/new")
    page = panel.post("/panel/api/new", 200, **FORM)
    secret = re.search(r"stoa_[\w-]{40,}", page)
    assert secret
    assert "Read products, categories and prices" in page
    listed = panel.get("/panel/api")
    assert secret[0] not in listed
    assert f"stoa_…{secret[0][-4:]}" in listed
    found = keys.find_key(site, secret[0])
    assert found
    assert found.scopes == {"catalogue:read", "orders:read"}


def test_a_key_ends_with_its_last_day(panel: AtPanel, site: Site, clock: Any) -> None:
    assert "This day is over." in panel.post("/panel/api/new", 422, **{**FORM, "expires": "2020-01-01"})
    assert "Write a day" in panel.post("/panel/api/new", 422, **{**FORM, "expires": "soon"})
    last = clock.move().date()
    secret = re.search(r"stoa_[\w-]{40,}", panel.post("/panel/api/new", 200, **{**FORM, "expires": last.isoformat()}))
    assert secret
    assert keys.find_key(site, secret[0])
    clock.move(days=1)
    assert keys.find_key(site, secret[0]) is None


def test_refusals_stand_beside_their_fields(panel: AtPanel) -> None:
    page = panel.post("/panel/api/new", 422)
    assert "Fill this in." in page
    assert "Choose at least one." in page


def test_a_key_is_revoked(panel: AtPanel, site: Site) -> None:
    panel.post("/panel/api/new", 200, **FORM)
    (row,) = keys.keys_of(site)
    panel.post(f"/panel/api/{row.id}/revoke")
    assert "Revoked" in panel.get("/panel/api")
    panel.post("/panel/api/99/revoke", 404)


def test_keys_of_another_site_are_not_there(panel: AtPanel, site: Site, other_site: Site) -> None:
    from core.api import NotFound

    panel.post("/panel/api/new", 200, **FORM)
    (row,) = keys.keys_of(site)
    assert keys.keys_of(other_site) == []
    with pytest.raises(NotFound):
        keys.revoke_key(other_site, row.id, actor="system")


def test_strangers_are_sent_to_log_in(panel: AtPanel, site: Site) -> None:
    def knock(status: int) -> None:
        panel.get("/panel/api", status)
        panel.get("/panel/api/new", status)
        panel.post("/panel/api/new", status, **FORM)
        panel.post("/panel/api/1/revoke", status)

    panel.post("/panel/logout")
    knock(303)


# -- the reference -----------------------------------------------------------------------------------------------------


def test_the_reference_is_closed_to_strangers_and_open_to_staff(panel: AtPanel, turn_on: Callable[..., None]) -> None:
    assert "create_order" in panel.get("/api/docs")
    assert json.loads(panel.get("/api/v1/openapi.json"))["openapi"] == "3.1.0"
    panel.post("/panel/logout")
    for closed in ("/api/docs", "/api/docs/shapes", "/api/v1/openapi.json"):
        panel.get(closed, 404)
    turn_on("api", docs_open=True, per_minute=600)
    panel.get("/api/docs")
    assert json.loads(panel.get("/api/v1/openapi.json"))["servers"][0]["url"].endswith("/api/v1")


def test_the_reference_is_closed_to_shoppers(panel: AtPanel, shopper: Any) -> None:
    panel.post("/panel/logout")
    panel.post("/login", email=shopper.email, password=PASSWORD)
    panel.get("/api/docs", 404)


def test_what_an_operation_takes_and_answers_is_one_step_away(panel: AtPanel) -> None:
    named = set(re.findall(r'href="/api/docs/shapes#(shape-\w+)"', panel.get("/api/docs")))
    shapes = panel.get("/api/docs/shapes")
    assert len(named) > 40
    assert named <= set(re.findall(r'<h2 id="(shape-\w+)"', shapes))
    assert 'href="/api/docs"' in shapes
    assert "逐字段" in panel.get("/zh-cn/api/docs/shapes")


def test_the_reference_is_read_without_a_script(panel: AtPanel) -> None:
    page = panel.get("/api/docs")
    for said in ("POST", "/cart/order", "Idempotency-Key", "seen_total", "orders:write", "409"):
        assert said in page
    assert "如何请求" in panel.get("/zh-cn/api/docs")
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)
