"""What a run changes, noted in the transaction of the change: how every product was before.

The rows that belong to a product are read before and after a batch is saved; those that differ are kept.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.catalogue.models import (
    Listing,
    OptionValue,
    Price,
    Product,
    ProductAttribute,
    ProductCategory,
    ProductMedia,
    ProductOption,
    ProductText,
    Slug,
    Variant,
    VariantValue,
)
from core.catalogue.services.stock_counts import first_location
from core.catalogue.services.writing import encoded, insert_rows
from core.hookspecs.site import Site
from core.kernel import db

Rows = list[dict[str, Any]]
Facts = dict[str, Rows]


def import_reference(run_id: int) -> str:
    """What a run's moves of stock are for, and those of its undo."""
    return f"import:{run_id}"


class Part(Struct, frozen=True):
    """A table of the catalogue, its columns, which of them tell rows apart, and how its rows are found by product."""

    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    source: str
    on_site: bool = False


def _part(model: Any, source: str = "", *, on_site: bool = False, without: Collection[str] = ()) -> Part:
    meta = model._meta
    keys = meta.primary_key.field_names if meta.composite_key else (meta.primary_key.name,)
    return Part(
        meta.table_name,
        tuple(field.column_name for field in meta.sorted_fields if field.column_name not in without),
        tuple(meta.fields[name].column_name for name in keys),
        source or f"SELECT x.product_id AS owner, x.* FROM {meta.table_name} x WHERE x.product_id IN (%s)",
        on_site,
    )


_BY_VARIANT = "JOIN variant v ON v.id = x.variant_id WHERE v.product_id IN (%s)"
# In the order in which they refer to each other. What a product's row says of its edits is no part of how it was.
PARTS = (
    _part(
        Product, "SELECT x.id AS owner, x.* FROM product x WHERE x.id IN (%s)",
        without=("version", "created_at", "updated_at", "deleted_at"),
    ),
    _part(ProductText),
    _part(ProductOption),
    _part(
        OptionValue,
        "SELECT o.product_id AS owner, x.* FROM option_value x JOIN product_option o ON o.id = x.option_id"
        " WHERE o.product_id IN (%s)",
    ),
    _part(Variant),
    _part(VariantValue, f"SELECT v.product_id AS owner, x.* FROM variant_value x {_BY_VARIANT}"),
    _part(
        Price,
        f"SELECT v.product_id AS owner, x.* FROM price x {_BY_VARIANT} AND x.list IS NULL AND x.site_id = ?",
        on_site=True,
    ),
    _part(ProductAttribute),
    _part(ProductCategory),
    _part(ProductMedia),
    _part(
        Listing,
        "SELECT x.product_id AS owner, x.* FROM listing x WHERE x.product_id IN (%s) AND x.site_id = ?",
        on_site=True,
    ),
    _part(
        Slug,
        "SELECT x.ref AS owner, x.* FROM slug x WHERE x.kind = 'product' AND x.ref IN (%s) AND x.site_id = ?",
        on_site=True,
    ),
)  # fmt: skip
STOCK = "stock"
_BY_TABLE = {part.table: part for part in PARTS}


def facts(site: Site, product_ids: Collection[int]) -> dict[int, Facts]:
    """All rows of these products by product and table, and the stock at the first location under `stock`."""
    found: dict[int, Facts] = {product_id: {} for product_id in product_ids}
    ids = sorted(product_ids)
    if not ids:
        return found
    for part in PARTS:
        columns = ", ".join(f'y."{name}"' for name in ("owner", *part.columns))
        source = part.source % db.marks(ids)
        for owner, *values in db.rows(
            f"SELECT {columns} FROM ({source}) y ORDER BY {', '.join(f'y.{key}' for key in part.keys)}",
            *ids, *([site.id] if part.on_site else []),
        ):  # fmt: skip
            found[owner].setdefault(part.table, []).append(dict(zip(part.columns, values, strict=True)))
    for owner, variant_id, on_hand, limit in db.rows(
        "SELECT v.product_id, v.id, l.on_hand, l.backorder_limit FROM stock_level l"
        " JOIN variant v ON v.id = l.variant_id"
        f" WHERE l.location_id = ? AND v.product_id IN ({db.marks(ids)}) ORDER BY v.id",
        first_location(), *ids,
    ):  # fmt: skip
        row = {"variant_id": variant_id, "on_hand": on_hand, "backorder_limit": limit}
        found[owner].setdefault(STOCK, []).append(row)
    return found


def part(table: str) -> Part:
    """The part of this table."""
    return _BY_TABLE[table]


def differing(before: Facts, after: Facts) -> Facts:
    """The rows of `before` of all tables that differ afterwards."""
    return {table: before.get(table, []) for table in {*before, *after} if before.get(table) != after.get(table)}


# -- notes -------------------------------------------------------------------------------------------------------------

_COLUMNS = ("run_id", "line", "kind", "ref", "title", "created", "version", "before", "after", "state", "reason")


class Note(Struct, frozen=True, kw_only=True):
    """One row of the journal, to be written."""

    ref: int
    kind: str = "product"
    line: int = 0
    title: str = ""
    created: bool = True
    version: int = 0
    before: Mapping[str, Any] | None = None
    after: Sequence[Mapping[str, Any]] = ()


def note(run_id: int, notes: Iterable[Note]) -> None:
    """Part of a verb: write these rows."""
    rows = [
        (
            *(run_id, one.line, one.kind, one.ref, one.title[:255], one.created, one.version),
            *(encoded(one.before or {}), encoded({STOCK: list(one.after)} if one.after else {}), "", ""),
        )
        for one in notes
    ]
    insert_rows("import_change", _COLUMNS, rows)


def hold(product_ids: Collection[int]) -> None:
    """Part of a verb: nobody else changes these products until it ends. SQLite has one writer anyway."""
    if product_ids and not db.is_sqlite():
        ids = sorted(product_ids)
        db.rows(f"SELECT id FROM product WHERE id IN ({db.marks(ids)}) ORDER BY id FOR UPDATE", *ids)


def attribute_ids() -> frozenset[int]:
    """The attributes that there are; there are some dozen, however many products."""
    return frozenset(row[0] for row in db.rows("SELECT id FROM attribute"))


def decoded_facts(text: str) -> dict[str, Any]:
    """Facts as they were stored."""
    found: dict[str, Any] = json.loads(text)
    return found
