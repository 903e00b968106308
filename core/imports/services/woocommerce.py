"""WooCommerce's product CSV: one row per product or variation, variations point at their parent by SKU or `id:`.

Columns after https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count

from core.imports.services import remarks
from core.imports.services.records import SKU_LIMIT, Record, split_list
from core.imports.services.rows import PictureRow, PriceRow, ProductRow, TextRow, VariantRow

_WEIGHT = re.compile(r"weight \((kg|g|lbs|oz)\)")
_LISTED = frozenset({"", "visible", "catalog", "search"})
_ANY = "—"


class WooCommerceFormat:
    name = "woocommerce"
    title = "WooCommerce CSV"
    days: tuple[str, ...] = ("date sale price starts", "date sale price ends")

    def missing(self, columns: frozenset[str]) -> tuple[str, ...]:
        if "regular price" not in columns and "type" not in columns:
            return ("type", "sku", "name", "regular price")
        return tuple(column for column in ("type", "sku", "name") if column not in columns)

    def key(self, cells: Mapping[str, str], above: str | None) -> str | None:  # noqa: ARG002 (rows meet by their key)
        if _kind(cells) == "variation":
            parent = cells.get("parent", "").strip()
            return parent.casefold() if parent.startswith("id:") else f"sku:{parent}" if parent else None
        return next(iter(self.aliases(cells)), None)

    def aliases(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        if _kind(cells) == "variation":
            return ()
        sku, number = cells.get("sku", "").strip(), cells.get("id", "").strip()
        return tuple(alias for alias, given in ((f"sku:{sku}", sku), (f"id:{number}", number)) if given)

    def read(self, records: Sequence[Record]) -> ProductRow | None:
        head = next((record for record in records if _kind(record.cells) != "variation"), None)
        variations = [record for record in records if _kind(record.cells) == "variation"]
        if head is not None and _kind(head.cells) == "variable":
            return _variable(head, variations)
        for record in variations:
            record.remark("parent", remarks.NO_PARENT, parent=record.raw("parent"))
        return _simple(head) if head is not None else None


def _kind(cells: Mapping[str, str]) -> str:
    """The first word of `simple, downloadable, virtual`."""
    return cells.get("type", "").split(",")[0].strip().casefold() or "simple"


def _traits(record: Record) -> set[str]:
    return {word.strip().casefold() for word in record.cells.get("type", "").split(",")}


def _simple(head: Record) -> ProductRow:
    kind = _kind(head.cells)
    if kind == "grouped":
        head.remark("type", remarks.GROUPED, warning=True)
    elif kind == "external":
        head.remark("type", remarks.EXTERNAL, warning=True, url=head.raw("external url"))
    variant = _variant(head, options=())
    attributes = {name: values for name, values in _attributes(head) if values}
    return _product(head, (head,), (variant,), attributes, kind)


def _variable(head: Record, variations: Sequence[Record]) -> ProductRow:
    offered = dict(_attributes(head))
    chosen = [dict(_attributes(record)) for record in variations]
    # An attribute that no variation decides ("any size") tells nothing apart: it describes the product.
    names = [name for name in offered if any(values.get(name) for values in chosen)]
    variants = tuple(
        _variant(record, options=tuple((name, _value(record, name, values)) for name in names))
        for record, values in zip(variations, chosen, strict=True)
    )
    if not variants:
        head.remark("type", remarks.NO_VARIANTS)
    attributes = {name: values for name, values in offered.items() if values and name not in names}
    return _product(head, (head, *variations), variants, attributes, "variable")


def _value(record: Record, name: str, values: Mapping[str, tuple[str, ...]]) -> str:
    given = values.get(name, ())
    if not given:
        record.remark("attribute 1 value(s)", remarks.ANY_VALUE, warning=True, option=name, any=_ANY)
    return ", ".join(given) or _ANY


def _attributes(record: Record) -> list[tuple[str, tuple[str, ...]]]:
    """(name, values) in the file's order; a name without values is kept."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for number in count(1):
        column = f"attribute {number} name"
        if not record.has(column):
            break
        if name := record.text(column):
            values = f"attribute {number} value(s)"
            variation = _kind(record.cells) == "variation"
            found.append((name, tuple(filter(None, [record.text(values)])) if variation else record.each(values, ",|")))
    return found


def _variant(record: Record, options: tuple[tuple[str, str], ...]) -> VariantRow:
    sku = record.text("sku", SKU_LIMIT) or (f"woo-{record.raw('id')}" if record.raw("id").isdigit() else "")
    if not sku:
        record.remark("sku", remarks.NO_SKU)
    tracked, stock = _stock(record)
    pictures = _pictures(record)
    return VariantRow(
        line=record.line,
        sku=sku,
        options=options,
        prices=_prices(record),
        tracked=tracked,
        stock=stock,
        backorders=_backorders(record),
        weight_g=_weight(record),
        barcode=record.optional("gtin, upc, ean, or isbn", SKU_LIMIT),
        needs_delivery="virtual" not in _traits(record) if record.has("type") else None,
        active=record.raw("published") != "-1" if _kind(record.cells) == "variation" else None,
        picture=pictures[0] if pictures and _kind(record.cells) == "variation" else None,
    )


def _prices(record: Record) -> tuple[PriceRow, ...] | None:
    if not record.has("regular price"):
        return None
    regular, sale = record.money("regular price"), record.money("sale price")
    if regular is not None:
        return record.prices(regular, sale, "date sale price starts", "date sale price ends", "sale price")
    if _kind(record.cells) != "grouped" and not record.raw("regular price"):
        record.remark("regular price", remarks.NO_PRICE, warning=True)
    return ()


def _stock(record: Record) -> tuple[bool | None, int | None]:
    """(tracked, pieces): an empty stock is not counted, unless the row says that there is none."""
    if not record.has("stock") and not record.has("in stock?"):
        return None, None
    # Variations write "parent" where the parent keeps the count; the core counts each variant by itself.
    if record.raw("stock") and record.raw("stock") != "parent":
        stock = record.whole("stock", least=-(10**9))
        return True, None if stock is None else max(0, stock)
    if record.raw("in stock?") == "0":
        return True, 0
    return False, None


def _backorders(record: Record) -> bool | None:
    if not record.has("backorders allowed?"):
        return None
    return True if record.raw("backorders allowed?") == "notify" else record.flag("backorders allowed?") or False


def _weight(record: Record) -> int | None:
    for column in record.reading.columns:
        if match := _WEIGHT.fullmatch(column):
            return record.grams(column, match[1])
    return None


def _pictures(record: Record) -> tuple[PictureRow, ...] | None:
    return record.pictures("images", split_list(record.raw("images"), ",")) if record.has("images") else None


def _published(head: Record, kind: str) -> bool | None:
    if kind in {"grouped", "external"} or not head.has("published"):
        return None
    public = head.raw("published") in {"1", ""}
    listed = head.raw("visibility in catalog").casefold() in _LISTED
    if public and not listed:
        head.remark("visibility in catalog", remarks.HIDDEN, warning=True)
    return public and listed


def _product(
    head: Record,
    records: Sequence[Record],
    variants: tuple[VariantRow, ...],
    attributes: Mapping[str, tuple[str, ...]],
    kind: str,
) -> ProductRow:
    if any(head.raw(column) for column in head.reading.columns if re.fullmatch(r"download \d+ url", column)):
        head.remark("type", remarks.DOWNLOADS, warning=True)
    return ProductRow(
        line=min(record.line for record in records),
        texts=(
            TextRow(
                language=head.reading.site.language,
                name=head.optional("name"),
                summary=head.plain("short description"),
                body_html=head.prose("description"),
            ),
        ),
        variants=variants,
        vendor=next((head.text(column) for column in ("brands", "brand") if head.has(column)), None),
        categories=head.paths("categories", ",|") if head.has("categories") else None,
        tags=head.each("tags", ",|") if head.has("tags") else None,
        attributes=attributes,
        pictures=_pictures(head),
        published=_published(head, kind),
        hidden_if_new=kind in {"grouped", "external"},
    )
