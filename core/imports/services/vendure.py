"""Vendure's product CSV: a row with a name begins a product, the rows without one below it are its further variants.

Columns after https://docs.vendure.io/guides/developer-guide/importing-data/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.imports.services import remarks
from core.imports.services.records import SKU_LIMIT, Record, split_list
from core.imports.services.rows import PictureRow, PriceRow, ProductRow, TextRow, VariantRow

_CATEGORY = "category"


class VendureFormat:
    name = "vendure"
    title = "Vendure CSV"
    days: tuple[str, ...] = ()

    def missing(self, columns: frozenset[str]) -> tuple[str, ...]:
        plain = {column.partition(":")[0] for column in columns}
        return tuple(
            column for column in ("name", "optiongroups", "optionvalues", "sku", "price") if column not in plain
        )

    def key(self, cells: Mapping[str, str], above: str | None) -> str | None:
        begins = any(cells.get(column, "").strip() for column in cells if column.partition(":")[0] == "name")
        return None if begins else above

    def aliases(self, cells: Mapping[str, str]) -> tuple[str, ...]:  # noqa: ARG002 (rows belong to the one above)
        return ()

    def read(self, records: Sequence[Record]) -> ProductRow | None:
        head = records[0]
        groups = _parts(head, "optiongroups")
        categories, attributes = _facets(records)
        return ProductRow(
            line=head.line,
            path=head.text(_column(head, "slug")) or None,
            texts=_texts(head),
            variants=tuple(_variant(record, groups) for record in records),
            tax_class=head.text("taxcategory").lower() or None,
            categories=categories,
            attributes=attributes,
            pictures=_pictures(head, "assets"),
            published=head.flag("enabled"),
        )


def _column(record: Record, name: str) -> str:
    """The name under which this file has the column: plain, or with the site's language, or else with any."""
    own = f"{name}:{record.reading.site.language.casefold()}"
    others = (column for column in record.reading.columns if column.partition(":")[0] == name)
    return name if record.has(name) else own if record.has(own) else next(others, name)


def _parts(record: Record, name: str) -> tuple[str, ...]:
    """The parts of a cell between bars, in order, also where one repeats another (`fiz|fiz`)."""
    return tuple(split_list(record.text(_column(record, name)), "|"))


def _texts(head: Record) -> tuple[TextRow, ...]:
    site = head.reading.site
    rows = [_text(head, site.language, *(_column(head, name) for name in ("name", "description")))]
    for language in site.languages:
        names = tuple(f"{name}:{language.casefold()}" for name in ("name", "description"))
        if language != site.language and any(map(head.has, names)):
            rows.append(_text(head, language, *names))
    return tuple(rows)


def _text(head: Record, language: str, name: str, description: str) -> TextRow:
    return TextRow(language=language, name=head.optional(name), body_html=head.prose(description))


def _facets(records: Sequence[Record]) -> tuple[tuple[tuple[str, ...], ...] | None, dict[str, tuple[str, ...]]]:
    """Facets called `category` are what Vendure makes its collections of: categories. All others are attributes."""
    head, found = records[0], dict[str, dict[str, None]]()
    cells = [(head, "facets"), *((record, "variantfacets") for record in records)]
    for record, column in cells:
        for facet in record.each(_column(record, column), "|"):
            name, _, value = facet.partition(":")
            if name.strip() and value.strip():
                found.setdefault(name.strip(), {})[value.strip()] = None
    paths = tuple((name,) for name in found.pop(_CATEGORY, {}))
    known = head.has(_column(head, "facets"))
    return paths if known else None, {name: tuple(values) for name, values in found.items()}


def _variant(record: Record, groups: Sequence[str]) -> VariantRow:
    values = _parts(record, "optionvalues")
    sku = record.text("sku", SKU_LIMIT)
    if not sku:
        record.remark("sku", remarks.NO_SKU)
    tracked, stock = _stock(record)
    picture = _pictures(record, "variantassets")
    return VariantRow(
        line=record.line,
        sku=sku,
        options=tuple((name, values[n] if n < len(values) else "") for n, name in enumerate(groups)),
        prices=_prices(record),
        tracked=tracked,
        stock=stock,
        active=record.flag("variantenabled") if record.has("variantenabled") else None,
        picture=picture[0] if picture else None,
    )


def _prices(record: Record) -> tuple[PriceRow, ...]:
    price = record.money("price")
    if price is None and not record.raw("price"):
        record.remark("price", remarks.NO_PRICE, warning=True)
    return () if price is None else (PriceRow(amount=price),)


def _stock(record: Record) -> tuple[bool | None, int | None]:
    """(tracked, pieces): counted unless the row says that it is not; a shop that owes pieces has none."""
    if record.raw("trackinventory").casefold() == "false":
        return False, None
    if not record.has("stockonhand"):
        return None, None
    pieces = record.whole("stockonhand", least=-(10**9))
    return True, None if pieces is None else max(0, pieces)


def _pictures(record: Record, column: str) -> tuple[PictureRow, ...] | None:
    return record.pictures(column, split_list(record.raw(column), "|")) if record.has(column) else None
