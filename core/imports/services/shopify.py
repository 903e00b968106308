"""Shopify's product CSV: the rows of one product share its handle; further rows add variants, pictures or both.

Columns after https://help.shopify.com/en/manual/products/import-export/using-csv, with the older and the newer names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.imports.services import remarks
from core.imports.services.records import SKU_LIMIT, Record
from core.imports.services.rows import PictureRow, PriceRow, ProductRow, TextRow, VariantRow
from core.lib.text import slugify

_OPTIONS = (1, 2, 3)
_DEFAULT = ("title", "default title")
# The names of 2025 and the ones before them: a file has one or the other.
_NAMES = {
    "handle": "url handle",
    "body (html)": "description",
    "product category": "product category",
    "published": "published on online store",
    "variant sku": "sku",
    "variant grams": "weight value (grams)",
    "variant inventory tracker": "inventory tracker",
    "variant inventory qty": "inventory quantity",
    "variant inventory policy": "continue selling when out of stock",
    "variant price": "price",
    "variant compare at price": "compare-at price",
    "variant requires shipping": "requires shipping",
    "variant barcode": "barcode",
    "image src": "product image url",
    "image position": "image position",
    "image alt text": "image alt text",
    "variant image": "variant image url",
}


class ShopifyFormat:
    name = "shopify"
    title = "Shopify CSV"
    days: tuple[str, ...] = ()

    def missing(self, columns: frozenset[str]) -> tuple[str, ...]:
        needed = ("handle", "title", "variant price")
        return tuple(column for column in needed if column not in columns and _NAMES.get(column) not in columns)

    def key(self, cells: Mapping[str, str], above: str | None) -> str | None:  # noqa: ARG002 (rows meet by their key)
        return (cells.get("handle") or cells.get("url handle") or "").strip() or None

    def aliases(self, cells: Mapping[str, str]) -> tuple[str, ...]:  # noqa: ARG002 (nothing else points at a handle)
        return ()

    def read(self, records: Sequence[Record]) -> ProductRow | None:
        head = records[0]
        if not self.key(head.cells, None):
            head.remark(_column(head, "handle"), remarks.NO_HANDLE)
            return None
        names = _option_names(head)
        return ProductRow(
            line=head.line,
            path=slugify(self.key(head.cells, None) or ""),
            texts=(_texts(head),),
            variants=tuple(_variant(record, head, names) for record in records if _is_variant(record, head)),
            vendor=head.optional("vendor"),
            categories=_categories(head),
            tags=head.each("tags") if head.has("tags") else None,
            pictures=_pictures(records),
            published=_published(head),
        )


def _column(record: Record, name: str) -> str:
    """The name under which this file has the column."""
    return name if record.has(name) else _NAMES.get(name, name)


def _texts(head: Record) -> TextRow:
    return TextRow(
        language=head.reading.site.language,
        name=head.optional("title"),
        body_html=head.prose(_column(head, "body (html)")),
        seo_title=head.optional("seo title"),
        seo_description=head.optional("seo description", limit=1_000),
    )


def _option_names(head: Record) -> tuple[str, ...]:
    """The names of the options in use; the single variant of a product without options is called "Default Title"."""
    names = tuple(head.text(f"option{number} name") for number in _OPTIONS)
    if (names[0].casefold(), head.raw("option1 value").casefold()) == _DEFAULT:
        return ()
    return names[: max((place for place, name in enumerate(names, 1) if name), default=0)]


def _is_variant(record: Record, head: Record) -> bool:
    """A row without price, SKU and options only brings a further picture."""
    columns = (_column(record, "variant price"), _column(record, "variant sku"), "option1 value")
    return record is head or any(record.raw(column) for column in columns)


def _variant(record: Record, head: Record, names: Sequence[str]) -> VariantRow:
    options = tuple((name, record.text(f"option{number} value")) for number, name in enumerate(names, 1))
    tracked, stock = _stock(record)
    picture = record.pictures(
        _column(record, "variant image"), filter(None, [record.raw(_column(record, "variant image"))])
    )
    return VariantRow(
        line=record.line,
        sku=record.text(_column(record, "variant sku"), SKU_LIMIT) or _derived_sku(record, head, options),
        options=options,
        prices=_prices(record),
        tracked=tracked,
        stock=stock,
        backorders=_backorders(record),
        weight_g=record.grams(_column(record, "variant grams")),
        barcode=record.optional(_column(record, "variant barcode"), SKU_LIMIT),
        needs_delivery=record.flag(_column(record, "variant requires shipping")),
        picture=picture[0] if picture else None,
    )


def _derived_sku(record: Record, head: Record, options: Sequence[tuple[str, str]]) -> str:
    """A lasting SKU where the file has none: handle and option values, which together are unique in the file."""
    parts = [head.raw(_column(head, "handle")), *(slugify(value) for _, value in options)]
    sku = "-".join(part for part in parts if part)
    if len(sku) > SKU_LIMIT:
        record.remark(_column(record, "variant sku"), remarks.NO_SKU)
    return sku[:SKU_LIMIT]


def _prices(record: Record) -> tuple[PriceRow, ...]:
    price = record.money(_column(record, "variant price"))
    was = record.money(_column(record, "variant compare at price"))
    if price is None:
        if not record.raw(_column(record, "variant price")):
            record.remark(_column(record, "variant price"), remarks.NO_PRICE, warning=True)
        return ()
    # Many shops write the same amount, or a zero, where nothing was dearer before.
    return (PriceRow(amount=price, was=was if was and was > price else None),)


def _stock(record: Record) -> tuple[bool | None, int | None]:
    """(tracked, pieces): without a tracker Shopify does not count, whatever the quantity says."""
    if not record.has(_column(record, "variant inventory tracker")):
        return None, None
    if not record.raw(_column(record, "variant inventory tracker")):
        return False, None
    pieces = record.whole(_column(record, "variant inventory qty"), least=-(10**9))
    return True, None if pieces is None else max(0, pieces)


def _backorders(record: Record) -> bool | None:
    column = _column(record, "variant inventory policy")
    return record.raw(column).casefold() in {"continue", "true", "yes"} if record.has(column) else None


def _categories(head: Record) -> tuple[tuple[str, ...], ...] | None:
    """The merchant's own type, or else Shopify's taxonomy; collections are not in the file."""
    if kind := head.text("type"):
        return ((kind,),)
    if head.has("product category"):
        return head.paths("product category", "\n")
    return () if head.has("type") else None


def _pictures(records: Sequence[Record]) -> tuple[PictureRow, ...] | None:
    """All pictures of the product by their position; those without one stay where the file has them."""
    column = _column(records[0], "image src")
    if not records[0].has(column):
        return None
    found: dict[str, tuple[int, PictureRow]] = {}
    for record in records:
        for picture in record.pictures(column, filter(None, [record.raw(column)]), [record.text("image alt text")]):
            position = record.whole("image position")
            found.setdefault(picture.url, (len(found) + 1 if position is None else position, picture))
    return tuple(picture for _, picture in sorted(found.values(), key=lambda item: item[0]))


def _published(head: Record) -> bool | None:
    column = _column(head, "published")
    published = head.flag(column)
    if head.raw("status").casefold() in {"draft", "archived", "unlisted"}:
        return False
    return published if head.has(column) else None
