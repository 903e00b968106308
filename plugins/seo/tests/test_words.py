"""Titles and descriptions: by templates, by a page's own words, and what search engines are told beside them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site, switch_off
from core.testing.panel import AtPanel
from plugins.seo.forms.filling import filled, width
from plugins.seo.services.heads import is_gtin

Head = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{name} | {brand} | {site}", {"name": "Lamp", "brand": "Acme", "site": "Shop"}, "Lamp | Acme | Shop"),
        ("{name} | {brand} | {site}", {"name": "Lamp", "site": "Shop"}, "Lamp | Shop"),
        ("{brand} – {name}", {"name": "Lamp"}, "Lamp"),
        ("{name}[ by {brand}] | {site}", {"name": "Lamp", "site": "Shop"}, "Lamp | Shop"),
        ("{name}[ by {brand}] | {site}", {"name": "Lamp", "brand": "A", "site": "Shop"}, "Lamp by A | Shop"),
        ("{name}: {price}", {"name": "Lamp"}, "Lamp"),
        ("T-shirt, {name} - {brand}", {"name": "A-1", "brand": "B"}, "T-shirt, A-1 - B"),
    ],
)
def test_a_variable_that_says_nothing_goes_with_its_separator(template, values, text):
    assert filled(template, values) == text


def test_a_chinese_character_takes_the_room_of_two_letters():
    assert width("Lamp 台灯") == 9


def test_templates_make_titles_in_both_languages(panel: AtPanel, head: Head, make: Any, lighting: int) -> None:
    make("LAMP", name="Arc lamp", zh="弧形灯", vendor="Acme", summary="Soft light.", categories=(lighting,))
    panel.post(
        "/panel/seo/words",
        **{
            "product-title-en": "{name} by {brand} | {site}",
            "product-description-en": "{summary} Now {price} in {category}.",
            "product-title-zh-CN": "{name}｜{site}",
            "category-title-en": "Buy {name}",
            "home-description-en": "All of {site}",
        },
    )

    english = head("/p/arc-lamp")
    assert english["title"] == "Arc lamp by Acme | Test shop"
    assert english["description"] == "Soft light. Now €89.00 in Lighting."
    assert head("/zh-cn/p/弧形灯")["title"] == "弧形灯｜Test shop"
    assert head("/c/lighting")["title"] == "Buy Lighting"
    assert head("/zh-cn/c/灯具")["title"] == "灯具 · Test shop"
    assert head("/")["description"] == "All of Test shop"


def test_what_is_written_at_a_product_comes_before_the_template(panel: AtPanel, head: Head, make: Any) -> None:
    product = make("LAMP", name="Lamp", seo_title="The lamp")
    panel.post("/panel/seo/words", **{"product-title-en": "{name} | {site}"})
    assert head("/p/lamp")["title"] == "The lamp · Test shop"

    panel.post(f"/panel/seo/products/{product}", **{"seo-title-en": "{name}, by us", "seo-description-en": "Ours."})
    assert (head("/p/lamp")["title"], head("/p/lamp")["description"]) == ("Lamp, by us", "Ours.")

    panel.post(f"/panel/seo/products/{product}", **{"seo-title-en": ""})
    assert head("/p/lamp")["title"] == "The lamp · Test shop"


def test_a_variable_that_is_not_there_is_refused_with_a_guess(panel: AtPanel) -> None:
    wrong = {"product-title-en": "{nmae}", "category-title-en": "{price}"}
    page = html.unescape(panel.post("/panel/seo/words", 422, **wrong))
    assert "There is no {nmae} here. Did you mean {name}?" in page
    assert "There is no {price} here. There are: {name} {site} {parent} {text}." in page
    assert 'value="{nmae}"' in page


def test_the_form_shows_an_example_with_its_length(panel: AtPanel, make: Any) -> None:
    make("LAMP", name="Arc lamp")
    panel.post(
        "/panel/seo/words",
        **{"product-title-en": "{name} with a very long tail that nobody needs to read at all, {site}"},
    )
    page = panel.get("/panel/seo/words")
    assert "Arc lamp with a very long tail" in page
    assert "Title: 74 of about 60." in page
    assert "What is longer is cut off." in page
    assert "标题和描述" in panel.get("/zh-cn/panel/seo/words")


def test_a_page_kept_out_says_so_and_leaves_the_sitemap(
    panel: AtPanel, head: Head, make: Any, browse: Any, site: Site, lighting: int
) -> None:
    product = make("LAMP", name="Lamp", categories=(lighting,))
    assert head("/p/lamp")["robots"] == []
    panel.post(f"/panel/seo/products/{product}", noindex="1")
    panel.post(f"/panel/seo/categories/{lighting}", noindex="1")
    for path in ("/p/lamp", "/zh-cn/p/lamp", "/c/lighting"):
        assert head(path)["robots"] == ["noindex, follow"]
    files = re.findall(r"<loc>[^<]*?(/sitemap/[^<]+)</loc>", browse(site, "/sitemap.xml").text)
    listed = "".join(browse(site, path).text for path in files)
    assert "/p/lamp" not in listed
    assert "/c/lighting" not in listed
    assert "checked" in panel.get(f"/panel/products/{product}").partition('name="noindex"')[2][:60]


def test_a_page_is_shown_as_it_stands_among_results(panel: AtPanel, make: Any, lighting: int) -> None:
    product = make("LAMP", name="Arc lamp", zh="弧形灯", summary="Soft light.")
    assert f'href="/panel/seo/products/{product}"' in panel.get(f"/panel/products/{product}")
    panel.post(f"/panel/seo/products/{product}", **{"seo-title-zh-CN": "{name}｜{site}"})
    page = panel.get(f"/panel/seo/products/{product}")
    for text in ("Arc lamp · Test shop", "弧形灯｜Test shop", "Soft light.", "Title: 20 of about 60."):
        assert text in page
    assert "Lighting · Test shop" in panel.get(f"/panel/seo/categories/{lighting}")
    panel.get("/panel/seo/products/999", 404)


def test_the_card_comes_back_with_what_was_typed(panel: AtPanel, make: Any) -> None:
    product = make("LAMP", name="Lamp")
    page = panel.post(f"/panel/seo/products/{product}", 422, **{"seo-title-zh-CN": "{品牌}"})
    assert "There is no {品牌} here." in html.unescape(page)
    panel.post("/panel/seo/products/999", 404, noindex="1")


def test_facts_of_the_shop_are_told_once(panel: AtPanel, head: Head, make: Any) -> None:
    make("LAMP", name="Lamp", barcode="4006381333931")
    panel.post(
        "/panel/seo/shop",
        legal_name="Test GmbH",
        logo="/media/logo.png/800",
        links="https://social.example/test\n\nhttps://video.example/test",
        street="Lange Str. 1",
        country="de",
    )
    shop = head("/")["things"]["Organization"]
    assert shop["name"] == "Test shop"
    assert shop["legalName"] == "Test GmbH"
    assert shop["logo"].endswith("://shop.test:8000/media/logo.png/800")
    assert shop["sameAs"] == ["https://social.example/test", "https://video.example/test"]
    assert shop["address"] == {"@type": "PostalAddress", "streetAddress": "Lange Str. 1", "addressCountry": "DE"}
    product = head("/p/lamp")["things"]["Product"]
    assert product["gtin"] == "4006381333931"
    assert product["offers"]["price"] == "89.00"
    assert product["offers"]["hasMerchantReturnPolicy"]["merchantReturnDays"] == 14
    assert head("/")["things"]["WebSite"]["potentialAction"]["@type"] == "SearchAction"


def test_wrong_facts_are_refused(panel: AtPanel) -> None:
    page = panel.post("/panel/seo/shop", 422, country="Germany", links="twitter", logo="logo")
    for text in ("Two letters, such as DE.", "beginning with https://", "A path such as"):
        assert text in page


def test_a_barcode_is_a_gtin_if_its_last_digit_says_so():
    assert is_gtin("4006381333931")
    assert is_gtin("96385074")
    assert not is_gtin("4006381333932")
    assert not is_gtin("400638133393")
    assert not is_gtin("４００６３８１３３３９３１")


def test_pages_cost_no_statement_more(
    panel: AtPanel, make: Any, browse: Any, site: Site, count_statements: Any
) -> None:
    product = make("LAMP", name="Lamp")
    panel.post(f"/panel/seo/products/{product}", **{"seo-title-en": "Mine"})

    def cost(path: str) -> int:
        for look in range(3):
            with count_statements() as statements:
                assert browse(site, f"{path}?look={look}").status_code == 200
        return len(statements)

    with_plugin = [cost(path) for path in ("/", "/p/lamp")]
    switch_off(site.id, "seo", "system")
    assert with_plugin == [cost(path) for path in ("/", "/p/lamp")]
