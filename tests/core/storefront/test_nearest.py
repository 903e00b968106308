"""Where the filters leave nothing, the nearest is one choice away, counted; prices are drawn as they are spread."""

from __future__ import annotations

import re
from collections import Counter
from itertools import product

import pytest

from core.catalogue.services import listing
from core.catalogue.services.categories import CategoryDraft, CategoryText, create_category
from core.catalogue.services.drafts import (
    AttributeDraft,
    ListingDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    ValueDraft,
    VariantDraft,
)
from core.catalogue.services.products import save_product
from core.catalogue.services.shapes import ListingQuery
from core.hookspecs.site import Site
from core.lib.money import Money

from .conftest import Visitor, text_of

PRICES = [1000, 1050, 1100, 2000, 3500, 3600, 9000, 13000]
GOODS = list(zip(PRICES, ["oak"] * 5 + ["steel"] * 3, ["red", "blue"] * 4, strict=True))


@pytest.fixture
def shelf(site: Site) -> Site:
    """Eight lamps of oak or steel, red or blue."""
    category = create_category(CategoryDraft(texts={"en": CategoryText(name="Lamps")}), "system")
    for number, (amount, material, colour) in enumerate(GOODS):
        facts = {"material": material, "colour": colour}
        draft = ProductDraft(
            texts={"en": TextDraft(name=f"Lamp {number}")},
            variants=(VariantDraft(sku=f"L{number}", prices=(PriceDraft(amount=Money(amount, "EUR")),)),),
            category_ids=(category,),
            attributes=tuple(
                AttributeDraft(
                    code=code,
                    names={"en": code.title()},
                    values=(ValueDraft(code=value, names={"en": value.title()}),),
                    filterable=True,
                )
                for code, value in facts.items()
            ),
            listing=ListingDraft(visible=True),
        )
        save_product(site, draft, "system")
    return site


def spread(amounts: list[int]) -> list[int]:
    """The bars by plain arithmetic: twelve equal steps from the lowest to the highest."""
    low, high = min(amounts), max(amounts)
    counted = Counter((amount - low) * 12 // (high - low + 1) for amount in amounts)
    return [counted[step] for step in range(12)]


def test_bars_count_all_prices_whatever_price_is_chosen(shelf: Site) -> None:
    spans: list[dict[str, int]] = [{}, {"price_min": 1100, "price_max": 3500}]
    for materials, limits in product([(), ("oak",)], spans):
        amounts = [amount for amount, material, _ in GOODS if not materials or material in materials]
        found = listing(shelf, "en", "EUR", ListingQuery(filters={"material": materials}, **limits))
        assert list(found.bars) == spread(amounts)


def test_goods_of_one_price_have_no_bars(shelf: Site) -> None:
    found = listing(shelf, "en", "EUR", ListingQuery(filters={"material": ("steel",), "colour": ("red",)}))
    assert (found.total, found.bars) == (1, ())


def test_the_bars_stand_above_two_boxes_that_work_without_a_script(visitor: Visitor, shelf: Site) -> None:
    page = visitor.get("/c/lamps?min=15&max=40").text
    drawn = re.findall(r"<rect( class=\"off\")? x", page)
    assert len(drawn) == 12
    assert [not off for off in drawn] == [True, True, True] + [False] * 9
    assert 'name="min" inputmode="decimal"' in page
    assert 'value="15"' in page
    assert text_of(page).count("3 products") >= 1


def test_nothing_left_offers_the_nearest_with_counts(visitor: Visitor, shelf: Site) -> None:
    page = visitor.get("/c/lamps?f.material=steel&f.colour=red&max=20").text
    said = text_of(page)
    assert "Nothing has all of this at once" in said
    offered = dict(re.findall(r'<a class="chip" href="([^"]+)">[^<]*<span class="num soft">(\d+)</span>', page))
    # Red lamps of at most 20: 10.00 and 11.00; red ones of steel: 90.00; none is of steel and that cheap.
    assert {url.split("?")[1].replace("&amp;", "&"): count for url, count in offered.items()} == {
        "f.colour=red&max=20": "2",
        "f.material=steel&f.colour=red": "1",
    }
    assert "Nearest: without “Steel”" in said
    assert page.count('class="product-card"') == 2
    for url, count in offered.items():
        assert f"{count} product" in text_of(visitor.get(url.replace("&amp;", "&")).text)


def test_the_same_in_a_search(visitor: Visitor, shelf: Site) -> None:
    page = visitor.get("/search?q=lamp&f.material=steel&max=20").text
    assert "Without “Steel”" in text_of(page)
    assert "Without “Up to €20.00”" in text_of(page)


def test_a_chosen_price_stands_on_its_chip(visitor: Visitor, shelf: Site) -> None:
    said = text_of(visitor.get("/c/lamps?min=15&max=40").text)
    assert "€15.00 to €40.00" in said
    assert "From €15.00" in text_of(visitor.get("/c/lamps?min=15").text)
