"""Catalogues of Magento, Vendure and Saleor: what their files hold, counted in the raw file, is what the shop has."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.imports.services.import_products import import_products
from core.imports.services.remarks import GROUPED
from core.kernel import db
from core.kernel.installation import installation
from tests.core.imports.files import read, remarks, table
from tests.core.imports.test_import_products import counts, load, remarks_of, whole_shop

Find = Callable[[str], Path]
PICTURES = "https://old.example/media"


@dataclass(frozen=True)
class Numbers:
    """How much of everything there is; `total` is the sum of all prices in minor units."""

    products: int
    variants: int
    values: int
    categories: int
    prices: int
    total: int
    pictures: int


def _shop() -> Numbers:
    return Numbers(
        products=db.value("SELECT COUNT(*) FROM product"),
        variants=db.value("SELECT COUNT(*) FROM variant"),
        values=db.value("SELECT COUNT(*) FROM option_value"),
        categories=db.value("SELECT COUNT(*) FROM category"),
        prices=db.value("SELECT COUNT(*) FROM price"),
        total=int(db.value("SELECT SUM(amount) FROM price")),
        pictures=db.value("SELECT COUNT(*) FROM picture_source"),
    )


def _minor(price: str) -> int:
    return int(Decimal(price) * 100)


def _padded(path: Path) -> list[dict[str, str]]:
    """Rows of Vendure's file, whose columns are aligned with spaces."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name.strip(): cell.strip() for name, cell in row.items()}
            for row in csv.DictReader(file, skipinitialspace=True)
        ]


# -- what the raw files say --------------------------------------------------------------------------------------------


def _magento(path: Path) -> Numbers:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    parents = [row for row in rows if row["product_type"] == "configurable"]
    children = {row["sku"]: row for row in rows if row["product_type"] == "simple"}
    values = pictures = 0
    paths: set[tuple[str, ...]] = set()
    for parent in parents:
        pairs = [pair.split("=") for part in parent["configurable_variations"].split("|") for pair in part.split(",")]
        values += len({(name, value) for name, value in pairs if name != "sku"})
        shown = {parent["base_image"], *parent["additional_images"].split(",")}
        for name, sku in pairs:
            if name == "sku":
                shown |= {children[sku]["base_image"], *children[sku]["additional_images"].split(",")}
        pictures += len(shown - {""})
        for path_ in parent["categories"].split(","):
            steps = path_.split("/")[1:]
            paths |= {tuple(steps[:n]) for n in range(1, len(steps) + 1)}
    return Numbers(
        products=len(parents),
        variants=len(children),
        values=values,
        categories=len(paths),
        prices=len(children),
        total=sum(_minor(row["price"]) for row in children.values()),
        pictures=pictures,
    )


def _vendure(path: Path, without: set[str]) -> Numbers:
    """`without`: names of products that repeat an SKU of another, and so stay out."""
    products: list[list[dict[str, str]]] = []
    for row in _padded(path):
        if row["name"]:
            products.append([])
        products[-1].append(row)
    kept = [rows for rows in products if rows[0]["name"] not in without]
    values = sum(
        len({row["optionValues"].split("|")[n] for row in rows})
        for rows in kept
        for n in range(len([group for group in rows[0]["optionGroups"].split("|") if group]))
    )
    facets = {facet for rows in products for facet in rows[0]["facets"].split("|")}
    rows = [row for rows in kept for row in rows]
    shown = ("assets", "variantAssets")
    return Numbers(
        products=len(kept),
        variants=len(rows),
        values=values,
        categories=len({facet for facet in facets if facet.startswith("category:")}),
        prices=len(rows),
        total=sum(_minor(row["price"]) for row in rows),
        pictures=sum(
            len({name for row in rows for column in shown for name in row[column].split("|")} - {""}) for rows in kept
        ),
    )


def _saleor(path: Path) -> Numbers:
    things: dict[str, dict[Any, Any]] = defaultdict(dict)
    for thing in json.loads(path.read_text()):
        things[thing["model"]][thing["pk"]] = thing["fields"]
    variants = things["product.productvariant"]
    owners = {pk: variant["product"] for pk, variant in variants.items()}
    places = {pk: place["variant"] for pk, place in things["attribute.assignedvariantattribute"].items()}
    chosen = {
        (owners[places[value["assignment"]]], value["value"])
        for value in things["attribute.assignedvariantattributevalue"].values()
    }
    used = {product["category"] for product in things["product.product"].values()}
    while above := {things["product.category"][pk]["parent"] for pk in used} - used - {None}:
        used |= above
    collections = {place["collection"] for place in things["product.collectionproduct"].values()}
    prices = [
        listing["price_amount"]
        for listing in things["product.productvariantchannellisting"].values()
        if listing["currency"] == "USD" and listing["price_amount"] is not None
    ]
    return Numbers(
        products=len(things["product.product"]),
        variants=len(variants),
        values=len(chosen),
        categories=len(used) + len(collections),
        prices=len(prices),
        total=sum(_minor(price) for price in prices),
        pictures=len(things["product.productmedia"]),
    )


# -- and what the shop then has ----------------------------------------------------------------------------------------


def _twice(site: Site, path: Path, refused: int = 0) -> None:
    first = import_products(site, path, pictures=PICTURES)
    assert counts(first) == (_shop().products, 0, 0, refused)
    before = whole_shop()
    assert counts(import_products(site, path, pictures=PICTURES)) == (0, 0, first.created, refused)
    assert whole_shop() == before


@pytest.fixture
def short_magento(shared_data: Find, tmp_path: Path) -> Path:
    """The rows of the first five configurable products."""
    with shared_data("magento/ConfigurableSampleData/products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    kind = rows[0].index("product_type")
    last = [n for n, row in enumerate(rows) if row[kind] == "configurable"][4]
    path = tmp_path / "magento.csv"
    path.write_bytes(table(*rows[: last + 1]))
    return path


def test_some_of_magentos_catalogue_comes_in_as_its_file_says(site: Site, short_magento: Path) -> None:
    _twice(site, short_magento)
    assert _shop() == _magento(short_magento)


@pytest.mark.slow
def test_all_of_magentos_catalogue_comes_in_as_its_file_says(site: Site, shared_data: Find) -> None:
    path = shared_data("magento/ConfigurableSampleData/products.csv")
    _twice(site, path)
    assert _shop() == _magento(path)


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("products.csv", {"Modern Cafe Chair"}),
        ("e2e-fixtures/e2e-products-minimal.csv", set()),
        pytest.param("e2e-fixtures/e2e-products-full.csv", set(), marks=pytest.mark.slow),
        pytest.param("e2e-fixtures/product-import-option-values.csv", set(), marks=pytest.mark.slow),
    ],
)
def test_vendures_catalogues_come_in_as_their_files_say(
    site: Site, shared_data: Find, name: str, without: set[str]
) -> None:
    path = shared_data(f"vendure/{name}")
    _twice(site, path, refused=len(without))
    assert _shop() == _vendure(path, without)


def test_saleors_catalogue_comes_in_as_its_file_says(dollars: Site, shared_data: Find) -> None:
    path = shared_data("saleor/populatedb_data.json")
    _twice(dollars, path)
    assert _shop() == _saleor(path)
    assert db.one(
        "SELECT t.name, t.body_html, v.weight_g, l.on_hand, v.needs_delivery FROM variant v"
        " JOIN product_text t ON t.product_id = v.product_id JOIN stock_level l ON l.variant_id = v.id"
        " WHERE v.sku = 'headless-omnichannel-mp3'"
    ) == ("Headless + Omnichannel in a pill", "<p>Launch <b>new markets fast</b></p>", 0, 4560, False)


@pytest.fixture
def dollars(site: Site) -> Site:
    """The site, selling in dollars as one of Saleor's channels does."""
    with db.transaction():
        db.execute("UPDATE site SET currency = 'USD'")
        db.execute("UPDATE epoch SET n = n + 1")
    return installation().sites.by_id(site.id).site


def test_a_saleor_channel_of_another_currency_gives_no_price(site: Site, shared_data: Find) -> None:
    report = import_products(site, shared_data("saleor/populatedb_data.json"), dry_run=True)
    assert {tuple(row[1:4]) for row in remarks_of(report)} == {("price:eur", "Warning", "There is no price.")}


# -- rows that cannot be used ------------------------------------------------------------------------------------------

MAGENTO = ("sku", "product_type", "name", "price", "special_price", "qty", "visibility", "configurable_variations")
VENDURE = ("name", "slug", "description", "assets", "facets", "optionGroups", "optionValues", "sku", "price")


def _magento_rows(*rows: tuple[object, ...]) -> bytes:
    return table(MAGENTO, *rows)


def test_magentos_variations_are_found_before_and_after_their_product(site: Site) -> None:
    product = ("T", "configurable", "Tee", "9", "", "0", "Catalog, Search", "sku=T-S,size=S|sku=T-M,size=M")
    small, medium = (
        (f"T-{size}", "simple", f"Tee {size}", "9", "", "3", "Not Visible Individually", "") for size in "SM"
    )
    assert counts(load(site, _magento_rows(small, product, medium))) == (1, 0, 0, 0)
    assert db.rows("SELECT code FROM option_value ORDER BY position") == [("s",), ("m",)]
    assert db.rows("SELECT DISTINCT on_hand FROM stock_level") == [(3,)]


def test_what_is_wrong_in_magentos_file_is_told_by_row() -> None:
    found = read(
        _magento_rows(
            ("T", "configurable", "Tee", "9", "", "0", "Catalog, Search", "sku=T-S,size=S|sku=T-M,size=M"),
            ("T-S", "simple", "Tee S", "nine", "", "3", "Not Visible Individually", ""),
            ("L", "simple", "Lamp", "9", "12", "3", "Catalog, Search", ""),
            ("G", "grouped", "Set", "", "", "", "Catalog, Search", ""),
            ("H", "simple", "Part", "1", "", "1", "Not Visible Individually", ""),
        )
    )
    assert remarks(found) == [
        (2, "configurable_variations", "The variation “T-M” of this product is not in the file."),
        (3, "price", "“nine” is not an amount in EUR."),
        (4, "special_price", "The sale price is not below the price."),
        (5, "product_type", str(GROUPED.what)),
        (6, "visibility", "The product can be reached by its address only; here it is not published."),
    ]  # fmt: skip
    assert [one.product is not None for one in found] == [False, True, True, True]


def test_what_is_wrong_in_vendures_file_is_told_by_row() -> None:
    found = read(
        table(
            VENDURE,
            ("Tee", "", "", "", "", "size|colour", "S|red", "T-1", "9"),
            ("", "", "", "", "", "", "M", "T-2", "9"),
            ("Lamp", "", "", "shade", "", "", "", "L", "-1"),
            ("Mug", "", "", "", "", "", "", "", "4"),
        )
    )
    assert remarks(found) == [
        (3, "optionValues", "The value of the option “colour” is missing."),
        (4, "price", "The price is below zero."),
        (4, "assets", "“shade” is not the address of a picture."),
        (5, "sku", "There is no SKU."),
    ]


@pytest.mark.parametrize("data", [b'[{"model": "auth.user", "pk": 1, "fields": {}}]', b'[{"model": "product.product"'])
def test_json_that_is_no_catalogue_is_refused_whole(site: Site, data: bytes) -> None:
    from core.lib.csv import UnreadableFile

    with pytest.raises(UnreadableFile):
        load(site, data)
    assert db.value("SELECT COUNT(*) FROM import_run") == 0


# -- pictures that have only a name ------------------------------------------------------------------------------------


def test_pictures_with_a_name_alone_are_taken_from_a_folder_or_from_the_shops_own(
    site: Site, shared_data: Find, tmp_path: Path
) -> None:
    from core.kernel import jobs

    folder = shared_data("vendure/assets")
    name = next(path.name for path in sorted(folder.iterdir()) if path.suffix == ".jpg")
    lamp = ("Lamp", "", "", f"{name}|nowhere.jpg|../secret.jpg", "", "", "", "L", "1")
    import_products(site, _file(tmp_path, table(VENDURE, lamp)), pictures=folder.as_uri())
    jobs.run_due()
    assert db.rows("SELECT original FROM media") == [(name,)]
    assert db.value("SELECT COUNT(*) FROM product_media") == 1
    pot = ("Pot", "", "", f"pots/{name}", "", "", "", "P", "1")
    report = import_products(site, _file(tmp_path, table(VENDURE, pot)))
    jobs.run_due()
    assert report.remarks is None
    assert db.value("SELECT COUNT(*) FROM product_media") == 2
    assert db.rows("SELECT reason FROM picture_source WHERE state = 'failed'") == [
        ("There is no picture called nowhere.jpg.",)
    ]


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "file.csv"
    path.write_bytes(data)
    return path
