"""What is exported can be imported again without changing anything, or into an empty shop to make the same one."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalogue.services.categories import delete_category
from core.hookspecs.site import Site
from core.imports.services.export_products import export_products
from core.imports.services.import_products import import_products
from core.kernel import db
from tests.core.imports.files import table
from tests.core.imports.test_import_products import counts, whole_shop

COLUMNS = (
    *("product", "sku", "name", "name:zh-CN", "summary", "body_html", "vendor", "categories", "tags", "option1_name"),
    *("option1_value", "price", "was", "sale_price", "sale_starts", "sale_ends", "stock", "backorders", "weight_g"),
    *("barcode", "needs_delivery", "active", "published", "attribute:Material", "seo_title", "path"),
    "returns",
)
LAMP = (
    *(
        "lamp",
        "L-S",
        "=1+1 Lamp",
        "灯",
        "A “lamp”,\r\nreally",
        "<p>Brass &amp; glass</p>",
        "-5",
        "Light > Lamps, A\\, B",
    ),
    *("warm, brass", "Size", "S+", "20", "25", "15", "2099-11-27", "2099-11-30", "7", "yes", "900", "0400638133393"),
    *("yes", "no", "yes", "Brass, Glass\\, clear", "Lamp", "desk-lamp"),
    "hygiene",
)
LARGE = ("lamp", "L-L", *[""] * 8, "S", "30", *[""] * 4, "unlimited", *[""] * 10)
POT = ("pot", "P", "Pot", *[""] * 13, "0", *[""] * 5, "no", *[""] * 3, "30")


def export(site: Site) -> bytes:
    out = io.BytesIO()
    export_products(site, out)
    return out.getvalue()


def fill(site: Site) -> None:
    lamp = ("'" + LAMP[2], *LAMP[3:])
    done = import_products(site, io.BytesIO(table(COLUMNS, (*LAMP[:2], *lamp), LARGE, POT)))
    assert counts(done) == (2, 0, 0, 0)


def test_what_is_exported_changes_nothing_when_it_is_imported(site: Site) -> None:
    fill(site)
    before = whole_shop()
    report = import_products(site, io.BytesIO(export(site)))
    assert counts(report) == (0, 0, 2, 0)
    assert whole_shop() == before


def test_an_export_makes_the_same_shop_elsewhere(site: Site) -> None:
    fill(site)
    data = export(site)
    with db.transaction():
        db.execute("UPDATE category SET parent_id = NULL")
        for name in ("picture_source", "card", "card_place", "product", "category", "attribute"):
            db.execute(f"DELETE FROM {name}")
        db.execute("DELETE FROM slug")
    assert counts(import_products(site, io.BytesIO(data))) == (2, 0, 0, 0)
    assert export(site) == data


@pytest.mark.parametrize(
    "name", ["woocommerce/sample_products.csv", "shopify/apparel.csv", "shopify/home-and-garden.csv"]
)
def test_another_shops_products_come_out_and_go_in_again(
    site: Site, name: str, shared_data: Callable[[str], Path]
) -> None:
    products = import_products(site, shared_data(name)).created
    before = whole_shop()
    assert counts(import_products(site, io.BytesIO(export(site)))) == (0, 0, products, 0)
    # The addresses of pictures that nobody has fetched yet are no part of the shop.
    assert {**whole_shop(), "picture_source": []} == {**before, "picture_source": []}


def test_words_in_other_languages_survive_an_export_and_import(site: Site) -> None:
    fill(site)
    with db.transaction():
        for table_, column in (("product_attribute", "value"), ("option_value", "code")):
            for id_, code in db.rows(f"SELECT id, {column} FROM {table_}"):
                names = '{"en":"E ' + code + '","zh-CN":"中 ' + code + '"}'
                db.execute(f"UPDATE {table_} SET names = ? WHERE id = ?", names, id_)
    before = whole_shop()
    assert counts(import_products(site, io.BytesIO(export(site)))) == (0, 0, 2, 0)
    assert whole_shop() == before


def test_prices_for_quantities_and_categories_out_of_sight_are_left_alone(site: Site) -> None:
    fill(site)
    with db.transaction():
        variant = db.value("SELECT id FROM variant WHERE sku = 'L-L'")
        db.execute(
            "INSERT INTO price (site_id, variant_id, currency, from_qty, amount) VALUES (?, ?, 'EUR', 10, 2500)",
            site.id,
            variant,
        )
    delete_category(db.value("SELECT category_id FROM category_text WHERE name = 'Light'"), "staff:1")
    before = whole_shop()
    assert counts(import_products(site, io.BytesIO(export(site)))) == (0, 0, 2, 0)
    assert whole_shop() == before
    import_products(site, io.BytesIO(table(("sku", "price"), ("L-L", "28"))))
    assert db.rows("SELECT amount FROM price WHERE variant_id = ? ORDER BY amount", variant) == [(2500,), (2800,)]


def test_a_product_that_is_not_sold_here_comes_out_and_goes_in_without_a_place_here(site: Site) -> None:
    fill(site)
    with db.transaction():
        db.execute("DELETE FROM listing")
        db.execute("DELETE FROM slug WHERE kind = 'product'")
    ids = [row[0] for row in db.rows("SELECT id FROM product ORDER BY id DESC")]
    before, out = whole_shop(), io.BytesIO()
    assert export_products(site, out, batches=[ids[:1], ids[1:]]) == 2
    assert counts(import_products(site, io.BytesIO(out.getvalue()))) == (0, 0, 2, 0)
    assert whole_shop() == before


def test_formulas_are_exported_as_text(site: Site) -> None:
    fill(site)
    assert b"'=1+1 Lamp" in export(site)


def test_an_empty_shop_gives_a_header(site: Site) -> None:
    out = io.BytesIO()
    assert export_products(site, out) == 0
    assert out.getvalue().startswith(b"\xef\xbb\xbfproduct,sku,name,")


def test_the_number_of_products_is_told(site: Site) -> None:
    fill(site)
    told: list[tuple[int, int]] = []
    assert export_products(site, io.BytesIO(), lambda done, total: told.append((done, total))) == 2
    assert told == [(2, 2)]
