from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

import pytest

from core.catalogue.services.categories import ensure_category
from core.hookspecs.site import Site
from core.kernel import switch
from core.kernel.installation import installation
from tests.core.panel.conftest import Panel, words

# About pages; their statements are asked in other tests too.
pytestmark = pytest.mark.once


def test_a_switch_takes_effect_with_the_next_page(panel: Panel) -> None:
    assert panel.get("/panel/flat_rate").status_code == 404
    said = words(panel.follow(panel.post("/panel/plugins/flat_rate/switch", {"on": "1", "was": "off"})))
    assert "Flat rate delivery is on." in said
    assert "Delivery prices" in words(panel.get("/panel/flat_rate"))
    panel.post("/panel/plugins/flat_rate/switch", {"was": "on"})
    assert panel.get("/panel/flat_rate").status_code == 404
    assert "/panel/flat_rate" not in panel.get("/panel/").get_data(as_text=True)


def test_the_switchboard_says_what_a_plugin_adds(panel: Panel) -> None:
    said = words(panel.get("/panel/plugins"))
    assert "Bank transfer" in said
    assert "payment_gateways" in said


def test_a_plugin_that_cannot_be_loaded_is_shown_with_details_for_its_author(panel: Panel) -> None:
    folder = installation().config.plugins_path / "crooked"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text("from core.api import Plugin\nPLUGIN = Plugin(\n", "utf-8")
    installation().plugins.discover()
    said = words(panel.get("/panel/plugins?show=care"))
    assert "could not be loaded" in said
    assert "SyntaxError" in said
    refused = panel.follow(panel.post("/panel/plugins/crooked/switch", {"on": "1", "was": "off"}))
    assert "cannot run here" in words(refused)


def test_a_paused_plugin_says_why_and_can_be_resumed(panel: Panel, site: Site) -> None:
    switch.switch_on(site.id, "coupons", "system")
    switch.pause(site.id, "coupons", "promote_offers: it took too long")
    said = words(panel.get("/panel/plugins"))
    assert "it took too long" in said
    assert "1 plugin is paused" in words(panel.get("/panel/"))
    assert "works again" in words(panel.follow(panel.post("/panel/plugins/coupons/resume")))


def test_a_plugin_that_is_on_and_waits_for_a_setting_needs_care(panel: Panel, site: Site) -> None:
    care = "/panel/plugins?show=care"
    assert "Bank transfer" not in words(panel.get(care))
    switch.switch_on(site.id, "bank_transfer", "system")
    said = words(panel.get(care))
    assert "It waits for settings: Account holder, IBAN or account number." in said
    assert "It waits for settings" in words(panel.get("/panel/plugins/bank_transfer"))
    panel.post("/panel/plugins/bank_transfer", {"holder": "House", "account": "DE1", "days": "9", "title": "Transfer"})
    assert "Bank transfer" not in words(panel.get(care))
    assert "It waits for settings" not in words(panel.get("/panel/plugins/bank_transfer"))


def test_settings_keep_what_was_typed_when_they_are_refused(panel: Panel) -> None:
    answer = panel.post("/panel/plugins/bank_transfer", {"holder": "Halden House", "days": "soon"})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert 'role="alert"' in page
    assert 'value="Halden House"' in page


def test_a_secret_is_stored_and_never_shown(panel: Panel) -> None:
    form = {"host": "mail.example", "port": "587", "security": "starttls", "user": "shop", "password": "planted-secret"}
    panel.post("/panel/plugins/mail", {**form, "sender": "shop@example.com"})
    page = panel.get("/panel/plugins/mail").get_data(as_text=True)
    assert "planted-secret" not in page
    assert "Set, and stored encrypted" in page
    assert "planted-secret" not in panel.get("/panel/activity").get_data(as_text=True)


def test_a_site_inherits_what_it_does_not_set_itself(panel: Panel, site: Site) -> None:
    form = {"holder": "House", "account": "DE1", "days": "9", "title": "Bank transfer"}
    assert panel.post("/panel/installation/plugins/bank_transfer", form).status_code == 303
    panel.post("/panel/plugins/bank_transfer", {**form, "holder": "This site"})
    assert switch.stored_settings(site.id, "bank_transfer")["holder"] == "This site"
    assert "days" not in switch.stored_settings(site.id, "bank_transfer")
    assert "Only on this site." in words(panel.get("/panel/plugins/bank_transfer"))
    panel.post("/panel/plugins/bank_transfer", {**form, "holder": "This site", "inherit": "holder"})
    assert "holder" not in switch.stored_settings(site.id, "bank_transfer")


def test_whoever_may_only_see_orders_finds_no_switchboard(colleague: Callable[..., Panel]) -> None:
    theirs = colleague({"orders.view"})
    assert theirs.get("/panel/plugins").status_code == 403
    assert "/panel/plugins" not in theirs.get("/panel/orders").get_data(as_text=True)


def test_a_category_is_picked_by_its_name(panel: Panel, site: Site) -> None:
    lighting = ensure_category(["Lighting"], "en", "system")
    lamps = ensure_category(["Lighting", "Lamps"], "en", "system")
    folder = installation().config.plugins_path / "shelf"
    folder.mkdir(parents=True)
    source = """
    from core.api import Plugin, Settings, setting
    class Shelf(Settings):
        what: int = setting(0, kind="category", label="Shelf")
    PLUGIN = Plugin(name="shelf", version="1", title="Shelf", settings=Shelf)
    """
    (folder / "plugin.py").write_text(textwrap.dedent(source), "utf-8")
    switch.switch_on(site.id, "shelf", "system")
    page = panel.get("/panel/plugins/shelf").get_data(as_text=True)
    assert re.findall(r"<option[^>]*>([^<]*)", page.partition('id="what"')[2])[:3] == [
        "None", "Lighting", "\u00a0\u00a0\u00a0Lamps",
    ]  # fmt: skip

    assert panel.post("/panel/plugins/shelf", {"what": str(lamps)}).status_code == 303
    assert switch.stored_settings(site.id, "shelf") == {"what": lamps}
    assert lighting != lamps
