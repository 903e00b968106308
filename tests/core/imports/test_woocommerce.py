"""WooCommerce's product CSV, understood row by row."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.core.imports.files import WOO, counts, eur, one, read, remarks, table, woo


@pytest.mark.parametrize("name", ["sample_products.csv", "sample_products_override.csv"])
def test_woocommerces_own_samples_give_the_products_and_variants_that_they_hold(
    name: str, shared_data: Callable[[str], Path]
) -> None:
    path = shared_data(f"woocommerce/{name}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        kinds = [row["Type"].split(",")[0] for row in csv.DictReader(file)]
    found = read(path)
    assert counts(found) == (len(kinds) - kinds.count("variation"), len(kinds) - kinds.count("variable"))
    assert all(problem.warning for product in found for problem in product.problems)


def test_a_simple_woocommerce_product_is_understood() -> None:
    row = woo(
        sku="L-1",
        name="Desk lamp",
        description="First line\\nsecond line",
        regular_price="20",
        sale_price="18.5",
        stock="7",
        **{"weight_(lbs)": ".5"},
        categories="Light > Lamps, Sale, Tables\\, chairs",
        tags="brass, warm",
        images="https://a.test/1.jpg, https://a.test/2.jpg",
        attribute_1_name="Colour",
        **{"attribute_1_value(s)": "Blue, Green, Red"},
    )
    product = one(table(WOO, row))
    (variant,) = product.variants
    assert product.texts[0].name == "Desk lamp"
    assert product.texts[0].body_html == "<p>First line<br>second line</p>"
    assert product.categories == (("Light", "Lamps"), ("Sale",), ("Tables, chairs",))
    assert product.tags == ("brass", "warm")
    assert product.attributes == {"Colour": ("Blue", "Green", "Red")}
    assert [picture.url for picture in product.pictures or ()] == ["https://a.test/1.jpg", "https://a.test/2.jpg"]
    assert product.published is True
    assert (variant.sku, variant.options, variant.stock, variant.tracked, variant.weight_g) == ("L-1", (), 7, True, 227)
    assert [(price.amount, price.was) for price in variant.prices or ()] == [(eur(1850), eur(2000))]


def test_a_sale_with_dates_becomes_a_price_within_the_days_of_the_site() -> None:
    row = woo(
        sku="L-1",
        name="Lamp",
        regular_price="20",
        sale_price="15",
        date_sale_price_starts="2026-11-27",
        date_sale_price_ends="2026-11-30",
    )
    regular, sale = one(table(WOO, row)).variants[0].prices or ()
    assert (regular.amount, regular.was, regular.starts, regular.ends) == (eur(2000), None, None, None)
    assert (sale.amount, sale.was) == (eur(1500), eur(2000))
    # Berlin is an hour ahead of UTC; the last day counts whole.
    assert sale.starts == datetime(2026, 11, 26, 23, tzinfo=UTC)
    assert sale.ends == datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_variations_find_their_parent_by_sku_or_id_wherever_it_stands() -> None:
    red = {"attribute_1_name": "Colour", "attribute_1_value(s)": "Red"}
    blue = {"attribute_1_name": "Colour", "attribute_1_value(s)": "Blue"}
    rows = [
        woo(id=2, type="variation", sku="L-R", regular_price="20", parent="id:1", **red),
        woo(id=9, sku="X", name="Something between", regular_price="1"),
        woo(
            id=1,
            type="variable",
            sku="L",
            name="Lamp",
            attribute_1_name="Colour",
            **{"attribute_1_value(s)": "Red, Blue"},
        ),
        woo(id=3, type="variation", sku="L-B", regular_price="22", parent="L", **blue),
    ]
    lamp, between = read(table(WOO, *rows))
    assert lamp.product is not None
    assert between.product is not None
    assert [variant.sku for variant in lamp.product.variants] == ["L-R", "L-B"]
    assert [variant.options for variant in lamp.product.variants] == [(("Colour", "Red"),), (("Colour", "Blue"),)]
    assert lamp.line == 2


def test_an_attribute_that_no_variation_decides_describes_the_product() -> None:
    both = {"attribute_1_name": "Colour", "attribute_2_name": "Size"}
    rows = [
        woo(
            type="variable",
            sku="L",
            name="Lamp",
            **both,
            **{"attribute_1_value(s)": "Red", "attribute_2_value(s)": "S, M"},
        ),
        woo(type="variation", sku="L-R", regular_price="20", parent="L", **both, **{"attribute_1_value(s)": "Red"}),
    ]
    product = one(table(WOO, *rows))
    assert product.variants[0].options == (("Colour", "Red"),)
    assert product.attributes == {"Size": ("S", "M")}


def test_a_variation_without_its_parent_is_refused() -> None:
    assert remarks(read(table(WOO, woo(type="variation", sku="L-R", regular_price="20", parent="L")))) == [
        (2, "Parent", "The product “L” of this variation is not in the file.")
    ]


def test_grouped_and_external_products_come_in_hidden_and_say_so() -> None:
    found = read(
        table(
            WOO,
            woo(type="grouped", sku="G", name="Group"),
            woo(type="external", sku="E", name="Poster", regular_price="9"),
        )
    )
    assert [(p.product.published, p.product.hidden_if_new) for p in found if p.product] == [(None, True), (None, True)]
    assert [p.product.variants[0].prices != () for p in found if p.product] == [False, True]
    assert len(remarks(found)) == 2


def test_a_variable_product_without_variations_is_refused() -> None:
    (found,) = read(table(WOO, woo(type="variable", sku="L", name="Lamp")))
    assert found.product is None
    assert remarks([found]) == [(2, "Type", "This product has nothing to buy.")]


def test_of_two_woocommerce_rows_with_one_sku_the_second_is_refused() -> None:
    found = read(
        table(WOO, woo(sku="L", name="Lamp", regular_price="1"), woo(sku="L", name="Lamp again", regular_price="2"))
    )
    assert [read.product is not None for read in found] == [True, False]
    assert remarks(found) == [(3, "SKU", "The SKU “L” was already used on line 2.")]


@pytest.mark.parametrize(
    ("stock", "in_stock", "expected"), [("", "1", (False, None)), ("", "0", (True, 0)), ("-3", "1", (True, 0))]
)
def test_woocommerces_stock_is_counted_only_where_it_counts_it(
    stock: str, in_stock: str, expected: tuple[bool, int | None]
) -> None:
    variant = one(table(WOO, woo(sku="L", name="Lamp", regular_price="1", stock=stock, in_stock=in_stock))).variants[0]
    assert (variant.tracked, variant.stock) == expected


def test_private_drafted_and_hidden_products_are_not_published() -> None:
    rows = [
        woo(sku="A", name="A", regular_price="1", published="0"),
        woo(sku="B", name="B", regular_price="1", published="-1"),
        woo(sku="C", name="C", regular_price="1", visibility_in_catalog="hidden"),
        woo(sku="D", name="D", regular_price="1", visibility_in_catalog="search"),
    ]
    assert [p.product.published for p in read(table(WOO, *rows)) if p.product] == [False, False, False, True]
