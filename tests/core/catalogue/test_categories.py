"""The tree of categories and its pages."""

from __future__ import annotations

import pytest

from core.catalogue.services import (
    category_page,
    category_tree,
    create_category,
    delete_category,
    ensure_category,
    home_page,
    listing,
    move_category,
    place_products,
    product_page,
    restore_category,
    set_category_on_site,
    update_category,
)
from core.catalogue.services.categories import CategoryDraft, CategoryText, WouldCircle
from core.catalogue.services.category_pages import flat
from core.catalogue.services.shapes import CategoryPage, ListingQuery, Moved, ProductPage
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.site_verbs import add_site
from core.lib.errors import NotFound, Unfit
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, simple


@pytest.fixture
def tree(shop: Site) -> dict[str, int]:
    """Goods, with Lamps and Desk lamps below; and Books."""
    assert shop
    texts = {"en": CategoryText(name="Goods", body_html="<p>All</p>"), "zh-CN": CategoryText(name="商品")}
    goods = create_category(CategoryDraft(texts=texts), STAFF)
    lamps = ensure_category(["Goods", "Lamps"], "en", STAFF)
    return {
        "goods": goods,
        "lamps": lamps,
        "desk": ensure_category(["Goods", "Lamps", "Desk lamps"], "en", STAFF),
        "books": ensure_category(["Books"], "en", STAFF),
    }


def shape(site: Site, language: str = "en") -> list[tuple[int, str]]:
    return [(depth, node.name) for depth, node in flat(category_tree(site, language, site.currency))]


def page(site: Site, path: str, language: str = "en") -> CategoryPage:
    found = category_page(site, language, site.currency, path)
    assert isinstance(found, CategoryPage)
    return found


def test_tree_is_shown_in_order_and_in_the_language(shop: Site, tree: dict[str, int]) -> None:
    assert shape(shop) == [(0, "Goods"), (1, "Lamps"), (2, "Desk lamps"), (0, "Books")]
    assert shape(shop, "zh-CN")[0] == (0, "商品")
    move_category(tree["books"], None, -1, STAFF)
    assert shape(shop)[0] == (0, "Books")


def test_page_has_its_way_up_and_what_is_below(shop: Site, tree: dict[str, int]) -> None:
    assert tree
    found = page(shop, "goods/lamps")
    assert [crumb.name for crumb in found.crumbs] == ["Goods"]
    assert [child.path for child in found.children] == ["goods/lamps/desk-lamps"]
    top = page(shop, "商品", "zh-CN")
    assert (top.name, top.alternates) == ("商品", {"en": "goods", "zh-CN": "商品"})
    assert page(shop, "goods").body_html == "<p>All</p>"
    assert category_page(shop, "en", "EUR", "nowhere") is None


def test_counts_follow_the_goods(shop: Site, tree: dict[str, int], make: Make) -> None:
    make(simple("Lamp", "LAMP", category_ids=(tree["desk"], tree["books"])))
    counted = {node.name: node.count for _, node in flat(category_tree(shop, "en", "EUR"))}
    assert counted == {"Goods": 1, "Lamps": 1, "Desk lamps": 1, "Books": 1}


def test_product_stands_below_its_deepest_category(shop: Site, tree: dict[str, int], make: Make) -> None:
    make(simple("Lamp", "LAMP", category_ids=(tree["desk"], tree["books"])))
    found = product_page(shop, "en", "EUR", "lamp")
    assert isinstance(found, ProductPage)
    assert [(crumb.name, crumb.path) for crumb in found.crumbs] == [
        ("Goods", "goods"),
        ("Lamps", "goods/lamps"),
        ("Desk lamps", "goods/lamps/desk-lamps"),
    ]
    assert found.category_ids == frozenset(tree.values())


def test_deleted_category_takes_those_below_and_comes_back_whole(shop: Site, tree: dict[str, int], make: Make) -> None:
    make(simple("Lamp", "LAMP", category_ids=(tree["desk"],)))
    delete_category(tree["lamps"], STAFF)
    assert shape(shop) == [(0, "Goods"), (0, "Books")]
    assert listing(shop, "en", "EUR", ListingQuery(category_id=tree["goods"])).total == 0
    assert category_page(shop, "en", "EUR", "goods/lamps/desk-lamps") is None
    restore_category(tree["lamps"], STAFF)
    assert listing(shop, "en", "EUR", ListingQuery(category_id=tree["goods"])).total == 1


def test_a_site_may_hide_a_category(shop: Site, other: Site, tree: dict[str, int]) -> None:
    set_category_on_site(shop, tree["goods"], visible=False, position=0, actor=STAFF)
    assert shape(shop) == [(0, "Books")]
    assert len(shape(other, "zh-CN")) == 4


def test_a_category_never_stands_below_itself(shop: Site, tree: dict[str, int]) -> None:
    assert shop
    for below in ("goods", "lamps", "desk"):
        with pytest.raises(WouldCircle):
            move_category(tree["goods"], tree[below], 0, STAFF)
    with pytest.raises(NotFound):
        move_category(tree["goods"], 999, 0, STAFF)


def test_a_moved_category_takes_its_goods_and_keeps_its_address(shop: Site, tree: dict[str, int], make: Make) -> None:
    make(simple("Lamp", "LAMP", category_ids=(tree["desk"],)))
    move_category(tree["lamps"], tree["books"], 0, STAFF)
    assert listing(shop, "en", "EUR", ListingQuery(category_id=tree["books"])).total == 1
    assert listing(shop, "en", "EUR", ListingQuery(category_id=tree["goods"])).total == 0
    assert [crumb.name for crumb in page(shop, "goods/lamps").crumbs] == ["Books"]


def test_path_of_names_is_found_again_and_made_once(tree: dict[str, int]) -> None:
    assert ensure_category(["Goods", "Lamps", "Desk lamps"], "en", STAFF) == tree["desk"]
    assert ensure_category(["商品"], "zh-CN", STAFF) == tree["goods"]
    assert db.value("SELECT COUNT(*) FROM category") == 4


def test_words_change_and_the_address_stays(shop: Site, tree: dict[str, int]) -> None:
    update_category(tree["books"], CategoryDraft(texts={"en": CategoryText(name="Printed matter")}), STAFF)
    assert page(shop, "books").name == "Printed matter"


def test_category_needs_a_name(shop: Site) -> None:
    assert shop
    with pytest.raises(Unfit):
        create_category(CategoryDraft(texts={}), STAFF)


def test_goods_are_ordered_by_hand(shop: Site, tree: dict[str, int], make: Make) -> None:
    ids = [make(simple(name, name, category_ids=(tree["books"],))) for name in ("One", "Two", "Three")]
    place_products(tree["books"], [ids[2], ids[0]], STAFF)
    shown = listing(shop, "en", "EUR", ListingQuery(category_id=tree["books"])).cards
    assert [card.name for card in shown] == ["Three", "One", "Two"]


def test_site_that_is_added_later_has_the_categories_too(shop: Site, tree: dict[str, int]) -> None:
    assert shop
    assert tree
    late = add_site(host="late.test", name="Late", currency="GBP")
    assert shape(late)[0] == (0, "Goods")
    assert page(late, "goods").name == "Goods"
    assert page(late, "lamps").crumbs[0].path == "goods"


def test_home_shows_the_newest_and_the_top(shop: Site, tree: dict[str, int], make: Make) -> None:
    assert tree
    for name in ("One", "Two", "Three"):
        make(name, name)
    found = home_page(shop, "en", "EUR", newest=2)
    assert [card.name for card in found.newest] == ["Three", "Two"]
    assert [node.name for node in found.categories] == ["Goods", "Books"]


def test_a_page_with_its_menu_takes_three_statements_once_the_tree_is_known(shop: Site, tree: dict[str, int]) -> None:
    assert tree
    category_tree(shop, "en", "EUR")
    with db.counted() as statements:
        menu = category_tree(shop, "en", "EUR")
        category_page(shop, "en", "EUR", "goods", menu)
    assert len(statements) == 2


def test_old_address_of_another_language_leads_on(shop: Site, tree: dict[str, int]) -> None:
    assert tree
    assert category_page(shop, "zh-CN", "EUR", "goods") == Moved(path="商品")
