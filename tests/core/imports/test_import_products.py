"""A file into a site: update or create by SKU, whole products, twice without change."""

from __future__ import annotations

import csv
import io
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalogue.services import stock_proof
from core.hookspecs.site import Site
from core.imports.services.import_products import import_products
from core.imports.services.reports import Report, report
from core.imports.services.undo import undo_import
from core.kernel import db, jobs
from tests.core.imports.files import WOO, table, woo

COLUMNS = ("product", "sku", "name", "price", "stock", "option1_name", "option1_value", "categories", "body_html")


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.refused


def load(site: Site, data: bytes, *, dry_run: bool = False) -> Report:
    return import_products(site, io.BytesIO(data), dry_run=dry_run)


def remarks_of(report: Report) -> list[list[str]]:
    """(line, column, kind, what) of every remark in the file."""
    assert report.remarks is not None
    with report.remarks.open(encoding="utf-8-sig", newline="") as file:
        return [row[:4] for row in list(csv.reader(file))[1:]]


def size_of_shop() -> tuple[int, int]:
    return db.value("SELECT COUNT(*) FROM product"), db.value("SELECT COUNT(*) FROM variant")


def whole_shop() -> dict[str, list[tuple[object, ...]]]:
    """Every row that an import may write but its own log."""
    tables = (
        "product",
        "product_text",
        "variant",
        "variant_value",
        "price",
        "product_attribute",
        "product_category",
        "category",
    )
    more = (
        "listing",
        "slug",
        "stock_level",
        "stock_move",
        "card",
        "card_place",
        "picture_source",
        "product_option",
        "option_value",
    )
    return {name: sorted(db.rows(f"SELECT * FROM {name}"), key=repr) for name in (*tables, *more)}


# -- the files of the two shop systems ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sample_products.csv", "sample_products_override.csv"])
def test_woocommerces_samples_come_in_whole_and_twice_without_change(
    site: Site, name: str, shared_data: Callable[[str], Path]
) -> None:
    path = shared_data(f"woocommerce/{name}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        kinds = [row["Type"].split(",")[0] for row in csv.DictReader(file)]
    products, variants = len(kinds) - kinds.count("variation"), len(kinds) - kinds.count("variable")
    assert counts(import_products(site, path)) == (products, 0, 0, 0)
    assert size_of_shop() == (products, variants)
    before = whole_shop()
    assert counts(import_products(site, path)) == (0, 0, products, 0)
    assert whole_shop() == before


@pytest.mark.parametrize("name", ["apparel.csv", "home-and-garden.csv"])
def test_shopifys_samples_come_in_whole_and_twice_without_change(
    site: Site, name: str, shared_data: Callable[[str], Path]
) -> None:
    path = shared_data(f"shopify/{name}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    products, variants = len({row["Handle"] for row in rows}), sum(1 for row in rows if row["Variant Price"])
    assert counts(import_products(site, path)) == (products, 0, 0, 0)
    assert size_of_shop() == (products, variants)
    before = whole_shop()
    assert counts(import_products(site, path)) == (0, 0, products, 0)
    assert whole_shop() == before


def test_woocommerces_second_sample_overrides_the_first(site: Site, shared_data: Callable[[str], Path]) -> None:
    import_products(site, shared_data("woocommerce/sample_products.csv"))
    report = import_products(site, shared_data("woocommerce/sample_products_override.csv"))
    assert counts(report) == (0, 18, 0, 0)
    assert size_of_shop() == (18, 23)
    assert db.value("SELECT COUNT(*) FROM product_text WHERE name LIKE '%Override'") == 18


# -- update or create --------------------------------------------------------------------------------------------------


def test_a_file_creates_then_updates_then_leaves_alone(site: Site) -> None:
    data = table(COLUMNS, ("lamp", "L-1", "Lamp", "12.50", "7", "", "", "Light > Lamps", "<p>Brass</p>"))
    assert counts(load(site, data)) == (1, 0, 0, 0)
    assert db.one("SELECT amount FROM price") == (1250,)
    assert db.one("SELECT on_hand FROM stock_level") == (7,)
    assert db.one("SELECT name, price FROM card WHERE language = 'en'") == ("Lamp", 1250)
    assert counts(load(site, data)) == (0, 0, 1, 0)
    assert counts(load(site, table(("sku", "price"), ("L-1", "9")))) == (0, 1, 0, 0)
    assert db.one("SELECT amount FROM price") == (900,)
    assert db.one("SELECT name, body_html FROM product_text") == ("Lamp", "<p>Brass</p>")


def test_a_dry_run_tells_what_would_happen_and_keeps_nothing(site: Site) -> None:
    load(site, table(("sku", "name", "price", "categories"), ("A", "Lamp", "1", "Light"), ("B", "Pot", "2", "Light")))
    before = whole_shop()
    rows = (
        ("A", "Lamp", "1", "Light"),
        ("B", "Pot", "3", "Light"),
        ("C", "Mug", "4", "Kitchen"),
        ("D", "Cup", "-1", ""),
    )
    report = load(site, table(("sku", "name", "price", "categories"), *rows), dry_run=True)
    assert counts(report) == (1, 1, 1, 1)
    assert whole_shop() == before


def test_a_variant_added_to_the_file_joins_its_product_and_absent_ones_stay(site: Site) -> None:
    load(
        site,
        table(
            COLUMNS,
            ("lamp", "L-S", "Lamp", "1", "", "Size", "S", "", ""),
            ("lamp", "L-M", "", "2", "", "", "M", "", ""),
        ),
    )
    assert counts(
        load(
            site,
            table(
                COLUMNS,
                ("lamp", "L-S", "Lamp", "1", "", "Size", "S", "", ""),
                ("lamp", "L-L", "", "3", "", "", "L", "", ""),
            ),
        )
    ) == (0, 1, 0, 0)
    assert db.rows("SELECT sku FROM variant WHERE deleted_at IS NULL ORDER BY sku") == [("L-L",), ("L-M",), ("L-S",)]
    assert size_of_shop() == (1, 3)


def test_nothing_of_a_product_is_stored_if_one_of_its_rows_cannot_be(site: Site) -> None:
    rows = [("lamp", "L-S", "Lamp", "1", "", "Size", "S", "", ""), ("lamp", "L-M", "", "-2", "", "", "M", "", "")]
    report = load(site, table(COLUMNS, *rows, ("pot", "P", "Pot", "5", "", "", "", "", "")))
    assert counts(report) == (1, 0, 0, 1)
    assert db.rows("SELECT sku FROM variant") == [("P",)]
    assert remarks_of(report) == [["3", "price", "Error", "The price is below zero."]]


def test_a_word_that_says_nothing_about_sending_back_keeps_the_product_out(site: Site) -> None:
    data = b"sku,name,price,returns\nCUP,Cup,4,hygiene\nPOT,Pot,8,voucher\n"
    report = load(site, data)
    assert counts(report) == (1, 0, 0, 1)
    assert remarks_of(report)[0][:2] == ["3", "returns"]


def test_a_new_product_needs_a_name(site: Site) -> None:
    report = load(site, table(("sku", "price"), ("L-1", "9")))
    assert counts(report) == (0, 0, 0, 1)
    assert remarks_of(report) == [["2", "SKU", "Error", "This product is new and has no name."]]


def test_skus_of_two_products_cannot_become_one(site: Site) -> None:
    load(site, table(("sku", "name"), ("A", "Lamp"), ("B", "Pot")))
    report = load(
        site, table(COLUMNS, ("x", "A", "X", "1", "", "Size", "S", "", ""), ("x", "B", "", "1", "", "", "M", "", ""))
    )
    assert remarks_of(report) == [["2", "SKU", "Error", "These SKUs belong to more than one product in the shop."]]


def test_other_options_than_the_product_has_are_refused(site: Site) -> None:
    load(site, table(COLUMNS, ("lamp", "L-S", "Lamp", "1", "", "Size", "S", "", "")))
    report = load(site, table(COLUMNS, ("lamp", "L-S", "Lamp", "1", "", "Colour", "Red", "", "")))
    assert [row[3] for row in remarks_of(report)] == [
        "The options of this variant are not those of the product in the shop."
    ]


def test_words_that_differ_in_signs_only_stay_different_values(site: Site) -> None:
    rows = [
        ("t", f"T-{n}", "Tee", "1", "", "Size", value, "", "")
        for n, value in enumerate(("S", "S+", "S/", "★", "★★", "尺"))
    ]
    data = table(COLUMNS, *rows)
    assert counts(load(site, data)) == (1, 0, 0, 0)
    assert db.value("SELECT COUNT(DISTINCT value_id) FROM variant_value") == 6
    assert counts(load(site, data)) == (0, 0, 1, 0)


def test_products_are_matched_by_sku_even_if_only_a_variation_is_known(site: Site) -> None:
    load(site, table(("sku", "name", "price"), ("W-1", "Old name", "1")))
    report = load(site, table(WOO, woo(sku="W-1", name="New name", regular_price="1")))
    assert counts(report) == (0, 1, 0, 0)
    assert db.one("SELECT name FROM product_text") == ("New name",)


def test_categories_are_made_once_and_follow_the_file(site: Site) -> None:
    columns = ("sku", "name", "categories")
    load(site, table(columns, ("A", "Lamp", "Light > Lamps, Sale"), ("B", "Candle", "Light > Candles")))
    assert db.value("SELECT COUNT(*) FROM category") == 4
    load(site, table(columns, ("A", "Lamp", "Light")))
    names = db.rows(
        "SELECT t.name FROM product_category c"
        " JOIN category_text t ON t.category_id = c.category_id AND t.language = 'en'"
        " JOIN variant v ON v.product_id = c.product_id WHERE v.sku = 'A'"
    )
    assert names == [("Light",)]


def test_a_sku_of_a_product_that_was_put_away_is_refused(site: Site) -> None:
    from core.catalogue.services.products import archive_product

    load(site, table(("sku", "name"), ("A", "Lamp")))
    archive_product(db.value("SELECT id FROM product"), "staff:1")
    report = load(site, table(("sku", "name"), ("A", "Lamp")))
    assert remarks_of(report) == [["2", "SKU", "Error", "The SKU “A” belongs to a product that was put away."]]


def test_remarks_are_a_file_that_runs_nothing(site: Site) -> None:
    report = load(site, table(("sku", "=1+1", "name"), ("A", "x", "=cmd|' /C calc'!A0")))
    assert report.remarks is not None
    assert report.remarks.read_bytes().startswith(b"\xef\xbb\xbf")
    assert remarks_of(report)[0][:3] == ["2", "name", "Error"]


@pytest.mark.parametrize("rows", [600, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_large_file_is_imported_twice_and_undone_in_constant_memory(site: Site, rows: int, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for n in range(rows):
            size = ("Small", "Large")[n % 2]
            name = f"Lamp {n // 2}" if n % 2 == 0 else ""
            writer.writerow(
                [f"p{n // 2}", f"S-{n}", name, "9.90", n % 9, "Size", size, "Light > Lamps", "<p>Brass</p>"]
            )
    memory: list[int] = []

    def measure(_done: int, _total: int) -> None:
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    first = import_products(site, path, progress=measure)
    assert counts(first) == (rows // 2, 0, 0, 0)
    assert counts(import_products(site, path, progress=measure)) == (0, 0, rows // 2, 0)
    assert size_of_shop() == (rows // 2, rows)
    undo_import(site, first.id, "staff:1")
    jobs.run_due()
    measure(0, 0)
    assert (report(site, first.id).undone, size_of_shop()) == (rows // 2, (0, 0))
    # The shop is as before; what was counted and went again is still told.
    assert db.value("SELECT COUNT(*) FROM stock_level") == 0
    stocked = sum(n % 9 > 0 for n in range(rows))
    assert db.one("SELECT COUNT(*), SUM(on_hand) FROM stock_move") == (2 * stocked, 0)
    assert stock_proof() == []
    # What the first tenth needed is enough for the rest; Linux counts in kB.
    assert memory[-1] - memory[len(memory) // 10] < 30_000
