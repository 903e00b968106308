"""Lists: facets, several values, chips, orders, pages."""

from __future__ import annotations

import pytest

from core.catalogue.services import ensure_category, listing
from core.catalogue.services.drafts import AttributeDraft, ValueDraft
from core.catalogue.services.lists import cards_only
from core.catalogue.services.shapes import Listing, ListingQuery, Sort
from core.hookspecs.site import Site
from core.kernel import db
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, euro, shirt, simple


def names(found: Listing) -> list[str]:
    return [card.name for card in found.cards]


def counts(found: Listing, code: str) -> dict[str, int]:
    return {value.value: value.count for facet in found.facets if facet.code == code for value in facet.values}


def made_of(material: str) -> tuple[AttributeDraft, ...]:
    value = ValueDraft(names={"en": material, "zh-CN": f"{material}料"})
    return (
        AttributeDraft(code="material", names={"en": "Material", "zh-CN": "材料"}, values=(value,), filterable=True),
    )


@pytest.fixture
def shirts(make: Make) -> int:
    """A category with three shirts below one with a lamp."""
    goods, category = ensure_category(["Goods"], "en", STAFF), ensure_category(["Goods", "Shirts"], "en", STAFF)
    make(shirt("Anna", "A", ("red", "blue"), category_ids=(category,), attributes=made_of("Linen")))
    make(shirt("Bert", "B", ("red",), category_ids=(category,), attributes=made_of("Wool")))
    make(shirt("Carl", "C", ("green",), category_ids=(category,), attributes=made_of("Linen")))
    make(simple("Lamp", "LAMP", "30", stock=0, category_ids=(goods,)))
    return category


def test_category_shows_its_own_goods_and_those_below(shop: Site, shirts: int) -> None:
    above = db.value("SELECT parent_id FROM category WHERE id = ?", shirts)
    assert names(listing(shop, "en", "EUR", ListingQuery(category_id=shirts))) == ["Anna", "Bert", "Carl"]
    assert names(listing(shop, "en", "EUR", ListingQuery(category_id=above))) == ["Anna", "Bert", "Carl", "Lamp"]
    assert listing(shop, "en", "EUR", ListingQuery()).total == 4


def test_facets_count_the_goods_that_have_a_value(shop: Site, shirts: int) -> None:
    found = listing(shop, "zh-CN", "EUR", ListingQuery(category_id=shirts))
    assert counts(found, "colour") == {"red": 2, "blue": 1, "green": 1}
    assert counts(found, "material") == {"linen": 2, "wool": 1}
    assert [facet.name for facet in found.facets] == ["颜色", "尺码", "材料"]
    assert {value.name for value in found.facets[2].values} == {"Linen料", "Wool料"}
    assert found.facets[0].values[0].colour == "#c22222"


def test_several_values_of_a_facet_widen_and_several_facets_narrow(shop: Site, shirts: int) -> None:
    def total(**filters: tuple[str, ...]) -> int:
        return listing(shop, "en", "EUR", ListingQuery(category_id=shirts, filters=filters)).total

    assert total(colour=("blue",)) == 1
    assert total(colour=("blue", "green")) == 2
    assert total(colour=("red", "green"), material=("linen",)) == 2
    assert total(colour=("red",), material=("silk",)) == 0


@pytest.mark.parametrize("everything", [False, True])
def test_counts_of_a_facet_ignore_its_own_choice(shop: Site, shirts: int, everything: bool) -> None:
    query = ListingQuery(
        category_id=None if everything else shirts, filters={"colour": ("red",), "material": ("linen",)}
    )
    found = listing(shop, "en", "EUR", query)
    assert names(found) == ["Anna"]
    assert counts(found, "colour") == {"red": 1, "blue": 1, "green": 1}
    assert counts(found, "material") == {"linen": 1, "wool": 1}
    assert counts(found, "size") == {"s": 1, "m": 1}
    assert [(chip.code, chip.name) for chip in found.chips] == [("colour", "Red"), ("material", "Linen")]


def test_a_chosen_value_that_nothing_has_is_still_there_to_be_taken_back(shop: Site, shirts: int) -> None:
    found = listing(
        shop, "en", "EUR", ListingQuery(category_id=shirts, filters={"material": ("wool",), "colour": ("green",)})
    )
    chosen = [(value.name, value.count) for facet in found.facets for value in facet.values if value.chosen]
    assert found.total == 0
    assert chosen == [("Green", 0), ("Wool", 0)]


def test_goods_in_stock_and_the_span_of_prices(shop: Site, shirts: int) -> None:
    assert shirts
    found = listing(shop, "en", "EUR", ListingQuery())
    assert (found.total, found.available, found.price_min, found.price_max) == (4, 3, euro("20"), euro("30"))
    in_stock = listing(shop, "en", "EUR", ListingQuery(in_stock=True))
    assert (in_stock.total, in_stock.available, in_stock.price_max) == (3, 3, euro("20"))
    dear = listing(shop, "en", "EUR", ListingQuery(price_min=2500))
    assert (names(dear), dear.available, dear.price_min, dear.price_max) == (["Lamp"], 0, euro("20"), euro("30"))
    assert (
        counts(listing(shop, "en", "EUR", ListingQuery(in_stock=True, filters={"colour": ("red",)})), "colour")["green"]
        == 1
    )


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (Sort.CHEAPEST, ["p3", "p1", "p4", "p0", "p2"]),
        (Sort.DEAREST, ["p2", "p0", "p4", "p1", "p3"]),
        (Sort.NEWEST, ["p4", "p3", "p2", "p1", "p0"]),
        (Sort.NAME, ["p0", "p1", "p2", "p3", "p4"]),
        (Sort.FEATURED, ["p0", "p1", "p2", "p3", "p4"]),
    ],
)
def test_pages_follow_each_other_in_every_order(shop: Site, make: Make, sort: Sort, expected: list[str]) -> None:
    for number, price in enumerate(["30", "10", "40", "5", "10"]):
        make(f"P{number}", f"P{number}", price)
    seen, after = [], ""
    for _ in range(3):
        page = listing(shop, "en", "EUR", ListingQuery(sort=sort, limit=2, after=after))
        seen.append([card.name.lower() for card in page.cards])
        after = page.next
    assert [name for names in seen for name in names] == expected
    assert page.next == ""
    back = listing(shop, "en", "EUR", ListingQuery(sort=sort, limit=2, before=page.previous))
    assert [card.name.lower() for card in back.cards] == seen[1]
    assert back.next
    first = listing(shop, "en", "EUR", ListingQuery(sort=sort, limit=2, before=back.previous))
    assert [card.name.lower() for card in first.cards] == seen[0]
    assert first.previous == ""


@pytest.mark.parametrize(
    "cursor", ["x", "bm9uc2Vuc2U", "WyJhIiwgMV0", "WzEsICJiIl0", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwLCAxXQ", "\0"]
)
def test_a_cursor_that_no_list_wrote_means_the_beginning(shop: Site, shirts: int, cursor: str) -> None:
    assert shirts
    assert len(listing(shop, "en", "EUR", ListingQuery(after=cursor)).cards) == 4


def test_nonsense_in_the_address_finds_nothing_and_breaks_nothing(shop: Site, shirts: int) -> None:
    nonsense = {"colour": ("'; --", "\0"), "\0": ("x",), ":price": ("1",)}
    assert listing(shop, "en", "EUR", ListingQuery(category_id=shirts, filters=nonsense)).total == 0
    assert listing(shop, "en", "EUR", ListingQuery(price_min=-(10**40), price_max=10**40)).total == 4
    assert listing(shop, "en", "EUR", ListingQuery(category_id=999)).total == 0


def test_sites_see_only_what_they_list(shop: Site, other: Site, shirts: int) -> None:
    assert shop
    assert shirts
    assert listing(other, "zh-CN", "CNY", ListingQuery()).total == 0


def test_a_list_takes_two_statements_and_cards_alone_one(shop: Site, shirts: int) -> None:
    with db.counted() as statements:
        listing(
            shop,
            "en",
            "EUR",
            ListingQuery(category_id=shirts, filters={"colour": ("red",)}, in_stock=True, price_max=9000),
        )
    assert len(statements) == 2
    with db.counted() as statements:
        cards_only(shop, "en", "EUR", ListingQuery(limit=8))
    assert len(statements) == 1
