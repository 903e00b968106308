"""What is typed into the editor is kept by itself, for its writer alone, and comes back after a crash or a login."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_pages import _answered_by

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    return sell("LAMP", 8900, stock=3, name="Lamp")


def path(item: Item) -> str:
    return f"/panel/products/{item.product_id}"


def test_a_draft_is_shown_to_its_writer_alone_and_shoppers_see_nothing_of_it(
    panel: Panel, lamp: Item, colleague: Callable[..., Panel], browse: Any, site: Site
) -> None:
    typed = {"version": "1", "name-en": "Arc lamp", "summary-en": "Warm", "fact-name": "Material", "fact-words": "Oak"}
    said = words(panel.follow(panel.post(f"{path(lamp)}/drafts/words", typed)))
    assert "Your draft of" in said
    page = panel.get(path(lamp)).get_data(as_text=True)
    assert all(f'value="{word}"' in page for word in ("Arc lamp", "Material", "Oak"))
    theirs = colleague({"catalogue.view", "products.edit", "texts.edit"})
    assert "Arc lamp" not in theirs.get(path(lamp)).get_data(as_text=True)
    assert "Arc lamp" not in browse(site, "/p/lamp").get_data(as_text=True)


def test_saving_ends_the_draft_and_what_comes_late_does_not_bring_it_back(panel: Panel, lamp: Item) -> None:
    typed = {"version": "1", "name-en": "Arc lamp", "tax_class": "standard"}
    panel.post(f"{path(lamp)}/drafts/words", typed)
    assert panel.post(path(lamp), typed).status_code == 303
    assert "Your draft of" not in words(panel.get(path(lamp)))
    late = panel.post(f"{path(lamp)}/drafts/words", typed, asked="fetch")
    assert late.status_code == 409
    assert "in another window" in late.get_json()["said"]
    assert "Your draft of" not in words(panel.get(path(lamp)))
    now = panel.post(f"{path(lamp)}/drafts/words", {**typed, "version": "2", "name-en": "Bow lamp"}, asked="fetch")
    assert now.status_code == 200
    assert "Bow lamp" in panel.get(path(lamp)).get_data(as_text=True)


def test_a_draft_that_was_overtaken_says_by_what_and_is_not_saved_over_it_unseen(panel: Panel, lamp: Item) -> None:
    typed = {"version": "1", "name-en": "Bow lamp", "tax_class": "standard"}
    panel.post(f"{path(lamp)}/drafts/own", {"version": "1"})
    panel.post(path(lamp), {"version": "1", "name-en": "Arc lamp", "tax_class": "standard"})
    with db.transaction():
        db.execute("DELETE FROM edit_draft")  # The other one was somebody else's save.
    panel.post(f"{path(lamp)}/drafts/words", typed)
    shown = panel.get(path(lamp))
    assert "Lamp → Arc lamp" in words(shown)
    assert 'value="Bow lamp"' in shown.get_data(as_text=True)
    refused = panel.post(path(lamp), typed)
    assert refused.status_code == 409
    assert "Lamp → Arc lamp" in words(refused)
    assert 'value="Bow lamp"' in refused.get_data(as_text=True)
    assert panel.post(path(lamp), {**typed, "version": "2"}).status_code == 303


def test_a_discarded_draft_can_be_brought_back(panel: Panel, lamp: Item) -> None:
    panel.post(f"{path(lamp)}/drafts/words", {"version": "1", "name-en": "Arc lamp"})
    page = panel.follow(panel.post(f"{path(lamp)}/drafts/words/discard")).get_data(as_text=True)
    assert "Arc lamp" not in page
    assert f'action="{path(lamp)}/drafts/words/back"' in page
    assert "Arc lamp" in panel.follow(panel.post(f"{path(lamp)}/drafts/words/back")).get_data(as_text=True)


def test_a_new_product_has_a_draft_too(panel: Panel) -> None:
    typed = {"name-en": "Ridge mug", "sku": "RDG", "tax_class": "standard"}
    panel.post("/panel/products/new/draft", {**typed, "price": "dear"})
    assert 'value="dear"' in panel.get("/panel/products/new").get_data(as_text=True)
    panel.post("/panel/products/new", typed)
    assert "Ridge mug" not in panel.get("/panel/products/new").get_data(as_text=True)


def test_the_grid_of_variants_has_a_draft_too(panel: Panel, lamp: Item) -> None:
    grid = f"{path(lamp)}/variants"
    price = f"v{lamp.variant_id}-price_EUR"
    sku = f"v{lamp.variant_id}-sku"
    panel.post(f"{path(lamp)}/drafts/variants", {"version": "1", sku: "LAMP", price: "79.50"})
    page = panel.get(grid).get_data(as_text=True)
    assert 'value="79.50" ' in page
    assert 'data-stored="89.00"' in page
    assert db.value("SELECT amount FROM price") == 8900
    panel.post(f"{path(lamp)}/drafts/variants/discard")
    assert 'value="79.50"' not in panel.get(grid).get_data(as_text=True)


# -- a site's own words ------------------------------------------------------------------------------------------------


def own(item: Item) -> str:
    return f"{path(item)}/own"


def shown_to_shoppers(browse: Any, site: Site) -> str:
    return str(browse(site, "/p/lamp").get_data(as_text=True))


def test_a_site_says_some_words_of_its_own_and_follows_the_others(
    panel: Panel, lamp: Item, browse: Any, site: Site
) -> None:
    shared = {"name-en": "Lamp", "summary-en": "Warm light", "tax_class": "standard"}
    panel.post(path(lamp), shared)
    assert panel.post(own(lamp), {"name-en": "Our lamp"}).status_code == 303
    page = panel.get(own(lamp))
    assert "Own here." in words(page)
    assert 'placeholder="Warm light"' in page.get_data(as_text=True)
    assert "Test shop has its own" in words(panel.get(path(lamp)))
    panel.post(path(lamp), {**shared, "summary-en": "Warmer light", "name-en": "Desk lamp"})
    shop = shown_to_shoppers(browse, site)
    assert "Our lamp" in shop
    assert "Warmer light" in shop
    assert "Desk lamp" not in shop


def test_reset_lets_a_word_follow_all_sites_again(panel: Panel, lamp: Item, browse: Any, site: Site) -> None:
    panel.post(own(lamp), {"name-en": "Our lamp", "summary-en": "Ours"})
    panel.post(own(lamp), {"name-en": "Our lamp", "summary-en": "Ours", "reset": "name-en"})
    shop = shown_to_shoppers(browse, site)
    assert "Our lamp" not in shop
    assert "Ours" in shop
    panel.post(own(lamp), {"name-en": "", "summary-en": ""})
    assert db.value("SELECT COUNT(*) FROM product_text WHERE site_id IS NOT NULL") == 0


# -- in search engines -------------------------------------------------------------------------------------------------


def test_the_preview_says_what_the_page_says(panel: Panel, lamp: Item, browse: Any, site: Site) -> None:
    body = "<p>" + "Warm white, dimmable, with a long cord. " * 8 + "</p>"
    panel.post(path(lamp), {"name-en": "Lamp", "name-zh-CN": "台灯", "body-en": body, "tax_class": "standard"})
    page = words(panel.get(path(lamp)))
    assert "shop.test › p › lamp Lamp · Test shop Lamp. Warm white" in page
    assert "Title: 4 of about 60 letters" in page
    assert "shop.test › zh-cn › p › lamp 台灯 · Test shop" in page
    panel.post(path(lamp), {"name-en": "Lamp", "seo_title-en": "Lamps, warm", "tax_class": "standard"})
    assert "<title>Lamps, warm · Test shop</title>" in shown_to_shoppers(browse, site)
    assert "Lamps, warm · Test shop" in words(panel.get(path(lamp)))


def test_in_a_browser_words_are_kept_come_back_and_are_previewed(page: Page, panel: Panel, lamp: Item) -> None:
    _answered_by(panel, page)
    page.goto(f"http://shop.test{path(lamp)}")
    page.fill("[name=name-en]", "Arc lamp")
    page.get_by_text("Your draft is kept").wait_for()
    assert (
        page.locator("#words-en").locator("../..").locator("[data-out=title]").text_content() == "Arc lamp · Test shop"
    )
    page.goto(f"http://shop.test{path(lamp)}/variants", wait_until="networkidle")
    page.evaluate(
        """([sku, block]) => {
          const cell = document.querySelector(`[name$=-${sku}]`);
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", block);
          cell.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }""",
        ["price_EUR", "79.50\t99\t5\nnobody's\t1"],
    )
    assert page.input_value("[name$=-was_EUR]") == "99"
    assert page.input_value("[name=block]") == "nobody's\t1"
    page.goto(f"http://shop.test{path(lamp)}")  # As after a crash: a fresh page.
    assert page.input_value("[name=name-en]") == "Arc lamp"
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved.").wait_for()
    assert "Your draft of" not in words(panel.get(path(lamp)))
