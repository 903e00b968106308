"""Two people at one form: whoever saves second is told what the first changed, and loses no word of their own."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.sites import state_of
from core.kernel.switch import stored_settings
from tests.core.panel.conftest import Panel, words

SITE = {
    "name": "Test shop",
    "language": "en",
    "languages": ["en", "zh-CN"],
    "currency": "EUR",
    "country": "DE",
    "timezone": "UTC",
    "theme": "plain",
    "open": "1",
}


def _version(panel: Panel, path: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', panel.get(path).get_data(as_text=True))
    assert found is not None, path
    return found[1]


def test_site_settings(panel: Panel, site: Site) -> None:
    form = {**SITE, "host": site.host}
    opened = _version(panel, "/panel/settings")
    assert panel.post("/panel/settings", {**form, "name": "First", "version": opened}).status_code == 303

    refused = panel.post("/panel/settings", {**form, "name": "Second", "version": opened})

    assert refused.status_code == 409
    assert "While you were writing" in words(refused)
    assert 'value="Second"' in refused.get_data(as_text=True)
    assert state_of(site.id).site.name == "First"
    again = re.search(r'name="version" value="(\d+)"', refused.get_data(as_text=True))
    assert again is not None
    assert panel.post("/panel/settings", {**form, "name": "Second", "version": again[1]}).status_code == 303
    assert state_of(site.id).site.name == "Second"


def test_a_theme_that_was_published_meanwhile_is_not_taken_off(panel: Panel, site: Site) -> None:
    opened = _version(panel, "/panel/settings")
    assert panel.post("/panel/theme/of/lantern/publish", {"seen": "0"}).status_code == 303
    refused = panel.post("/panel/settings", {**SITE, "host": site.host, "version": opened})
    assert refused.status_code == 409
    assert "published the look Lantern" in words(refused)
    assert state_of(site.id).site.theme == "lantern"


def test_settings_of_a_plugin(panel: Panel, site: Site) -> None:
    form = {"holder": "First", "account": "DE1", "days": "9", "title": "Bank transfer"}
    opened = _version(panel, "/panel/plugins/bank_transfer")
    panel.post("/panel/plugins/bank_transfer", {**form, "version": opened})
    panel.post("/panel/plugins/bank_transfer/switch", {"on": "1", "was": "off"})

    refused = panel.post("/panel/plugins/bank_transfer", {**form, "holder": "Second", "version": opened})

    assert refused.status_code == 409
    assert "First" in words(refused)
    assert 'value="Second"' in refused.get_data(as_text=True)
    assert stored_settings(site.id, "bank_transfer")["holder"] == "First"


def test_a_switch_is_no_change_of_the_settings(panel: Panel) -> None:
    opened = _version(panel, "/panel/plugins/bank_transfer")
    panel.post("/panel/plugins/bank_transfer/switch", {"on": "1", "was": "off"})
    form = {"holder": "First", "account": "DE1", "days": "9", "title": "Bank transfer"}
    assert panel.post("/panel/plugins/bank_transfer", {**form, "version": opened}).status_code == 303


def test_role_and_person(panel: Panel) -> None:
    owner = db.value("SELECT id FROM staff")
    for path, form in {
        "/panel/installation/roles/2": {"name": "Order desk", "permissions": ["orders.view"]},
        f"/panel/installation/staff/{owner}": {
            "email": "owner@example.com",
            "name": "Ann",
            "owner": "1",
            "active": "1",
        },
    }.items():
        opened = _version(panel, path)
        assert panel.post(path, {**form, "version": opened}).status_code == 303
        refused = panel.post(path, {**form, "name": "Typed by the second", "version": opened})
        assert refused.status_code == 409, path
        assert 'value="Typed by the second"' in refused.get_data(as_text=True)


def test_category_and_prices(panel: Panel, sell: Any) -> None:
    lamp = sell("LAMP", 8900)
    panel.post("/panel/categories/new", {"name-en": "Lighting"})
    category = db.value("SELECT id FROM category")
    cells = {f"v{lamp.variant_id}-sku": "LAMP", f"v{lamp.variant_id}-active": "1"}
    price = f"v{lamp.variant_id}-price-EUR"
    page = panel.get(f"/panel/products/{lamp.product_id}/variants").get_data(as_text=True)
    price = next(name for name in re.findall(r'name="(v\d+-[^"]+)" value="89.00"', page))
    for path, field, form in (
        (f"/panel/categories/{category}", "name-en", {}),
        (f"/panel/products/{lamp.product_id}/variants", price, cells),
    ):
        opened = _version(panel, path)
        assert panel.post(path, {**form, field: "90.00", "version": opened}).status_code == 303
        refused = panel.post(path, {**form, field: "95.00", "version": opened})
        assert refused.status_code == 409, path
        assert 'value="95.00"' in refused.get_data(as_text=True)
    assert db.value("SELECT amount FROM price") == 9000
    assert db.value("SELECT name FROM category_text") == "90.00"


@pytest.mark.parametrize("version", ["", "soon", "9" * 30])
def test_a_version_that_is_no_number_of_ours_is_none(panel: Panel, site: Site, version: str) -> None:
    form = {**SITE, "host": site.host, "name": "Renamed", "version": version}
    assert panel.post("/panel/settings", form).status_code == 303
