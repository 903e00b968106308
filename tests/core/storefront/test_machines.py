"""What crawlers read: robots.txt, the sitemap, and on each page its address of record, languages and picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from core.catalogue.services.categories import CategoryDraft, CategoryText, create_category
from core.hookspecs.site import Site, Url
from core.lib import clock
from core.storefront.services import sitemap
from core.storefront.views import machines

from .conftest import Visitor

NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def places(text: str) -> list[str]:
    """The addresses that a file, or the index, lists."""
    return [str(place.text) for place in ET.fromstring(text).iterfind(".//s:loc", NAMES)]


def languages_of(text: str, address: str) -> dict[str, str]:
    """The other languages that a file names for an address."""
    for entry in ET.fromstring(text).iterfind("s:url", NAMES):
        if entry.findtext("s:loc", "", NAMES) == address:
            return {link.get("hreflang", ""): link.get("href", "") for link in entry.iterfind("x:link", NAMES)}
    raise AssertionError(address)


@pytest.fixture
def read(visitor: Visitor, site: Site) -> Callable[[], dict[str, str]]:
    """`read()`: every file that the index names, by its path."""

    def files() -> dict[str, str]:
        index = visitor.get("/sitemap.xml")
        assert index.status_code == 200
        paths = [place.removeprefix(site.origin) for place in places(index.text)]
        return {path: visitor.get(path).text for path in paths}

    return files


def test_robots_names_the_sitemap_and_closes_what_is_private(visitor: Visitor, site: Site) -> None:
    answer = visitor.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    lines = answer.text.splitlines()
    assert f"Sitemap: {site.origin}/sitemap.xml" in lines
    for path in ("/panel", "/account", "/order/", "/pay/", "/zh-cn/account"):
        assert f"Disallow: {path}" in lines
    assert "Disallow: /" not in lines


def test_pages_that_say_themselves_that_they_are_not_listed_can_be_read(visitor: Visitor) -> None:
    closed = [line.removeprefix("Disallow: ") for line in visitor.get("/robots.txt").text.splitlines() if ":" in line]
    for path in ("/", "/search", "/cart", "/checkout", "/login", "/c/lighting", "/p/dome-lamp", "/sitemap.xml"):
        assert not any(path.startswith(rule) for rule in closed if rule.startswith("/")), path


def test_sitemap_lists_start_page_categories_and_products_in_both_languages(
    read: Callable[[], dict[str, str]], site: Site, lamp: int
) -> None:
    listed = [place for text in read().values() for place in places(text)]
    assert len(listed) == len(set(listed))
    for path in ("/", "/zh-cn/", "/c/lighting", "/p/dome-lamp"):
        assert site.origin + path in listed
    assert sum("/zh-cn/p/" in place for place in listed) == 1
    assert not any("/cart" in place or "/search" in place or "/account" in place for place in listed)


def test_every_listed_page_is_there_and_is_its_own_address_of_record(
    read: Callable[[], dict[str, str]], visitor: Visitor, site: Site, lamp: int
) -> None:
    for text in read().values():
        for place in places(text):
            answer = visitor.get(place.removeprefix(site.origin), follow=False)
            assert answer.status_code == 200, place
            assert f'<link rel="canonical" href="{place}">' in answer.text


def test_each_language_names_the_others_and_the_first_stands_for_the_rest(
    read: Callable[[], dict[str, str]], visitor: Visitor, site: Site, lamp: int
) -> None:
    address = f"{site.origin}/p/dome-lamp"
    named = next(languages_of(text, address) for path, text in read().items() if "/products-" in path)
    assert set(named) == {"en", "zh-CN", "x-default"}
    assert named["en"] == named["x-default"] == address
    page = visitor.get("/p/dome-lamp").text
    assert dict(re.findall(r'rel="alternate" hreflang="([^"]*)" href="([^"]*)"', page)) == named


def test_hidden_product_leaves_the_sitemap_at_once(
    read: Callable[[], dict[str, str]], sell: Callable[..., Any], site: Site
) -> None:
    from core.catalogue.services.drafts import ListingDraft, PriceDraft, ProductDraft, TextDraft, VariantDraft
    from core.catalogue.services.products import save_product
    from core.lib.money import Money

    sell("CUP", 900, name="Cup")
    assert any("/p/cup" in text for text in read().values())
    draft = ProductDraft(
        texts={"en": TextDraft(name="Cup")},
        variants=(VariantDraft(sku="CUP", prices=(PriceDraft(amount=Money(900, "EUR")),)),),
        listing=ListingDraft(visible=False),
    )
    save_product(site, draft, "system")
    assert not any("/p/cup" in text for text in read().values())


def test_no_file_holds_more_addresses_than_it_may(
    read: Callable[[], dict[str, str]], sell: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap, "MOST", 4)
    for number in range(7):
        sell(f"CUP-{number}", 900, name=f"Cup {number}")
    files = {path: places(text) for path, text in read().items() if "/products-" in path}
    assert len(files) > 2
    assert all(len(listed) <= 4 for listed in files.values())
    assert sum(len(listed) for listed in files.values()) == 7 * 2


def test_pages_of_plugins_are_listed_with_their_languages(
    read: Callable[[], dict[str, str]], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = datetime(2026, 3, 2, 12, tzinfo=UTC)
    url = Url(path="/guides/wool", changed=changed, alternates={"en": "/guides/wool", "zh-CN": "/zh-cn/guides/wool"})
    asked: list[object] = []

    def site_urls(site: Site, since: object) -> list[Url]:
        asked.append(since)
        return [url]

    shop = SimpleNamespace(site=site, hooks=SimpleNamespace(site_urls=site_urls))
    monkeypatch.setattr(machines, "current", lambda: shop)
    text = next(text for path, text in read().items() if "/more-" in path)
    assert places(text) == [f"{site.origin}/guides/wool"]
    assert "<lastmod>2026-03-02T12:00:00+00:00</lastmod>" in text
    assert languages_of(text, f"{site.origin}/guides/wool")["zh-CN"] == f"{site.origin}/zh-cn/guides/wool"
    assert asked
    assert set(asked) == {None}


def test_file_that_the_index_does_not_name_is_not_there(visitor: Visitor, lamp: int) -> None:
    for path in ("products-99", "products-0", "categories-2", "more-1", "nonsense-1"):
        assert visitor.get(f"/sitemap/{path}.xml").status_code == 404, path


def test_sitemap_is_kept_for_an_hour_and_ends_when_a_category_comes(
    read: Callable[[], dict[str, str]], visitor: Visitor, lamp: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    plain = sitemap.category_pages
    monkeypatch.setattr(sitemap, "category_pages", lambda site: made.append(site) or plain(site))
    with clock.freeze(datetime(2026, 3, 2, 12, tzinfo=UTC)) as frozen:
        read()
        read()
        assert len(made) == 1
        create_category(CategoryDraft(texts={"en": CategoryText(name="Wool")}), "system")
        assert "/c/wool" in visitor.get("/sitemap/categories-1.xml").text
        frozen.move(hours=2)
        read()
        assert len(made) == 3


# -- what each page says of itself -------------------------------------------------------------------------------------


def test_pages_to_be_found_say_who_they_are(visitor: Visitor, lamp: int) -> None:
    for path in ("/", "/c/lighting", "/p/dome-lamp", "/zh-cn/", "/zh-cn/c/lighting"):
        page = visitor.get(path).text
        assert page.count('rel="canonical"') == 1, path
        assert page.count('name="description"') == 1, path
        assert re.search(r'<meta name="description" content="[^"]{20,}">', page), path
        for name in ("og:title", "og:type", "og:url", "og:site_name", "og:description"):
            assert page.count(f'property="{name}"') == 1, (path, name)
        assert "noindex" not in page, path


def test_pages_that_are_nobodys_to_find_say_so(visitor: Visitor, lamp: int) -> None:
    visitor.post("/cart/add", {"product": "dome-lamp", "o.colour": "green", "o.size": "l"})
    for path in ("/search?q=dome", "/search?q=zzzz", "/cart", "/checkout", "/track", "/login", "/register", "/nothing"):
        page = visitor.get(path).text
        assert re.search(r'<meta name="googlebot" content="noindex|<meta name="robots" content="noindex', page), path


def test_facts_name_each_thing_once(visitor: Visitor, lamp: int) -> None:
    def kinds(path: str) -> list[str]:
        blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', visitor.get(path).text, re.DOTALL)
        return sorted(thing["@type"] for block in blocks for thing in json.loads(block)["@graph"])

    assert kinds("/") == ["Organization", "WebSite"]
    assert kinds("/p/dome-lamp") == ["BreadcrumbList", "Product"]
    assert kinds("/c/lighting") == ["BreadcrumbList", "ItemList"]


def test_a_chosen_scheme_stands_in_the_page_itself_kept_or_not(visitor: Visitor, lamp: int) -> None:
    """No script runs before the first paint, and nobody gets a page in another visitor's scheme."""

    def tag(path: str = "/p/dome-lamp") -> str:
        return str(re.search(r"<html[^>]*>", visitor.get(path).text)[0])  # type: ignore[index]

    for _ in range(2):
        visitor.client.set_cookie("scheme", "dark", domain="shop.test")
        assert 'data-scheme="dark"' in tag()
        visitor.client.set_cookie("scheme", '"><script>', domain="shop.test")
        assert "data-scheme" not in tag()
        visitor.client.delete_cookie("scheme", domain="shop.test")
        assert "data-scheme" not in tag()
    assert not re.search(r"<script(?![^>]*type=)[^>]*src", visitor.get("/").text), "no script holds up the page"
