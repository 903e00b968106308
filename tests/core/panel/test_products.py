from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from core.catalogue.services import set_listing, set_prices
from core.catalogue.services.drafts import PriceDraft
from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.kernel.site_verbs import add_site
from core.lib import clock as shop_clock
from core.lib.money import Money
from core.panel.products import forms
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_two_at_once import SITE


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    return sell("LAMP", 8900, stock=3, name="Lamp")


def picture() -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 130)).save(data, "PNG")
    data.seek(0)
    return data


def cells(panel: Panel, path: str) -> dict[str, str]:
    """The grid of a page as a browser would send it."""
    page = panel.get(path).get_data(as_text=True)
    boxes = dict.fromkeys(re.findall(r'type="checkbox" name="(v\d+-active)"[^>]* checked', page), "1")
    return {**dict(re.findall(r'name="((?:was-)?[vs]\d+-[^"]+)" value="([^"]*)"', page)), **boxes}


def test_a_product_is_made_in_one_form_and_stays_hidden(panel: Panel) -> None:
    form = {"name-en": "Ridge mug", "name-zh-CN": "马克杯", "sku": "RDG", "price": "28,00", "tax_class": "standard"}
    said = words(panel.follow(panel.post("/panel/products/new", form)))
    assert "It is hidden until you switch it on." in said
    added = db.value("SELECT MAX(id) FROM product")
    assert "28.00" in panel.get(f"/panel/products/{added}/variants").get_data(as_text=True)
    assert "Hidden" in words(panel.get("/panel/products"))


def test_a_first_product_is_on_sale_with_its_picture_by_one_form(panel: Panel, site: Site, client: Any) -> None:
    form = {"name-en": "Ridge mug", "sku": "RDG", "price": "28", "stock": "3", "visible": "1", "tax_class": "standard"}
    refused = panel.post("/panel/products/new", {**form, "stock": "many", "files": (picture(), "mug.png")})
    assert refused.status_code == 422
    assert "Choose the pictures once more" in words(refused)
    assert db.value("SELECT COUNT(*) FROM media") == 0
    said = words(panel.follow(panel.post("/panel/products/new", {**form, "files": (picture(), "mug.png")})))
    assert "shoppers can see it" in said
    page = client.get("/p/ridge-mug", base_url=f"https://{site.host}").text
    assert 'alt="Ridge mug"' in page
    assert "28.00" in page
    assert db.value("SELECT on_hand FROM stock_level") == 3


def test_what_was_typed_stays_when_a_form_is_refused(panel: Panel) -> None:
    answer = panel.post("/panel/products/new", {"name-en": "", "summary-en": "Thrown in Porto", "price": "dear"})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "Thrown in Porto" in page
    assert 'value="dear"' in page
    assert 'href="#price"' in page


def test_a_name_that_was_given_does_not_go_and_the_form_says_so(panel: Panel, lamp: Item) -> None:
    form = {"name-en": " ", "summary-en": "Warm light", "tax_class": "standard"}
    answer = panel.post(f"/panel/products/{lamp.product_id}", form)
    assert answer.status_code == 422
    assert "Give the product a name." in words(answer)
    page = answer.get_data(as_text=True)
    assert 'href="#name-en"' in page
    assert re.search(r'id="name-en"[^>]* aria-invalid="true"', page)
    assert "Warm light" in page
    # A language that has no words yet needs none.
    form = {"name-en": "Arc lamp", "name-zh-CN": "", "tax_class": "standard"}
    assert panel.post(f"/panel/products/{lamp.product_id}", form).status_code == 303


CHINESE = {
    "name-zh-CN": "弧灯", "summary-zh-CN": "暖光", "body-zh-CN": "<p>很暖</p>", "seo_title-zh-CN": "弧形台灯",
    "seo_description-zh-CN": "一盏灯", "slug-zh-CN": "弧灯",
}  # fmt: skip
EMPTY = {name: "" for name in CHINESE if not name.startswith("slug")}
SHARED = "SELECT name, summary, body_html, seo_title, seo_description FROM product_text WHERE language = 'zh-CN'"


def test_a_language_whose_words_are_all_emptied_goes_and_comes_back_with_undo(
    panel: Panel, client: Any, lamp: Item, site: Site
) -> None:
    path, english = f"/panel/products/{lamp.product_id}", {"name-en": "Lamp", "tax_class": "standard"}
    panel.post(path, {**english, **CHINESE})
    page = f"/zh-cn/p/{quote('弧灯')}"
    assert "弧灯" in client.get(page, base_url=f"https://{site.host}").text
    stored = db.rows(SHARED)
    answer = panel.post(path, {**english, **CHINESE, **EMPTY})
    assert answer.status_code == 303
    shown = panel.follow(answer)
    assert "Saved. There are no words in 中文 any more." in words(shown)
    assert db.rows(SHARED) == []
    # The address stays, and leads to the words of the site's first language.
    fallen = client.get(page, base_url=f"https://{site.host}")
    assert fallen.status_code == 200
    assert "<h1>Lamp</h1>" in re.sub(r"<h1[^>]*>", "<h1>", fallen.text)
    assert "falls back to English" in words(shown)
    undo = re.search(r'<form method="post" action="([^"]+/history/\d+\?version=\d+)"', shown.get_data(as_text=True))
    assert undo
    assert "The product is as it was then." in words(panel.follow(panel.post(undo[1])))
    assert db.rows(SHARED) == stored
    # What was done since is not undone by a note that stayed open.
    panel.post(path, {**english, **CHINESE, "name-en": "Arc lamp"})
    assert panel.post(undo[1]).status_code == 409
    assert db.value("SELECT name FROM product_text WHERE language = 'en'") == "Arc lamp"


def test_a_name_alone_does_not_go_and_the_form_says_how_the_language_does(panel: Panel, lamp: Item) -> None:
    path, english = f"/panel/products/{lamp.product_id}", {"name-en": "Lamp", "tax_class": "standard"}
    panel.post(path, {**english, **CHINESE})
    answer = panel.post(path, {**english, **CHINESE, "name-zh-CN": " "})
    assert answer.status_code == 422
    assert "Give the product a name, or empty all words of this language to remove it." in words(answer)
    # A form that does not speak of a language leaves its name alone.
    assert panel.post(path, english).status_code == 303
    assert db.value("SELECT name FROM product_text WHERE language = 'zh-CN'") == "弧灯"


def test_the_first_language_of_a_site_that_sells_it_stays(
    panel: Panel, lamp: Item, site: Site, other_site: Site
) -> None:
    path, english = f"/panel/products/{lamp.product_id}", {"name-en": "Lamp", "tax_class": "standard"}
    panel.post(path, {**english, **CHINESE})
    refused = panel.post(path, {"name-en": "", "tax_class": "standard", **CHINESE})
    assert f"Give the product a name. This is the first language of {site.name}." in words(refused)
    set_listing(other_site, lamp.product_id, visible=False, actor="system")
    refused = panel.post(path, {**english, **CHINESE, **EMPTY})
    assert refused.status_code == 422
    assert f"Give the product a name. This is the first language of {other_site.name}." in words(refused)


def test_words_of_a_site_alone_outlive_those_of_all_sites(panel: Panel, lamp: Item) -> None:
    path, english = f"/panel/products/{lamp.product_id}", {"name-en": "Lamp", "tax_class": "standard"}
    panel.post(path, {**english, **CHINESE})
    panel.post(f"{path}/own", {"summary-zh-CN": "这里的话"})
    own = "SELECT name, summary, body_html FROM product_text WHERE site_id IS NOT NULL"
    assert db.rows(own) == [("弧灯", "这里的话", "<p>很暖</p>")]
    shown = panel.follow(panel.post(path, {**english, **CHINESE, **EMPTY})).get_data(as_text=True)
    assert db.rows(own) == [("Lamp", "这里的话", "")]
    undo = re.search(r'action="([^"]+/history/\d+\?version=\d+)"', shown)
    assert undo
    panel.post(undo[1])
    assert db.rows(own) == [("弧灯", "这里的话", "<p>很暖</p>")]


def test_scripts_are_taken_out_of_descriptions(panel: Panel, lamp: Item) -> None:
    form = {"name-en": "Lamp", "body-en": "<p>Warm</p><script>alert(1)</script>", "tax_class": "standard"}
    panel.post(f"/panel/products/{lamp.product_id}", form)
    stored = db.value("SELECT body_html FROM product_text WHERE product_id = ? AND language = 'en'", lamp.product_id)
    assert stored == "<p>Warm</p>"


def test_facts_are_said_in_words_and_keep_their_codes(panel: Panel, lamp: Item) -> None:
    path = f"/panel/products/{lamp.product_id}"
    form = {"name-en": "Lamp", "tax_class": "standard"}
    panel.post(path, {**form, "fact-name": "Material", "fact-words": "Oak; Brass"})
    assert 'value="Oak; Brass"' in panel.get(path).get_data(as_text=True)
    attribute = db.value("SELECT id FROM attribute WHERE code = 'material'")
    panel.post(path, {**form, f"fact-{attribute}": "Brass"})
    assert db.rows("SELECT value FROM product_attribute") == [("brass",)]


def test_words_alone_put_nothing_on_sale(panel: Panel, lamp: Item) -> None:
    with db.transaction():
        db.execute("DELETE FROM listing")
    panel.post(f"/panel/products/{lamp.product_id}", {"name-en": "Lamp", "slug-en": "lamp", "tax_class": "standard"})
    assert not db.value("SELECT visible FROM listing WHERE product_id = ?", lamp.product_id)


def test_two_editors_do_not_overwrite_each_other(panel: Panel, lamp: Item) -> None:
    path = f"/panel/products/{lamp.product_id}"
    first = panel.post(path, {"version": "1", "name-en": "Arc lamp", "tax_class": "standard"})
    second = panel.post(path, {"version": "1", "name-en": "Bow lamp", "tax_class": "standard"})
    assert first.status_code == 303
    assert second.status_code == 409
    assert 'value="Bow lamp"' in second.get_data(as_text=True)


def test_prices_are_edited_in_the_grid_and_a_bad_cell_is_named(panel: Panel, lamp: Item) -> None:
    path = f"/panel/products/{lamp.product_id}/variants"
    grid = cells(panel, path)
    price = f"v{lamp.variant_id}-price_EUR"
    assert grid[price] == "89.00"
    bad = panel.post(path, {**grid, price: "many"})
    assert bad.status_code == 422
    assert f'href="#{price}"' in bad.get_data(as_text=True)
    panel.post(path, {**grid, price: "79,50"})
    assert cells(panel, path)[price] == "79.50"
    panel.post(path, {**grid, price: ""})
    assert db.value("SELECT COUNT(*) FROM price") == 0


def test_options_become_variants(panel: Panel, lamp: Item) -> None:
    path = f"/panel/products/{lamp.product_id}"
    panel.post(f"{path}/options", {"option": ["Colour"], "values": ["Red\nBlue\nGreen"]})
    said = words(panel.get(f"{path}/variants"))
    assert all(name in said for name in ("Red", "Blue", "Green"))
    assert db.value("SELECT COUNT(*) FROM variant WHERE product_id = ?", lamp.product_id) == 3


def test_a_changed_count_needs_a_reason_and_leaves_a_move(panel: Panel, lamp: Item) -> None:
    path = f"/panel/products/{lamp.product_id}/stock"
    grid = cells(panel, path)
    count = next(name for name in grid if name.startswith(f"s{lamp.variant_id}-"))
    assert panel.post(path, {**grid, count: "7"}).status_code == 422
    said = words(panel.follow(panel.post(path, {**grid, count: "7", "reason": "Counted on Friday"})))
    assert "Counted on Friday" in said
    assert db.value("SELECT on_hand FROM stock_level WHERE variant_id = ?", lamp.variant_id) == 7


def test_stock_is_corrected_from_the_list(panel: Panel, lamp: Item) -> None:
    said = words(panel.follow(panel.post(f"/panel/stock/{lamp.variant_id}", {"delta": "−1", "reason": "Broken"})))
    assert "2 pieces are there now." in said
    assert "Broken" in said
    assert "Lamp" in words(panel.get("/panel/stock?show=low"))


def test_a_picture_is_checked_by_what_it_is(panel: Panel, lamp: Item) -> None:
    path = f"/panel/products/{lamp.product_id}/pictures"
    fake = {"files": (io.BytesIO(b"<svg onload=alert(1)>"), "mug.png")}
    assert panel.post(path, fake, content_type="multipart/form-data").status_code == 422
    real: dict[str, Any] = {"files": (picture(), "mug.png"), "alt-en": "A mug"}
    assert panel.post(path, real, content_type="multipart/form-data").status_code == 303
    assert 'alt="A mug"' in panel.get(path).get_data(as_text=True)
    assert "Lamp" in words(panel.get("/panel/media/1"))


def test_archiving_can_be_undone(panel: Panel, lamp: Item) -> None:
    page = panel.follow(panel.post(f"/panel/products/{lamp.product_id}/delete")).get_data(as_text=True)
    undo = re.search(r'<form method="post" action="([^"]+/restore)"', page)
    assert undo is not None
    assert "Lamp" not in words(panel.get("/panel/products"))
    panel.post(undo[1])
    assert "Lamp" in words(panel.get("/panel/products"))


def test_a_product_is_listed_per_site(panel: Panel, lamp: Item, other_site: Site) -> None:
    path = f"/panel/products/{lamp.product_id}/sites"
    panel.post(path, {f"visible-{other_site.id}": "1", f"position-{other_site.id}": "5"})
    assert "Hidden" in words(panel.get("/panel/products"))
    visible = dict(db.rows("SELECT site_id, visible FROM listing WHERE product_id = ?", lamp.product_id))
    assert visible[other_site.id]
    wrong = panel.post(path, {f"position-{other_site.id}": "first"})
    assert wrong.status_code == 422
    # Chinese has a prefix here and is the language of the other site, which has none for it.
    own = f"{other_site.origin}/panel/products/{lamp.product_id}/own"
    assert f'href="{own}"' in panel.get(f"/zh-cn{path}").text


def test_words_of_a_sites_own_staff_stay_on_that_site(colleague: Callable[..., Panel], lamp: Item, site: Site) -> None:
    theirs = colleague({"catalogue.view", "texts.edit"})
    assert theirs.post(f"/panel/products/{lamp.product_id}", {"name-en": "Our lamp"}).status_code == 303
    names = dict(
        db.rows("SELECT site_id, name FROM product_text WHERE product_id = ? AND language = 'en'", lamp.product_id)
    )
    assert names == {None: "Lamp", site.id: "Our lamp"}


def test_a_category_cannot_stand_below_itself(panel: Panel) -> None:
    panel.post("/panel/categories/new", {"name-en": "Light", "visible": "1"})
    panel.post("/panel/categories/new", {"name-en": "Lamps", "parent": "1", "visible": "1"})
    refused = panel.post("/panel/categories/1", {"name-en": "Light", "parent": "2", "visible": "1"})
    assert refused.status_code == 409
    assert "Lamps" in words(panel.get("/panel/categories"))


def test_the_list_costs_the_same_for_one_product_and_for_many(panel: Panel, sell: Callable[..., Item]) -> None:
    sell("ONE", 100)
    panel.get("/panel/products")
    with db.counted() as few:
        panel.get("/panel/products")
    for number in range(6):
        sell(f"MORE{number}", 100)
    panel.get("/panel/products")  # Reads anew what a process keeps while nothing changes.
    with db.counted() as many:
        panel.get("/panel/products")
    assert len(many) == len(few)


def test_a_product_appears_and_goes_by_itself_at_the_sites_own_time(
    panel: Panel, lamp: Item, site: Site, browse: Any, clock: Any
) -> None:
    panel.post("/panel/settings", {**SITE, "host": site.host, "timezone": "Asia/Shanghai"})
    path = f"/panel/products/{lamp.product_id}/sites"
    now = shop_clock.now()
    begin, end = (
        (now + timedelta(hours=hours)).astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")
        for hours in (2, 4)
    )
    form = {f"visible-{site.id}": "1", f"position-{site.id}": "0"}
    assert panel.post(path, {**form, f"publish_at-{site.id}": begin, f"withdraw_at-{site.id}": end}).status_code == 303
    assert f'value="{begin}"' in panel.get(path).get_data(as_text=True)
    assert "Lamp" in words(panel.get("/panel/products?show=scheduled"))
    for hours, is_sold in ((1, False), (2, True), (2, False)):
        clock.move(hours=hours)
        jobs.run_due()
        assert (browse(site, "/p/lamp").status_code == 200) is is_sold
        assert ("/p/lamp" in browse(site, "/").get_data(as_text=True)) is is_sold


@pytest.mark.parametrize("typed", ["2026-03-29T02:30", "9999-12-31T23:59", "soon"])
def test_an_hour_that_clocks_leap_over_is_no_time(typed: str) -> None:
    assert forms.instant(typed, "Europe/Berlin" if typed < "9" else "America/New_York") is None
    assert forms.instant("2026-03-29T03:30", "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_site_takes_over_the_prices_of_another_in_its_currency(
    panel: Panel, lamp: Item, site: Site, colleague: Callable[..., Panel]
) -> None:
    trade = add_site(host="trade.test", name="Trade", currency="EUR")
    path = f"/panel/products/{lamp.product_id}/sites"
    set_prices(trade, lamp.variant_id, (PriceDraft(amount=Money(5000, "EUR")),), "system")
    assert "Own prices here." in words(panel.get(path))
    take = f"{path}/{trade.id}/prices"
    assert colleague({"catalogue.view", "prices.edit"}).post(take, {"model": str(site.id)}).status_code == 403
    assert "Trade has the prices of Test shop now." in words(panel.follow(panel.post(take, {"model": str(site.id)})))
    assert db.rows("SELECT site_id, amount FROM price ORDER BY site_id") == [(site.id, 8900), (trade.id, 8900)]
    assert "As on Test shop." in words(panel.get(path))


def test_of_two_sites_neither_is_saved_where_the_times_of_one_do_not_fit(
    panel: Panel, lamp: Item, site: Site, other_site: Site
) -> None:
    form = {f"visible-{site.id}": "1", f"position-{site.id}": "7", f"position-{other_site.id}": "0"}
    form |= {f"publish_at-{other_site.id}": "2026-12-10T10:00", f"withdraw_at-{other_site.id}": "2026-12-01T10:00"}
    refused = panel.post(f"/panel/products/{lamp.product_id}/sites", form)
    assert refused.status_code == 422
    assert f"{other_site.name}: The end comes before the beginning." in words(refused)
    assert f'href="#withdraw_at-{other_site.id}"' in refused.text
    assert db.value("SELECT position FROM listing WHERE site_id = ?", site.id) == 0


@pytest.mark.parametrize("typed", ["--5", "9" * 30, "first"])
def test_a_position_that_is_none_is_told_with_the_name_of_its_field(panel: Panel, lamp: Item, typed: str) -> None:
    panel.post("/panel/categories/new", {"name-en": "Light", "visible": "1"})
    refused = panel.post("/panel/categories/1", {"name-en": "", "position": typed})
    assert refused.status_code == 422
    assert "Name: Fill this in." in words(refused)
    assert "Position: Write a whole number." in words(refused)
    listed = panel.post(f"/panel/products/{lamp.product_id}/sites", {"visible-1": "1", "position-1": typed})
    assert listed.status_code == 422


def test_saving_places_as_they_are_is_no_change(panel: Panel, lamp: Item, site: Site) -> None:
    before = db.value("SELECT version FROM product")
    panel.post(f"/panel/products/{lamp.product_id}/sites", {f"visible-{site.id}": "1", f"position-{site.id}": "0"})
    assert db.value("SELECT version FROM product") == before
