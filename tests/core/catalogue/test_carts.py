"""What a cart asks about its lines."""

from __future__ import annotations

from msgspec.structs import replace

from core.catalogue.services import archive_product, cart_variants, ensure_category, set_listing
from core.catalogue.services.products import save_product
from core.catalogue.services.shapes import Stock
from core.hookspecs.site import Site
from core.kernel import db
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, euro, shirt, simple, variant_id


def test_a_line_has_all_it_shows_and_all_that_is_counted_with(shop: Site, make: Make) -> None:
    category = ensure_category(["Goods", "Shirts"], "en", STAFF)
    draft = shirt("Oxford", "OX", category_ids=(category,), tax_class="reduced")
    assert draft.variants is not None
    make(replace(draft, variants=tuple(replace(variant, weight_g=250) for variant in draft.variants)))
    red = variant_id("OX-red-m")
    line = cart_variants(shop, "zh-CN", "EUR", [red])[red]
    assert (line.name, line.path, line.sku) == ("Oxford衬衫", "oxford衬衫", "OX-red-m")
    assert line.choices == (("颜色", "红色"), ("尺码", "M"))
    assert (line.price, line.stock, line.left) == (euro("20"), Stock.AVAILABLE, 10)
    assert (line.tax_class, line.weight_g, line.needs_delivery) == ("reduced", 250, True)
    parent = db.value("SELECT parent_id FROM category WHERE id = ?", category)
    assert line.category_ids == {category, parent}


def test_what_is_no_longer_sold_has_no_price(shop: Site, other: Site, make: Make) -> None:
    product_id = make(simple("Lamp", "LAMP", stock=2))
    lamp = variant_id("LAMP")
    assert cart_variants(shop, "en", "EUR", [lamp])[lamp].stock is Stock.LOW
    assert cart_variants(shop, "en", "USD", [lamp])[lamp].price is None
    assert cart_variants(other, "zh-CN", "CNY", [lamp])[lamp].price is None
    set_listing(shop, product_id, visible=False, actor=STAFF)
    assert cart_variants(shop, "en", "EUR", [lamp])[lamp].price is None
    set_listing(shop, product_id, visible=True, actor=STAFF)
    archive_product(product_id, STAFF)
    assert cart_variants(shop, "en", "EUR", [lamp])[lamp].price is None
    assert cart_variants(shop, "en", "EUR", [999]) == {}


def test_deleted_variant_is_still_named_but_not_sold(shop: Site, make: Make) -> None:
    make(shirt("Oxford", "OX"))
    blue = variant_id("OX-blue-s")
    save_product(shop, shirt("Oxford", "OX", colours=("red",)), STAFF)
    line = cart_variants(shop, "en", "EUR", [blue])[blue]
    assert (line.name, line.price) == ("Oxford", None)


def test_a_cart_takes_one_statement_however_long(shop: Site, make: Make) -> None:
    make(shirt("Oxford", "OX"))
    ids = [row[0] for row in db.rows("SELECT id FROM variant")]
    with db.counted() as statements:
        assert len(cart_variants(shop, "en", "EUR", ids)) == 4
    assert len(statements) == 1
    assert cart_variants(shop, "en", "EUR", []) == {}
