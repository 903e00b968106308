"""Shopify's product CSV, understood row by row."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.imports.files import SHOPIFY, counts, eur, one, read, remarks, shopify, table


@pytest.mark.parametrize("name", ["apparel.csv", "home-and-garden.csv"])
def test_shopifys_own_samples_give_the_products_and_variants_that_they_hold(
    name: str, shared_data: Callable[[str], Path]
) -> None:
    path = shared_data(f"shopify/{name}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = read(path)
    assert counts(found) == (len({row["Handle"] for row in rows}), sum(1 for row in rows if row["Variant Price"]))
    assert remarks(found) == []


def test_shopifys_rows_of_thishandle_are_thisproduct_with_variants_and_pictures() -> None:
    first = {"title": "Pot", "vendor": "Clay & Co", "type": "Garden", "tags": "Pot, Plants", "published": "TRUE"}
    small = {"option1_name": "Size", "option1_value": "Small", "variant_price": "9.99", "variant_grams": "400"}
    large = {"option1_value": "Large", "variant_price": "15", "variant_compare_at_price": "0"}
    counted = {"variant_inventory_tracker": "shopify", "variant_inventory_qty": "3"}
    second = {"image_src": "https://a.test/2.jpg", "image_position": "2", "variant_compare_at_price": "12"}
    rows = [
        shopify("pot", **first, **small, **second),
        shopify("pot", **large, **counted),
        shopify("pot", image_src="https://a.test/1.jpg", image_position="1", image_alt_text="A pot"),
    ]
    product = one(table(SHOPIFY, *rows))
    this, other = product.variants
    assert product.vendor == "Clay & Co"
    assert product.categories == (("Garden",),)
    assert [(picture.url[-5], picture.alt) for picture in product.pictures or ()] == [("1", "A pot"), ("2", "")]
    assert (this.sku, this.options, this.weight_g, this.tracked) == ("pot-small", (("Size", "Small"),), 400, False)
    assert (other.sku, other.tracked, other.stock) == ("pot-large", True, 3)
    assert [price.was for variant in product.variants for price in variant.prices or ()] == [eur(1200), None]


def test_shopifys_default_title_is_no_option() -> None:
    product = one(
        table(
            SHOPIFY, shopify("mug", title="Mug", option1_name="Title", option1_value="Default Title", variant_price="5")
        )
    )
    assert product.variants[0].options == ()
    assert product.variants[0].sku == "mug"


@pytest.mark.parametrize(
    ("cells", "expected"), [({"status": "draft"}, False), ({"status": "active"}, True), ({"published": "false"}, False)]
)
def test_shopifys_drafts_are_not_published(cells: dict[str, str], expected: bool) -> None:
    row = shopify("mug", title="Mug", variant_price="5", **{"published": "true", **cells})
    assert one(table(SHOPIFY, row)).published is expected


def test_shopifys_newer_column_names_are_understood() -> None:
    columns = (
        "URL handle",
        "Title",
        "Description",
        "SKU",
        "Price",
        "Compare-at price",
        "Product image URL",
        "Published on online store",
    )
    product = one(table(columns, ("mug", "Mug", "<b>Round</b>", "M-1", "5", "6", "https://a.test/1.jpg", "TRUE")))
    assert (product.variants[0].sku, product.texts[0].body_html, product.published) == ("M-1", "<b>Round</b>", True)
    assert [(price.amount, price.was) for price in product.variants[0].prices or ()] == [(eur(500), eur(600))]
    assert len(product.pictures or ()) == 1


def test_two_variants_with_the_same_options_are_refused() -> None:
    rows = [shopify("pot", title="Pot", option1_name="Size", option1_value="S", variant_price="9", variant_sku="A")]
    rows.append(shopify("pot", option1_value="s", variant_price="9", variant_sku="B"))
    assert remarks(read(table(SHOPIFY, *rows))) == [
        (3, "Option1 Value", "This variant has the same options as the one on line 2.")
    ]
