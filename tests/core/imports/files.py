"""Files of products for tests: made from rows, and read back as products and remarks."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from core.hookspecs.site import Site
from core.imports.services.read_products import ReadProduct, open_products
from core.imports.services.rows import ProductRow
from core.lib.money import Money

SITE = Site(
    id=1,
    key="lantern",
    name="Lantern",
    host="lantern.test",
    origin="http://lantern.test",
    theme="plain",
    language="en",
    languages=("en", "zh-CN"),
    currency="EUR",
    currencies=("EUR",),
    country="DE",
    timezone="Europe/Berlin",
    email="shop@lantern.test",
    prices_include_tax=True,
)


def table(*rows: Sequence[object]) -> bytes:
    """A CSV file of these rows."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def read(data: bytes | Path) -> list[ReadProduct]:
    with open_products(SITE, io.BytesIO(data) if isinstance(data, bytes) else data) as file:
        return list(file.products())


def one(data: bytes) -> ProductRow:
    """The only product of a file without remarks."""
    (found,) = read(data)
    assert found.problems == ()
    assert found.product is not None
    return found.product


def remarks(found: Sequence[ReadProduct]) -> list[tuple[int, str, str]]:
    return [(p.line, p.column, p.what) for product in found for p in product.problems]


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


WOO = (
    *("ID", "Type", "SKU", "Name", "Published", "Description", "Sale price", "Regular price", "Date sale price starts"),
    *("Date sale price ends", "Stock", "In stock?", "Weight (lbs)", "Categories", "Tags", "Images", "Parent"),
    *("Attribute 1 name", "Attribute 1 value(s)", "Attribute 2 name", "Attribute 2 value(s)", "Visibility in catalog"),
)


def woo(**cells: object) -> list[object]:
    """A row of WooCommerce's file; words joined by _ name the columns."""
    names = {name.lower().replace(" ", "_").strip("?"): name for name in WOO}
    given = {names[name]: value for name, value in {"type": "simple", "published": 1, **cells}.items()}
    return [given.get(name, "") for name in WOO]


SHOPIFY = (
    *(
        "Handle",
        "Title",
        "Body (HTML)",
        "Vendor",
        "Type",
        "Tags",
        "Published",
        "Option1 Name",
        "Option1 Value",
        "Option2 Name",
    ),
    *(
        "Option2 Value",
        "Variant SKU",
        "Variant Grams",
        "Variant Inventory Tracker",
        "Variant Inventory Qty",
        "Variant Price",
    ),
    *(
        "Variant Compare At Price",
        "Variant Requires Shipping",
        "Image Src",
        "Image Position",
        "Image Alt Text",
        "Status",
    ),
)


def shopify(handle: str, **cells: object) -> list[object]:
    names = {name.lower().replace(" ", "_"): name for name in SHOPIFY}
    given = {"Handle": handle, **{names[name]: value for name, value in cells.items()}}
    return [given.get(name, "") for name in SHOPIFY]


def counts(found: Sequence[ReadProduct]) -> tuple[int, int]:
    products = [read.product for read in found if read.product is not None]
    return len(products), sum(len(product.variants) for product in products)
