"""Start page, categories, products and search, as somebody without an account and without scripts sees them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.catalogue.services.drafts import (
    ListingDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    ValueDraft,
    VariantDraft,
)
from core.catalogue.services.products import save_product
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.sites import SiteRow, raise_epoch
from core.lib.money import Money

from .conftest import Visitor, text_of


def test_start_page_shows_categories_and_new_goods(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/").text
    assert "Lighting" in page
    assert "Dome lamp" in page
    assert page.count("<h1") == 1


def test_start_page_says_what_the_shop_is_finds_goods_and_nothing_on_it_moves(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/").text
    main = page[page.index("<main") :]
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", main, re.DOTALL)
    assert heading is not None
    assert text_of(heading[1]).strip(), "the value of the shop is its heading"
    assert "<search" in page
    assert main.index("/c/lighting") > heading.start(), "the top categories stand below it"
    # What would play by itself needs one of these; no behaviour of a theme is called so either.
    for moving in ("<video", "<marquee", "autoplay", "carousel", "slider", 'http-equiv="refresh"'):
        assert moving not in main, moving


def test_an_item_of_a_list_says_price_former_price_colours_and_what_is_left(visitor: Visitor, site: Site) -> None:
    prices = {"CUP": (900, 1200, 9), "JUG": (1900, None, 2), "BOWL": (700, None, 0)}
    for sku, (amount, was, stock) in prices.items():
        price = PriceDraft(amount=Money(amount, "EUR"), was=Money(was, "EUR") if was else None)
        colours = OptionDraft(
            code="colour", names={"en": "Colour"},
            values=(ValueDraft(code="red", names={"en": "Red"}, swatch="#aa2211"),),
        )  # fmt: skip
        variant = VariantDraft(sku=sku, values={"colour": "red"}, prices=(price,), tracked=True, stock=stock)
        draft = ProductDraft(
            texts={"en": TextDraft(name=sku.title())}, options=(colours,), variants=(variant,),
            listing=ListingDraft(visible=True),
        )  # fmt: skip
        save_product(site, draft, "system")
    page = visitor.get("/search").text
    cards = {re.findall(r'__link" href="[^"]*">(\w+)<', card)[0]: text_of(card) for card in page.split("<article")[1:]}
    told = {"Cup": ("Sale", "€9.00", "€12.00"), "Jug": ("Last few", "€19.00"), "Bowl": ("Sold out", "€7.00")}
    for name, said in told.items():
        for text in said:
            assert text in cards[name], (name, text)
    assert page.count('aria-label="Red"') >= 3


def test_pages_for_everybody_hold_nothing_of_one_visitor(visitor: Visitor, lamp: int) -> None:
    first = visitor.get("/p/dome-lamp")
    visitor.post("/cart/add", {"product": "dome-lamp", "o.colour": "green", "o.size": "l"})
    second = visitor.get("/p/dome-lamp")
    assert first.text == second.text
    assert "Cookie" not in second.headers.get("Vary", "")
    assert "Set-Cookie" not in second.headers


def test_nothing_inline_so_that_the_policy_holds(visitor: Visitor, lamp: int) -> None:
    visitor.post("/cart/add", {"product": "dome-lamp", "o.colour": "green", "o.size": "l"})
    for path in (
        "/",
        "/c/lighting",
        "/p/dome-lamp",
        "/search?q=lamp",
        "/cart",
        "/checkout",
        "/track",
        "/login",
        "/register",
    ):
        page = visitor.get(path).text
        assert not re.search(r"<[^>]*\sstyle=", page), path
        assert not re.search(r"<[^>]*\son[a-z]+=", page), path
        assert all("src=" in tag or "json" in tag for tag in re.findall(r"<script[^>]*>", page)), path
        assert "<style" not in page, path


def test_links_on_the_pages_lead_somewhere(visitor: Visitor, lamp: int) -> None:
    seen: set[str] = set()
    for path in ("/", "/c/lighting", "/p/dome-lamp", "/search", "/cart", "/track", "/login", "/nothing-here"):
        seen.update(re.findall(r'(?:href|src|action)="(/[^"#]*)"', visitor.get(path).text))
    skipped = ("/currency", "/logout", "/checkout", "/cart/")
    gets = [path.replace("&amp;", "&") for path in seen if not path.startswith(skipped)]
    answers = {path: visitor.get(path).status_code for path in gets}
    assert {path for path, status in answers.items() if status not in {200, 405}} == set()


# -- choosing ------------------------------------------------------------


def test_choice_changes_price_stock_number_and_address(visitor: Visitor, lamp: int) -> None:
    answer = visitor.get("/p/dome-lamp?o.colour=green&o.size=l")
    assert answer.request.full_path == "/p/dome-lamp?v=LAMP-GREEN-L"
    said = text_of(answer.text)
    assert "€129.00" in said
    assert "LAMP-GREEN-L" in said
    assert "In stock" in said


def test_first_choice_is_one_that_can_be_bought(visitor: Visitor, lamp: int) -> None:
    said = text_of(visitor.get("/p/dome-lamp").text)
    assert "LAMP-GREEN-S" in said
    assert "only 3 left" in said


def test_impossible_combination_is_disabled_and_says_so(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/p/dome-lamp?v=LAMP-RED-S").text
    large = re.search(r'<label[^>]*><input[^>]*value="l"[^>]*>.*?</label>', page, re.DOTALL)
    assert large
    assert "disabled" in large.group(0)
    assert "not made in this combination" in large.group(0)


def test_choice_that_is_not_made_leads_to_the_nearest(visitor: Visitor, lamp: int) -> None:
    answer = visitor.get("/p/dome-lamp?o.colour=red&o.size=l")
    assert answer.request.full_path == "/p/dome-lamp?v=LAMP-RED-S"


def test_script_is_told_what_the_page_would_say(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/p/dome-lamp").text
    block = re.search(r"<script[^>]*data-variants[^>]*>(.*?)</script>", page, re.DOTALL)
    assert block
    facts = json.loads(block.group(1))
    assert facts["options"] == ["colour", "size"]
    assert {one["sku"]: one["price"] for one in facts["variants"]}["LAMP-GREEN-L"] == "€129.00"


def test_sold_out_variant_cannot_be_added(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/p/dome-lamp?v=LAMP-RED-S").text
    assert "Sold out" in text_of(page)
    assert re.search(r"<button[^>]*data-add[^>]* disabled", page)


def _product_facts(page: str) -> Any:
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert block
    return json.loads(block.group(1))["@graph"][0]


def test_facts_for_search_engines_are_those_of_the_page(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/p/dome-lamp?v=LAMP-GREEN-L").text
    product = _product_facts(page)
    assert product["offers"]["price"] == "129.00"
    assert product["sku"] == "LAMP-GREEN-L"
    assert product["offers"]["hasMerchantReturnPolicy"]["merchantReturnDays"] == 14
    assert "for 14 days" in text_of(page)


def test_facts_name_the_other_variants_with_what_each_costs(visitor: Visitor, lamp: int) -> None:
    group = _product_facts(visitor.get("/p/dome-lamp?v=LAMP-GREEN-L").text)["isVariantOf"]
    assert (group["@type"], group["variesBy"]) == ("ProductGroup", ["Colour", "Size"])
    others = {one["sku"]: one for one in group["hasVariant"]}
    assert "LAMP-GREEN-L" not in others
    sold_out = others["LAMP-RED-S"]
    assert sold_out["name"] == "Dome lamp · Red · Small"
    assert sold_out["offers"]["availability"] == "https://schema.org/OutOfStock"
    address = urlsplit(sold_out["offers"]["url"])
    shown = _product_facts(visitor.get(f"{address.path}?{address.query}").text)
    assert (shown["sku"], shown["offers"]["price"]) == ("LAMP-RED-S", sold_out["offers"]["price"])


# -- lists ------------------------------------------------------------


@pytest.fixture
def shelf(sell: Callable[..., Any]) -> None:
    for number in range(30):
        sell(f"CUP-{number:02}", 1000 + 10 * number, name=f"Cup {number:02}", stock=5)


def test_filters_stand_in_the_address_and_come_off_one_by_one(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/c/lighting?f.colour=green&f.colour=red&f.material=steel&min=50").text
    chips = re.findall(r'<a class="chip" href="([^"]*)"', page)
    assert any("f.colour=red" not in chip and "f.colour=green" in chip and "f.material=steel" in chip for chip in chips)
    assert re.search(r'name="f.colour" value="green" checked', page)
    assert 'name="min" inputmode="decimal" maxlength="12" value="50"' in page


def test_filters_that_leave_nothing_say_how_to_go_on(visitor: Visitor, lamp: int) -> None:
    said = text_of(visitor.get("/c/lighting?min=9999").text)
    assert "Nothing has all of this at once" in said


def test_unreadable_address_is_no_error(visitor: Visitor, lamp: int, shelf: None) -> None:
    for query in (
        "min=abc",
        "max=-5",
        "after=%00%ff",
        "sort=nonsense",
        "f.=x",
        "f.colour=%E0%A4%A",
        "seen=99999999999",
        "stock=2",
    ):
        assert visitor.get(f"/search?{query}").status_code == 200, query


def test_next_page_follows_without_gap_or_repetition(visitor: Visitor, shelf: None) -> None:
    first = visitor.get("/search?sort=price").text
    following = re.search(r'href="(/search\?[^"]*after=[^"]*)"', first)
    assert following
    second = visitor.get(following.group(1).replace("&amp;", "&")).text
    names = re.findall(r'product-card__link" href="[^"]*">(Cup \d\d)<', first + second)
    assert names == [f"Cup {number:02}" for number in range(30)]
    assert "You have seen 30 of 30" in text_of(second)


def test_sorting_keeps_the_filters(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/c/lighting?f.colour=green&sort=-price").text
    assert re.search(r'<option value="-price" selected', page)
    assert re.search(r'name="f.colour" value="green" checked', page)


def test_old_address_of_a_category_or_product_leads_to_the_new_one(visitor: Visitor, lamp: int) -> None:
    assert visitor.get("/p/no-such-thing").status_code == 404
    assert visitor.get("/c/no-such-thing").status_code == 404


# -- search ------------------------------------------------------------


def test_search_finds_and_completes(visitor: Visitor, lamp: int) -> None:
    assert "Dome lamp" in visitor.get("/search?q=dome").text
    panel = visitor.get("/search/complete?q=do")
    assert "Dome lamp" in panel.text
    assert "<html" not in panel.text


def test_search_without_result_shows_what_is_near(visitor: Visitor, lamp: int) -> None:
    answer = visitor.get("/search?q=dome+zzzzz")
    said = text_of(answer.text)
    assert "Nothing found for “dome zzzzz”" in said
    assert "Dome lamp" in said


def test_words_of_a_search_are_text_and_nothing_else(visitor: Visitor, lamp: int) -> None:
    page = visitor.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in page


# -- languages ------------------------------------------------------------


def test_second_language_lives_under_its_own_address(visitor: Visitor, lamp: int) -> None:
    english = visitor.get("/p/dome-lamp").text
    chinese = re.search(r'rel="alternate" hreflang="zh-CN" href="https?://shop.test(?::\d+)?(/zh-cn/p/[^"]*)"', english)
    assert chinese
    page = visitor.get(chinese.group(1)).text
    assert '<html lang="zh-CN"' in page
    assert "加入购物车" in page
    assert "穹顶台灯" in page


def test_kept_page_is_sent_small_to_browsers_that_unpack_it(visitor: Visitor, lamp: int) -> None:
    plain = visitor.get("/p/dome-lamp")
    packed = visitor.get("/p/dome-lamp", **{"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    assert gzip.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_page_of_one_visitor_is_never_packed(visitor: Visitor, lamp: int) -> None:
    assert "Content-Encoding" not in visitor.get("/cart", **{"Accept-Encoding": "gzip"}).headers


def test_what_a_reader_hears_of_a_product_and_a_cart_is_words(visitor: Visitor, site: Site, lamp: int) -> None:
    """A name that templates know for something else once stood in the stepper's label, as code."""
    with db.transaction():
        SiteRow.update(about={"theme": {"plain": {"about": {"en": "Made to last"}}}}).where(
            SiteRow.id == site.id
        ).execute()
        raise_epoch()
    visitor.post("/cart/add", {"product": "dome-lamp", "o.colour": "green", "o.size": "l"})
    for path in ("/p/dome-lamp", "/cart", "/c/lighting", "/"):
        page = visitor.get(path).text
        labels = re.findall(r'aria-label="([^"]*)"', page)
        assert labels, path
        assert not [label for label in labels if re.search(r"[{}<>]|&#39;|None", label)], path
