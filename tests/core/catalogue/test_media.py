"""Pictures of products."""

from __future__ import annotations

import pytest

from core.catalogue.models import RemovedMedia
from core.catalogue.services import add_media, cards_for, delete_media, describe_media, product_page, save_product
from core.catalogue.services.drafts import ProductDraft, VariantDraft
from core.catalogue.services.media import MediaInUse, StoredFile
from core.catalogue.services.shapes import ProductPage
from core.hookspecs.site import Site
from core.lib.errors import NotFound
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, simple


def stored(name: str) -> StoredFile:
    return StoredFile(
        name=f"{name}.webp",
        original=f"{name}.jpg",
        mime="image/webp",
        width=800,
        height=600,
        bytes=9000,
        sha256=name * 8,
    )


@pytest.fixture
def pictures(shop: Site) -> list[int]:
    assert shop
    return [
        add_media(stored(name), {"en": f"A {name}", "zh-CN": f"图{name}"}, STAFF) for name in ("front", "back", "red")
    ]


def page(site: Site, language: str = "en") -> ProductPage:
    found = product_page(site, language, "EUR", "lamp")
    assert isinstance(found, ProductPage)
    return found


def test_the_same_bytes_are_one_picture(pictures: list[int]) -> None:
    assert add_media(stored("front"), {}, STAFF) == pictures[0]


def test_page_shows_pictures_in_order_then_those_of_variants(shop: Site, make: Make, pictures: list[int]) -> None:
    draft = simple("Lamp", "LAMP", media_ids=(pictures[1], pictures[0]))
    product_id = make(draft)
    save_product(
        shop,
        ProductDraft(id=product_id, variants=(VariantDraft(sku="LAMP", media_id=pictures[2]),), whole=False),
        STAFF,
    )
    shown = page(shop)
    assert [picture.media_id for picture in shown.pictures] == [pictures[1], pictures[0], pictures[2]]
    assert shown.pictures[0].alt == "A back"
    assert shown.variants[0].media_id == pictures[2]
    assert page(shop, "zh-CN").pictures[0].alt == "图back"


def test_first_picture_stands_on_the_card_with_its_words(shop: Site, make: Make, pictures: list[int]) -> None:
    product_id = make(simple("Lamp", "LAMP", media_ids=(pictures[0],)))
    describe_media(pictures[0], STAFF, alt={"en": "Lit"}, focal_x=20, focal_y=140)
    picture = cards_for(shop, "en", "EUR", [product_id])[product_id].picture
    assert picture is not None
    assert (picture.name, picture.alt, picture.focal_x, picture.focal_y) == ("front.webp", "Lit", 20, 100)
    describe_media(pictures[0], STAFF, alt={})
    picture = cards_for(shop, "zh-CN", "EUR", [product_id])[product_id].picture
    assert picture is not None
    assert picture.alt == "Lamp"


def test_a_picture_in_use_is_not_deleted(shop: Site, make: Make, pictures: list[int]) -> None:
    product_id = make(simple("Lamp", "LAMP", media_ids=(pictures[0],)))
    with pytest.raises(MediaInUse):
        delete_media(pictures[0], STAFF)
    save_product(shop, ProductDraft(id=product_id, media_ids=(), whole=False), STAFF)
    removed = delete_media(pictures[0], STAFF)
    assert RemovedMedia.get_by_id(removed).name == "front.webp"
    with pytest.raises(NotFound):
        delete_media(pictures[0], STAFF)
