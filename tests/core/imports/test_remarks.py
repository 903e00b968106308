"""A row that cannot be used is named by line and column, and keeps its product out."""

from __future__ import annotations

import pytest

from tests.core.imports.files import SHOPIFY, WOO, eur, one, read, remarks, shopify, table, woo


@pytest.mark.parametrize(
    ("column", "cell", "what"),
    [
        ("price", "-5", "The price is below zero."),
        ("price", "cheap", "“cheap” is not an amount in EUR."),
        ("price", "1.2.3", "“1.2.3” is not an amount in EUR."),
        ("stock", "many", "“many” is not a whole number."),
        ("stock", "-1", "-1 is out of range."),
        ("stock", "1.5", "“1.5” is not a whole number."),
        ("weight_g", "-1", "-1 is out of range."),
        ("weight_g", "NaN", "“NaN” is not a weight."),
        ("weight_g", "1e99", "1000000001 is out of range."),
        ("published", "perhaps", "“perhaps” is neither yes nor no."),
        ("sale_starts", "tomorrow", "“tomorrow” is not a date."),
        ("sale_starts", "9999-12-31", "“9999-12-31” is not a date."),
        ("name", "x" * 256, "This cell has 256 characters; 255 are allowed."),
        ("name", "=HYPERLINK(A1)", "This cell would calculate in a spreadsheet."),
        ("name", "@SUM(1+1)*cmd|' /C calc'!A0", "This cell would calculate in a spreadsheet."),
        ("vendor", "-2+3+cmd|' /C calc'!A0", "This cell would calculate in a spreadsheet."),
        ("name", "L\ufffdmp", "This cell holds letters that could not be read."),
        ("was", "9", "The former price is not above the price."),
        ("sale_price", "10", "The sale price is not below the price."),
    ],
)
def test_a_cell_that_cannot_be_used_keeps_its_product_out_and_is_named(column: str, cell: str, what: str) -> None:
    row = {"sku": "L-1", "name": "Lamp", "price": "10", **dict.fromkeys(("stock", "vendor"), ""), column: cell}
    (found,) = read(table(list(row), list(row.values())))
    assert found.product is None
    assert remarks([found]) == [(2, column, what)]
    assert all(problem.fix for problem in found.problems)


@pytest.mark.parametrize(
    ("cell", "name"), [("'=1+1", "=1+1"), ("-20 % lamp", "-20 % lamp"), ("+size", "+size"), ("@home", "@home")]
)
def test_text_that_only_looks_like_a_formula_comes_in(cell: str, name: str) -> None:
    assert one(table(("sku", "name"), ("L-1", cell))).texts[0].name == name


@pytest.mark.parametrize(
    ("cell", "minor"),
    [("12", 1200), ("12.5", 1250), ("12,50", 1250), ("1.234,56", 123456), ("€ 9", 900), ("12.5000", 1250), ("0", 0)],
)
def test_prices_are_read_as_people_and_databases_write_them(cell: str, minor: int) -> None:
    prices = one(table(("sku", "price"), ("L-1", cell))).variants[0].prices or ()
    assert [price.amount for price in prices] == [eur(minor)]


def test_one_bad_variant_keeps_the_whole_product_out_and_no_other() -> None:
    rows = [("product", "sku", "name", "option1_name", "option1_value", "price")]
    rows += [("a", "A-1", "Lamp", "Size", "S", "1"), ("a", "A-2", "", "", "M", "-1"), ("b", "B-1", "Pot", "", "", "2")]
    found = read(table(*rows))
    assert [read.product is not None for read in found] == [False, True]
    assert remarks(found) == [(3, "price", "The price is below zero.")]


def test_an_sku_counts_once_in_the_whole_file() -> None:
    found = read(table(("product", "sku"), ("a", "A-1"), ("b", "B-1"), ("c", "A-1")))
    assert remarks(found) == [(4, "sku", "The SKU “A-1” was already used on line 2.")]


def test_a_row_without_sku_is_refused() -> None:
    assert remarks(read(table(("sku", "name"), ("", "Lamp")))) == [(2, "sku", "There is no SKU.")]


def test_several_variants_need_something_that_tells_them_apart() -> None:
    columns = ("product", "sku", "option1_name", "option1_value")
    assert remarks(read(table(columns, ("a", "A-1", "", ""), ("a", "A-2", "", "")))) == [
        (2, "option1_value", "This product has several variants, but nothing that tells them apart."),
        (3, "option1_value", "This product has several variants, but nothing that tells them apart."),
    ]
    assert remarks(read(table(columns, ("a", "A-1", "Size", "S"), ("a", "A-2", "", "")))) == [
        (3, "option1_value", "The value of the option “Size” is missing.")
    ]


def test_html_comes_in_without_anything_that_can_run() -> None:
    evil = (
        '<p onclick="x()">Lamp<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">a</a>'
        '<iframe src="//evil.test"></iframe><svg onload=alert(1)></svg><style>*{}</style></p>'
    )
    for data in (
        table(("sku", "body_html"), ("L-1", evil)),
        table(WOO, woo(sku="L-1", name="Lamp", description=evil, regular_price="1")),
        table(SHOPIFY, shopify("l", title="Lamp", **{"body_(html)": evil}, variant_price="1")),
    ):
        body = one(data).texts[0].body_html or ""
        assert body.startswith("<p>Lamp")
        assert not any(word in body for word in ("script", "onclick", "onerror", "onload", "iframe", "style", "alert"))


def test_addresses_that_are_none_are_left_out_with_a_warning() -> None:
    (found,) = read(table(("sku", "pictures"), ("L-1", "https://a.test/1.jpg javascript:alert(1) file:///etc/passwd")))
    assert found.product is not None
    assert [picture.url for picture in found.product.pictures or ()] == ["https://a.test/1.jpg"]
    assert [problem.warning for problem in found.problems] == [True, True]


def test_cells_beyond_the_header_are_refused() -> None:
    assert remarks(read(b"sku,name\nL-1,Lamp, brass\n")) == [
        (2, "", "This row has more cells than the first line has names.")
    ]
