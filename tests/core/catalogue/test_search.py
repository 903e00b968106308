"""Search without a plugin, and the ids that a plugin ranks."""

from __future__ import annotations

import pytest

from core.catalogue.services import archive_product, search_cards
from core.catalogue.services.drafts import ProductDraft, TextDraft, VariantDraft
from core.catalogue.services.shapes import ListingQuery, Sort
from core.hookspecs.site import Site
from core.kernel import db
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import priced, shirt


@pytest.fixture
def goods(make: Make) -> list[int]:
    """A lamp, a café table and a shirt."""
    lamp = ProductDraft(
        texts={"en": TextDraft(name="Desk lamp", summary="Warm light"), "zh-CN": TextDraft(name="黄铜台灯")},
        variants=(VariantDraft(sku="LAMP-100%", prices=priced("30")),),
        vendor="Vesta",
    )
    return [make(lamp), make("Café table lamp", "TABLE", "90"), make(shirt("Oxford", "OX"))]


def found(site: Site, text: str, language: str = "en", **query: object) -> list[str]:
    return [card.name for card in search_cards(site, language, "EUR", text, ListingQuery(**query)).cards]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lamp", ["Desk lamp", "Café table lamp"]),
        ("LAMP cafe", ["Café table lamp"]),
        ("cafe", ["Café table lamp"]),
        ("warm", ["Desk lamp"]),
        ("vesta", ["Desk lamp"]),
        ("ox-red-s", ["Oxford"]),
        ("100%", ["Desk lamp"]),
        ("%", ["Desk lamp"]),
        ("_", []),
        ("!", []),
        ("", []),
        ("lamp\0", ["Desk lamp", "Café table lamp"]),
        ("nothing", []),
    ],
)
def test_every_word_must_occur(shop: Site, goods: list[int], text: str, names: list[str]) -> None:
    assert goods
    assert found(shop, text) == names


def test_chinese_words_are_found_without_spaces(shop: Site, goods: list[int]) -> None:
    assert goods
    assert found(shop, "台灯", "zh-CN") == ["黄铜台灯"]
    assert found(shop, "铜台", "zh-CN") == ["黄铜台灯"]


def test_a_search_is_a_list_with_facets_orders_and_pages(shop: Site, goods: list[int]) -> None:
    assert goods
    result = search_cards(shop, "en", "EUR", "lamp", ListingQuery(limit=1))
    assert (result.total, result.available, len(result.cards)) == (2, 2, 1)
    second = search_cards(shop, "en", "EUR", "lamp", ListingQuery(limit=1, after=result.next))
    assert [card.name for card in second.cards] == ["Café table lamp"]
    assert second.next == ""
    back = search_cards(shop, "en", "EUR", "lamp", ListingQuery(limit=1, before=second.previous))
    assert back.cards == result.cards
    assert found(shop, "lamp", sort=Sort.DEAREST) == ["Café table lamp", "Desk lamp"]
    assert found(shop, "lamp", price_max=5000) == ["Desk lamp"]
    facets = search_cards(shop, "en", "EUR", "oxford", ListingQuery(filters={"colour": ("red",)})).facets
    assert [(facet.code, [(value.value, value.count) for value in facet.values]) for facet in facets] == [
        ("colour", [("red", 1), ("blue", 1)]),
        ("size", [("s", 1), ("m", 1)]),
    ]


def test_ranked_ids_keep_their_order_and_lose_what_is_not_shown(shop: Site, goods: list[int]) -> None:
    archive_product(goods[1], "staff:1")
    ranked = [goods[2], 999, goods[1], goods[0], goods[2]]
    result = search_cards(shop, "en", "EUR", "whatever", ListingQuery(), ranked)
    assert [card.product_id for card in result.cards] == [goods[2], goods[0]]
    assert result.total == 2
    assert search_cards(shop, "en", "EUR", "whatever", ListingQuery(), []).total == 0


def test_a_search_takes_three_statements_and_a_ranked_one_two(shop: Site, goods: list[int]) -> None:
    with db.counted() as plain:
        search_cards(shop, "en", "EUR", "lamp", ListingQuery())
    with db.counted() as ranked:
        search_cards(shop, "en", "EUR", "lamp", ListingQuery(), goods)
    assert (len(plain), len(ranked)) == (3, 2)
