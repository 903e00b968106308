"""What plugins say of products, as shoppers and search engines see it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.catalogue.services.card_data import product_data_changed
from core.catalogue.services.categories import CategoryDraft, CategoryText, create_category
from core.catalogue.services.drafts import (
    ListingDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    VariantDraft,
)
from core.catalogue.services.products import save_product
from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.kernel.switch import switch_off
from core.lib.money import Money
from core.testing.shop import Item
from tests.core.catalogue.conftest import Stars

Browse = Callable[..., Any]


@pytest.fixture
def rated(site: Site, sell: Callable[..., Item], stars: Stars) -> Item:
    """A lamp with 4.6 of 5 stars by twelve people, and a vase without."""
    lamp = sell("LAMP", 8900, name="Lamp")
    sell("VASE", 2900, name="Vase")
    stars.says(lamp.product_id, 4.6, 12)
    with db.transaction():
        product_data_changed(site, [lamp.product_id])
    jobs.run_due()
    return lamp


def product_of(page: str) -> dict[str, Any]:
    """The one Product among the page's facts for search engines."""
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    things = [thing for block in blocks for thing in json.loads(block).get("@graph", [])]
    (found,) = [thing for thing in things if thing["@type"] == "Product"]
    return dict(found)


def test_lists_show_stars_and_read_them_out_as_one_sentence(site: Site, browse: Browse, rated: Item) -> None:
    page = browse(site, "/search").text
    assert page.count('aria-label="4.6 of 5, 12 reviews"') == 1
    assert 'aria-label="4.6 分，满分 5 分，12 条评价"' in browse(site, "/zh-cn/search").text


def test_the_product_page_leads_to_its_reviews(site: Site, browse: Browse, rated: Item) -> None:
    page = browse(site, "/p/lamp").text
    assert 'aria-label="4.6 of 5"' in page
    assert '<a href="#reviews">12 reviews</a>' in page
    assert "#reviews" not in browse(site, "/p/vase").text


def test_search_engines_read_the_mean_once(site: Site, browse: Browse, rated: Item) -> None:
    said = product_of(browse(site, "/p/lamp").text)
    assert said["aggregateRating"] == {"@type": "AggregateRating", "ratingValue": 4.6, "reviewCount": 12}
    assert "aggregateRating" not in product_of(browse(site, "/p/vase").text)


def test_plugins_add_to_the_one_product_but_do_not_overrule_the_page(
    site: Site, browse: Browse, rated: Item, stars: Stars
) -> None:
    more = {"gtin13": "4006381333931", "name": "Other", "@type": "Thing", "aggregateRating": {"ratingValue": 5}}
    stars.module.SAYS[rated.product_id]["values"]["json_ld"] = more
    said = product_of(browse(site, "/p/lamp").text)
    assert (said["gtin13"], said["name"], said["@type"]) == ("4006381333931", "Lamp", "Product")
    assert said["aggregateRating"]["ratingValue"] == 4.6


def test_lists_can_be_sorted_by_stars_only_where_there_are_some(site: Site, browse: Browse, rated: Item) -> None:
    page = browse(site, "/search?sort=rating").text
    assert '<option value="rating" selected>Best rated</option>' in page
    assert page.index(">Lamp<") < page.index(">Vase<")
    switch_off(site.id, "stars", "system")
    page = browse(site, "/search?sort=rating").text
    assert "Best rated" not in page
    assert 'class="rating"' not in page


def test_a_kept_page_ends_when_the_data_changes(site: Site, browse: Browse, rated: Item, stars: Stars) -> None:
    assert "12 reviews" in browse(site, "/p/lamp").text
    assert "12 reviews" in browse(site, "/search").text
    stars.says(rated.product_id, 4.5, 13)
    assert "12 reviews" in browse(site, "/p/lamp").text, "nobody said that it changed"
    with db.transaction():
        product_data_changed(site, [rated.product_id])
    assert "13 reviews" in browse(site, "/p/lamp").text
    jobs.run_due()
    assert "4.5 of 5, 13 reviews" in browse(site, "/search").text


def test_a_kept_list_offers_to_sort_by_stars_as_soon_as_there_are_any(
    site: Site, browse: Browse, sell: Callable[..., Item], stars: Stars
) -> None:
    lamp = sell("LAMP", 8900, name="Lamp")
    vases = create_category(CategoryDraft(texts={"en": CategoryText(name="Vases")}), "system")
    draft = ProductDraft(
        texts={"en": TextDraft(name="Vase")},
        variants=(VariantDraft(sku="VASE", prices=(PriceDraft(amount=Money(2900, "EUR")),)),),
        listing=ListingDraft(visible=True),
        category_ids=(vases,),
    )
    save_product(site, draft, "system")
    assert "Best rated" not in browse(site, "/c/vases").text
    stars.says(lamp.product_id, 4.6, 12)
    with db.transaction():
        product_data_changed(site, [lamp.product_id])
    jobs.run_due()
    assert "Best rated" in browse(site, "/c/vases").text
