"""Products as staff and imports save them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.catalogue.services import (
    archive_product,
    cards_for,
    create_product,
    product_page,
    restore_product,
    save_product,
    save_products,
    set_listing,
    update_product,
)
from core.catalogue.services.drafts import AttributeDraft, ProductDraft, TextDraft, ValueDraft, VariantDraft
from core.catalogue.services.products import Saved, Stale
from core.catalogue.services.saving_variants import SkuTaken
from core.catalogue.services.shapes import ProductPage
from core.hookspecs.site import Site
from core.kernel import db
from core.lib.errors import NotFound, Unfit
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, euro, priced, shirt, simple, variant_id


def page(site: Site, path: str, language: str = "en", currency: str = "EUR") -> ProductPage:
    found = product_page(site, language, currency, path)
    assert isinstance(found, ProductPage)
    return found


def test_new_product_has_a_page_in_every_language(shop: Site, make: Make) -> None:
    make(shirt("Oxford", "OX"))
    english, chinese = page(shop, "oxford"), page(shop, "oxford衬衫", "zh-CN")
    assert (english.name, english.summary) == ("Oxford", "Oxford of linen")
    assert chinese.name == "Oxford衬衫"
    assert [option.name for option in chinese.options] == ["颜色", "尺码"]
    assert [value.name for value in chinese.options[0].values] == ["红色", "蓝色"]
    assert english.alternates == {"en": "oxford", "zh-CN": "oxford衬衫"}
    assert [variant.sku for variant in english.variants] == ["OX-red-s", "OX-red-m", "OX-blue-s", "OX-blue-m"]


def test_words_fall_back_to_the_language_of_the_site(shop: Site, make: Make) -> None:
    make("Lamp", "LAMP")
    found = page(shop, "lamp", "zh-CN")
    assert (found.name, found.text_language) == ("Lamp", "en")


def test_a_site_may_say_it_in_its_own_words(shop: Site, other: Site, make: Make) -> None:
    draft = simple("Lamp", "LAMP")
    product_id = make(draft)
    save_product(shop, ProductDraft(id=product_id, site_texts={"en": TextDraft(name="Lantern")}, whole=False), STAFF)
    set_listing(other, product_id, visible=True, actor=STAFF)
    assert page(shop, "lamp").name == "Lantern"
    assert page(other, "lamp", "zh-CN", "CNY").name == "Lamp"


def test_saving_the_same_draft_again_changes_nothing(shop: Site) -> None:
    draft = shirt(
        "Oxford",
        "OX",
        attributes=(
            AttributeDraft(
                code="material", names={"en": "Material"}, values=(ValueDraft(names={"en": "Linen"}),), filterable=True
            ),
        ),
    )
    first = save_product(shop, draft, STAFF)
    told = db.value("SELECT COUNT(*) FROM outbox")
    again = save_product(shop, draft, STAFF)
    assert first == Saved(product_id=first.product_id, version=1, created=True, changed=True)
    assert again == Saved(product_id=first.product_id, version=1, created=False, changed=False)
    assert db.value("SELECT COUNT(*) FROM outbox") == told


def test_a_product_is_found_by_the_sku_of_its_variants(shop: Site) -> None:
    first = save_product(shop, simple("Lamp", "LAMP", "10"), STAFF)
    second = save_product(shop, simple("Lamp", "LAMP", "12"), STAFF)
    assert (second.product_id, second.created, second.version) == (first.product_id, False, 2)
    assert page(shop, "lamp").variants[0].price == euro("12")


def test_whole_draft_takes_away_what_it_does_not_name(shop: Site, make: Make) -> None:
    product_id = make(shirt("Oxford", "OX"))
    save_product(shop, replace(shirt("Oxford", "OX", colours=("red",)), id=product_id), STAFF)
    found = page(shop, "oxford")
    assert [variant.sku for variant in found.variants] == ["OX-red-s", "OX-red-m"]
    assert [value.code for value in found.options[0].values] == ["red"]


def test_a_variant_that_comes_back_keeps_its_id_and_its_stock(shop: Site, make: Make) -> None:
    product_id = make(shirt("Oxford", "OX"))
    blue = variant_id("OX-blue-s")
    save_product(shop, replace(shirt("Oxford", "OX", colours=("red",)), id=product_id), STAFF)
    save_product(shop, replace(shirt("Oxford", "OX"), id=product_id), STAFF)
    found = page(shop, "oxford").variant(blue)
    assert found is not None
    assert (found.sku, found.left) == ("OX-blue-s", 10)


def test_partial_draft_leaves_the_rest(shop: Site, make: Make) -> None:
    product_id = make(shirt("Oxford", "OX"))
    more = VariantDraft(sku="OX-red-s", prices=priced("15"))
    save_product(shop, ProductDraft(id=product_id, variants=(more,), whole=False), STAFF)
    found = page(shop, "oxford")
    assert [variant.price for variant in found.variants] == [euro("15"), euro("20"), euro("20"), euro("20")]
    assert found.name == "Oxford"


def test_values_may_be_named_by_their_words(shop: Site) -> None:
    draft = shirt("Oxford", "OX", colours=("red",), sizes=("s",))
    assert draft.variants is not None
    named = replace(draft.variants[0], values={"Colour": "红色", "Size": "S"})
    save_product(shop, replace(draft, variants=(named,)), STAFF)
    assert len(page(shop, "oxford").variants[0].value_ids) == 2


def test_values_with_one_slug_stay_apart(shop: Site) -> None:
    draft = shirt("Book", "BOOK")
    assert draft.options is not None
    languages = replace(
        draft.options[0],
        code="language",
        names={"en": "Language"},
        values=tuple(ValueDraft(names={"en": n}) for n in ("C", "C++", "C#")),
    )
    variants = tuple(VariantDraft(sku=f"B{n}", values={"language": n}, prices=priced("9")) for n in ("C", "C++", "C#"))
    save_product(shop, replace(draft, options=(languages,), variants=variants), STAFF)
    found = page(shop, "book")
    assert len({variant.value_ids for variant in found.variants}) == 3


def test_sku_is_one_in_the_whole_installation(shop: Site, other: Site, make: Make) -> None:
    make("Lamp", "LAMP")
    second = make("Vase", "VASE")
    with pytest.raises(SkuTaken, match="LAMP"):
        create_product(other, simple("Another", "LAMP"), STAFF)
    with pytest.raises(SkuTaken):
        update_product(shop, second, replace(simple("Vase", "LAMP"), id=second), STAFF)


def test_sku_of_a_deleted_variant_stays_taken(shop: Site, make: Make) -> None:
    make(shirt("Oxford", "OX"))
    save_product(shop, shirt("Oxford", "OX", colours=("red",)), STAFF)
    with pytest.raises(SkuTaken):
        create_product(shop, simple("Lamp", "OX-blue-s"), STAFF)


def test_an_edit_that_was_overtaken_is_refused(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP")
    save_product(
        shop, ProductDraft(id=product_id, version=1, texts={"en": TextDraft(summary="mine")}, whole=False), STAFF
    )
    with pytest.raises(Stale):
        save_product(
            shop, ProductDraft(id=product_id, version=1, texts={"en": TextDraft(summary="theirs")}, whole=False), STAFF
        )
    assert page(shop, "lamp").summary == "mine"


def test_a_refused_product_stores_nothing_of_itself_and_stops_nobody(shop: Site) -> None:
    bad = simple("Bad", "BAD", attributes=(AttributeDraft(code="not a code", values=()),))
    results = save_products(shop, [simple("One", "ONE"), bad, simple("Two", "TWO")], STAFF)
    assert [type(result) for result in results] == [Saved, Unfit, Saved]
    assert db.value("SELECT COUNT(*) FROM product") == 2
    assert db.value("SELECT COUNT(*) FROM variant WHERE sku = 'BAD'") == 0


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (ProductDraft(variants=(VariantDraft(sku="X"),)), "name"),
        (simple("X", " "), "sku"),
        (replace(simple("X", "X"), category_ids=(999,)), "categories"),
        (replace(simple("X", "X"), variants=(VariantDraft(sku="X", prices=priced("10", was="9")),)), "was"),
        (replace(simple("X", "X"), variants=(VariantDraft(sku="X", values={"colour": "red"}),)), "values"),
    ],
)
def test_what_does_not_fit_names_its_field(shop: Site, draft: ProductDraft, field: str) -> None:
    with pytest.raises(Unfit) as refused:
        save_product(shop, draft, STAFF)
    assert list(refused.value.errors) == [field]


def test_archived_product_is_gone_until_it_is_restored(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP", stock=3)
    archive_product(product_id, STAFF)
    assert product_page(shop, "en", "EUR", "lamp") is None
    assert cards_for(shop, "en", "EUR", [product_id]) == {}
    restore_product(product_id, STAFF)
    assert page(shop, "lamp").variants[0].left == 3
    assert cards_for(shop, "en", "EUR", [product_id])[product_id].available


def test_product_is_shown_where_it_is_listed_and_sold_where_it_has_a_price(shop: Site, other: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP")
    assert product_page(other, "zh-CN", "CNY", "lamp") is None
    set_listing(other, product_id, visible=True, actor=STAFF)
    assert page(other, "lamp", "zh-CN", "CNY").variants[0].price is None
    assert cards_for(other, "zh-CN", "CNY", [product_id]) == {}
    set_listing(shop, product_id, visible=False, actor=STAFF)
    assert product_page(shop, "en", "EUR", "lamp") is None


def test_unknown_product_is_not_found(shop: Site) -> None:
    with pytest.raises(NotFound):
        archive_product(99, STAFF)
    with pytest.raises(NotFound):
        save_product(shop, ProductDraft(id=99, whole=False), STAFF)


def test_every_save_is_told_and_logged(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP")
    save_product(shop, ProductDraft(id=product_id, vendor="Vesta", whole=False), STAFF)
    events = [row[0] for row in db.rows("SELECT type FROM outbox WHERE site_id = ? ORDER BY id", shop.id)]
    assert events == ["product.changed", "product.changed"]
    log = db.rows(
        "SELECT verb, title, before, after FROM activity WHERE object = ? ORDER BY id", f"product:{product_id}"
    )
    assert log[1] == ("product.changed", "Lamp", '{"vendor":""}', '{"vendor":"Vesta"}')
