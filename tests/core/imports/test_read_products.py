"""Files as a whole: however they were saved, however long they are."""

from __future__ import annotations

import csv
import io
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from core.imports.services.formats import MissingColumns, UnknownFormat
from core.imports.services.read_products import open_products
from core.lib.csv import UnreadableFile
from tests.core.imports.files import SITE, one, read, remarks, table


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_means_the_same_however_it_was_saved(encoding: str, mark: str, end: str) -> None:
    text = "sku,name,price\nL-1,黄铜台灯,12.50\n".replace(",", mark).replace("\n", end)
    product = one(text.encode(encoding))
    assert (product.texts[0].name, product.variants[0].sku) == ("黄铜台灯", "L-1")


@pytest.mark.parametrize(
    ("header", "missing"),
    [("Handle,Title\n", "variant price"), ("Type,Name,Regular price\n", "sku"), ("name,price\n", "sku"), ("", "sku")],
)
def test_missing_columns_are_named(header: str, missing: str) -> None:
    with pytest.raises(MissingColumns, match=missing):
        read(header.encode())


def test_columns_with_other_names_can_be_mapped() -> None:
    data = table(("Artikelnummer", "Bezeichnung", "Preis"), ("L-1", "Lampe", "-3"))
    mapping = {"Artikelnummer": "sku", "Bezeichnung": "name", "Preis": "price"}
    with open_products(SITE, io.BytesIO(data), mapping=mapping) as file:
        found = list(file.products())
    assert remarks(found) == [(2, "Preis", "The price is below zero.")]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnknownFormat, match="woocommerce"), open_products(SITE, io.BytesIO(b"sku\n"), "excel"):
        pass


def test_a_file_that_breaks_off_gives_no_product_at_all() -> None:
    with pytest.raises(UnreadableFile):
        read(b'sku,name\nL-1,Lamp\nL-2,"Pot\nL-3,Mug\n')


def test_reading_goes_on_after_a_line_and_still_knows_the_skus_before_it() -> None:
    data = table(("product", "sku"), ("a", "A"), ("b", "B"), ("c", "A"), ("d", "D"))
    with open_products(SITE, io.BytesIO(data)) as file:
        found = list(file.products(after=3))
    assert [read.line for read in found] == [4, 5]
    assert remarks(found) == [(4, "sku", "The SKU “A” was already used on line 2.")]


@pytest.mark.parametrize("rows", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_file(rows: int, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    body = "<p>" + "A lamp of brass. " * 10 + "</p>"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["product", "sku", "name", "body_html", "price", "option1_name", "option1_value"])
        writer.writerows([f"p{n // 2}", f"S-{n}", f"Lamp {n}", body, "9.90", "Size", "SL"[n % 2]] for n in range(rows))
    tracemalloc.start()
    try:
        with open_products(SITE, path) as file_:
            count = sum(len(found.product.variants) for found in file_.products() if found.product)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == rows
    assert peak < 12_000_000


def test_a_reader_that_is_killed_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is laid out on the disk has no name there, so nobody needs to tidy up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    body = "A lamp of brass. " * 100
    data = table(("product", "sku", "body_html"), *((f"p{n}", f"S-{n}", body) for n in range(3_000)))
    with open_products(SITE, io.BytesIO(data)) as file:
        assert next(iter(file.products())).line == 2
        assert list(tmp_path.iterdir()) == []
