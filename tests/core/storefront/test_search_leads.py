"""Searches that staff lead: to the goods of other words, to a category, to a page; and back."""

from __future__ import annotations

from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.testing.panel import AtPanel


@pytest.fixture
def goods(site: Site, sell: Any) -> None:
    del site
    sell("SOFA", 8900, name="Sofa")
    sell("LAMP", 4900, name="Lamp for a couch")


def lead(panel: AtPanel, expect: int = 303, **said: str) -> str:
    return panel.post("/panel/search-leads", expect, **said)


def test_other_words_are_searched_for_as_well(at_panel: AtPanel, site: Site, browse: Any, goods: None) -> None:
    lead(at_panel, words="couch, Settee", kind="also", also="sofa")
    both = browse(site, "/search?q=COUCH").text
    assert both.index("Lamp for a couch") < both.index(">Sofa<")
    assert "Shown too:" in both
    assert ">Sofa<" in browse(site, "/search?q=settée").text
    assert ">Sofa<" not in browse(site, "/search?q=couch+lamp").text  # for exactly these words
    assert "Sofa" in browse(site, "/search/complete?q=couch").text


def test_a_search_opens_a_category_or_a_page_in_the_readers_language(
    at_panel: AtPanel, site: Site, browse: Any, goods: None
) -> None:
    at_panel.post("/panel/categories/new", **{"name-en": "Seats", "name-zh-CN": "座椅", "visible": "1"})
    category = db.value("SELECT id FROM category")
    lead(at_panel, words="couch", kind="category", category=str(category))
    lead(at_panel, words="delivery", kind="page", path_=f"http://{site.host}/cart?from=search")
    assert browse(site, "/search?q=couch").headers["Location"].endswith("/c/seats")
    assert browse(site, "/zh-cn/search?q=delivery").headers["Location"].endswith("/zh-cn/cart?from=search")
    none = browse(site, "/search?q=blue+seat+9999").text  # What is named by a word comes first where nothing is found.
    assert none.index("Nothing found") < none.index('class="chip" href="/c/seats"') < none.index("Perhaps one of these")
    at_panel.post(f"/panel/categories/{category}/delete")
    assert "Lamp for a couch" in browse(site, "/search?q=couch").text  # nothing to open: it finds what it finds


def test_a_search_never_leads_in_a_circle_or_away(at_panel: AtPanel) -> None:
    for path in ("/search?q=couch", "//evil.example", "https://evil.example/", "/panel", "cart", "/a b", "/\\evil"):
        lead(at_panel, 422, words="couch", kind="page", path_=path)
    assert db.value("SELECT COUNT(*) FROM search_lead") == 0


def test_a_search_is_tried_with_how_it_is_cut_and_where_its_words_stand(at_panel: AtPanel, goods: None) -> None:
    page = at_panel.get("/panel/search-leads?try=COUCH+lamp&in=en")
    assert "by the shop’s own search." in page
    assert "<kbd>couch</kbd> Name" in page
    assert "Lamp for a couch" in page


@pytest.mark.slow
def test_a_search_is_tried_by_the_plugin_that_finds(at_panel: AtPanel, turn_on: Any, outbox: Any, goods: None) -> None:
    turn_on("search_sql")
    outbox.deliver()
    page = at_panel.get("/panel/search-leads?try=LAMPS+couch&in=en")
    assert "<kbd>lamps</kbd>" in page
    assert "by the plugin Search in the database." in page
    assert "<kbd>lamps</kbd> Name" in page
    assert "<kbd>台灯</kbd> <kbd>灯笼</kbd>" in at_panel.get("/panel/search-leads?try=台灯笼&in=zh-CN")


def test_a_form_without_sense_says_so(at_panel: AtPanel) -> None:
    assert "Fill this in." in lead(at_panel, 422, words=" , ", kind="also", also="sofa")
    assert "These are the same words." in lead(at_panel, 422, words="Sofa", kind="also", also="sofa")
    assert "Choose one." in lead(at_panel, 422, words="sofa", kind="category", category="99")


@pytest.mark.slow
def test_each_site_has_its_own(at_panel: AtPanel, site: Site, other_site: Site, browse: Any, goods: None) -> None:
    lead(at_panel, words="couch", kind="page", path_="/cart")
    assert browse(site, "/search?q=couch").status_code == 303
    assert browse(other_site, "/search?q=couch").status_code == 200
