from __future__ import annotations

import re
from collections.abc import Callable

from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.kernel.sites import state_of
from core.testing.shop import Told
from tests.core.panel.conftest import Panel, words

SITE = {
    "name": "Halden Trade",
    "host": "trade.test",
    "language": "en",
    "languages": ["en", "de"],
    "currency": "EUR",
    "currencies": [],
    "country": "DE",
    "timezone": "Europe/Berlin",
    "theme": "plain",
    "open": "1",
}


def test_a_site_is_added_and_answers_at_once(panel: Panel) -> None:
    said = words(panel.follow(panel.post("/panel/installation/sites/new", SITE)))
    assert "Halden Trade is added." in said
    added = db.value("SELECT id FROM site WHERE host = 'trade.test'")
    assert state_of(added).site.languages == ("en", "de")


def test_a_language_needs_its_pack_and_the_settings_say_so(
    panel: Panel, site: Site, turn_on: Callable[..., None]
) -> None:
    form = {**SITE, "host": site.host, "language": "de", "languages": "de"}
    answer = panel.post("/panel/settings", form)
    assert answer.status_code == 422
    assert "No language pack for this language is on here." in words(answer)
    turn_on("german")
    assert "German" in words(panel.get("/panel/settings"))
    assert panel.post("/panel/settings", form).status_code == 303
    page = panel.get("/panel/settings")
    assert 'lang="en"' in page.get_data(as_text=True), "the panel is not translated by packs for shoppers"
    assert "is on here" not in words(page)
    silence = "No language pack for Deutsch is on here. Until one is, shoppers read English."
    assert silence in words(panel.follow(panel.post("/panel/plugins/german/switch")))
    assert silence in words(panel.get("/panel/settings"))
    # It stays chosen, and can be saved as it stands.
    assert panel.post("/panel/settings", {**form, "name": "Laden"}).status_code == 303
    assert state_of(site.id).silent == ("de",)


def test_a_site_with_a_taken_host_or_an_unknown_time_zone_is_refused(panel: Panel, site: Site) -> None:
    answer = panel.post("/panel/installation/sites/new", {**SITE, "host": site.host, "timezone": "Mars"})
    assert answer.status_code == 422
    assert 'href="#host"' in answer.get_data(as_text=True)
    assert 'value="Mars"' in answer.get_data(as_text=True)


def test_a_site_is_edited_with_before_and_after_in_the_log(panel: Panel, site: Site) -> None:
    form = {**SITE, "name": "Renamed shop", "host": site.host, "languages": ["en", "zh-CN"]}
    assert panel.post("/panel/settings", form).status_code == 303
    page = panel.get("/panel/activity").get_data(as_text=True)
    assert "<del>Test shop</del>" in page
    assert "<ins>Renamed shop</ins>" in page
    assert "further host names" not in page, "nobody changed those"


def test_somebody_new_gets_a_password_that_is_shown_once(panel: Panel, anonymous: Panel, site: Site) -> None:
    form = {"email": "sam@example.com", "name": "Sam", f"role-{site.id}": "2"}
    page = panel.post("/panel/installation/staff/new", form).get_data(as_text=True)
    secret = re.search(r'class="mono">([^<]+)<', page)
    assert secret is not None
    assert secret[1] not in panel.get("/panel/installation/staff").get_data(as_text=True)
    assert anonymous.login("sam@example.com", secret[1]).status_code == 303


def test_a_role_gives_what_is_ticked(panel: Panel) -> None:
    panel.post("/panel/installation/roles/new", {"name": "Packers", "permissions": ["orders.view", "orders.ship"]})
    assert "Packers" in words(panel.get("/panel/installation/staff"))
    assert panel.post("/panel/installation/roles/new", {"name": ""}).status_code == 422


def test_the_last_owner_cannot_be_switched_off(panel: Panel) -> None:
    owner = db.value("SELECT id FROM staff WHERE is_owner = ?", True)
    answer = panel.post(f"/panel/installation/staff/{owner}", {"email": "owner@example.com", "owner": "1"})
    assert answer.status_code == 422
    assert "only owner" in words(answer)


def test_what_gave_up_is_shown_with_its_reason_and_tried_again(panel: Panel, outbox: Told) -> None:
    with db.transaction():
        jobs.enqueue("nobody.knows", {})
    outbox.deliver()
    said = words(panel.get("/panel/installation/jobs"))
    assert "Nobody knows the job nobody.knows." in said
    job = db.value("SELECT id FROM job WHERE state = 'dead'")
    assert "tried again" in words(panel.follow(panel.post(f"/panel/installation/jobs/{job}/retry")))
    assert db.value("SELECT state FROM job WHERE id = ?", job) == "ready"


def test_what_gave_up_can_be_let_go(panel: Panel, outbox: Told) -> None:
    with db.transaction():
        jobs.enqueue("nobody.knows", {})
    outbox.deliver()
    panel.post(f"/panel/installation/jobs/{db.value('SELECT id FROM job WHERE state = ?', 'dead')}/drop")
    assert "Nothing gave up" in words(panel.get("/panel/installation/jobs"))


def test_staff_of_one_site_see_the_log_of_that_site_alone(
    colleague: Callable[..., Panel], panel: Panel, other_site: Site
) -> None:
    panel.post(
        f"/panel/installation/sites/{other_site.id}",
        {**SITE, "name": "Elsewhere", "host": other_site.host, "languages": []},
    )
    theirs = colleague({"activity.view"})
    assert "Elsewhere" not in words(theirs.get("/panel/activity"))
    assert "Elsewhere" not in words(theirs.get(f"/panel/activity?site={other_site.id}"))
    assert "Elsewhere" in words(panel.get("/panel/activity"))


def test_the_search_finds_orders_products_and_pages(panel: Panel, sell: Callable[..., object]) -> None:
    sell("LAMP", 8900, name="Arc lamp")
    assert "Arc lamp" in words(panel.get("/panel/find?q=arc"))
    assert "Staff and roles" in words(panel.get("/panel/find?q=roles"))
    assert "Nothing by that name" in words(panel.get("/panel/find?q=zebra"))


def test_the_panel_speaks_chinese(panel: Panel) -> None:
    said = words(panel.get("/zh-cn/panel/plugins"))
    assert "插件" in said
    assert "Find a plugin" not in said


def test_an_error_page_of_the_panel_offers_a_way_out(panel: Panel) -> None:
    answer = panel.get("/panel/orders/none")
    assert answer.status_code == 404
    assert "This is not here" in words(answer)
    assert 'aria-label="Panel"' in answer.get_data(as_text=True)


def test_languages_and_currencies_are_chosen_by_name(panel: Panel, site: Site) -> None:
    form = {**SITE, "host": site.host, "languages": ["zh-CN"], "currencies": ["JPY", "USD"]}
    assert panel.post("/panel/settings", form).status_code == 303
    stands = state_of(site.id).site
    assert (stands.languages, stands.currencies) == (("en", "zh-CN"), ("EUR", "JPY", "USD"))
    page = panel.get("/panel/settings").get_data(as_text=True)
    boxes = re.findall(r'name="currencies" value="(\w+)"( checked)?', page)
    assert boxes[:3] == [("JPY", " checked"), ("USD", " checked"), ("AED", "")], "what is chosen stands first"
    assert "USD · US Dollar" in words(panel.get("/panel/settings"))
    assert '<option value="Europe/Lisbon">' in page


def test_a_currency_that_nobody_uses_is_refused_and_what_was_chosen_is_kept(panel: Panel, site: Site) -> None:
    answer = panel.post("/panel/settings", {**SITE, "host": site.host, "currencies": ["USD", "ZZZ"]})
    assert answer.status_code == 422
    assert 'name="currencies" value="USD" checked' in answer.get_data(as_text=True)
