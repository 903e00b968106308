"""Addresses: unique, stable, and never forgotten."""

from __future__ import annotations

import pytest

from core.catalogue.services import product_page, set_slug
from core.catalogue.services.drafts import ListingDraft, ProductDraft, TextDraft
from core.catalogue.services.products import save_product
from core.catalogue.services.shapes import Moved, ProductPage
from core.catalogue.services.slugs import SlugTaken, clean_path, current_path
from core.hookspecs.site import Site
from core.lib.errors import NotFound, Unfit
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF


def test_equal_names_get_numbers(shop: Site, make: Make) -> None:
    ids = [make("Lamp", f"LAMP{number}") for number in range(3)]
    assert [current_path(shop.id, "en", "product", product_id) for product_id in ids] == ["lamp", "lamp-2", "lamp-3"]


def test_of_very_many_equal_names_the_id_tells_them_apart(shop: Site, make: Make) -> None:
    ids = [make("Lamp", f"LAMP{number}") for number in range(22)]
    assert current_path(shop.id, "en", "product", ids[-1]) == f"lamp-{ids[-1]}"


def test_a_name_without_letters_still_has_an_address(shop: Site, make: Make) -> None:
    product_id = make("!!!", "X")
    assert current_path(shop.id, "en", "product", product_id) == f"product-{product_id}"


def test_renaming_keeps_the_address(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP")
    save_product(shop, ProductDraft(id=product_id, texts={"en": TextDraft(name="Lantern")}, whole=False), STAFF)
    assert isinstance(product_page(shop, "en", "EUR", "lamp"), ProductPage)


def test_every_earlier_address_redirects(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP")
    set_slug(shop, "product", product_id, "en", "Desk lamp", STAFF)
    save_product(
        shop, ProductDraft(id=product_id, listing=ListingDraft(paths={"en": "floor-lamp"}), whole=False), STAFF
    )
    assert product_page(shop, "en", "EUR", "lamp") == Moved(path="floor-lamp")
    assert product_page(shop, "en", "EUR", "desk-lamp") == Moved(path="floor-lamp")
    assert isinstance(product_page(shop, "en", "EUR", "floor-lamp"), ProductPage)
    set_slug(shop, "product", product_id, "en", "lamp", STAFF)
    assert product_page(shop, "en", "EUR", "floor-lamp") == Moved(path="lamp")


def test_an_address_in_use_is_refused_and_an_abandoned_one_may_be_taken(shop: Site, make: Make) -> None:
    first, second = make("Lamp", "LAMP"), make("Vase", "VASE")
    with pytest.raises(SlugTaken):
        set_slug(shop, "product", second, "en", "lamp", STAFF)
    set_slug(shop, "product", first, "en", "desk-lamp", STAFF)
    assert set_slug(shop, "product", second, "en", "lamp", STAFF) == "lamp"
    assert product_page(shop, "en", "EUR", "vase") == Moved(path="lamp")


def test_languages_and_sites_have_addresses_of_their_own(shop: Site, other: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP")
    set_slug(shop, "product", product_id, "zh-CN", "台灯", STAFF)
    assert product_page(shop, "zh-CN", "EUR", "lamp") == Moved(path="台灯")
    assert isinstance(product_page(shop, "en", "EUR", "lamp"), ProductPage)
    assert product_page(other, "zh-CN", "CNY", "lamp") is None


def test_what_is_no_address_is_refused(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP")
    with pytest.raises(Unfit):
        set_slug(shop, "product", product_id, "en", "///", STAFF)
    with pytest.raises(Unfit):
        set_slug(shop, "product", product_id, "fr", "lampe", STAFF)
    with pytest.raises(NotFound):
        set_slug(shop, "product", 99, "en", "lampe", STAFF)


def test_paths_are_cleaned_step_by_step() -> None:
    assert clean_path(" Goods // Desk Lamps/ ../灯 ") == "goods/desk-lamps/灯"
