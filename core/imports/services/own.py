"""Our own product CSV, described for merchants in docs/guide/import.md: the columns, and how a row is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from core.catalogue.services.returns import NEVER, SHOP, UnknownReturns, parse_returns
from core.imports.services import remarks
from core.imports.services.records import HTML_LIMIT, SKU_LIMIT, SUMMARY_LIMIT, Record
from core.imports.services.rows import PictureRow, PriceRow, ProductRow, TextRow, VariantRow

TEXTS = ("name", "summary", "body_html", "seo_title", "seo_description")
ATTRIBUTE = "attribute:"
OPTION = "option:"
FIELDS = (
    *(
        "sku",
        "product",
        "name",
        "summary",
        "body_html",
        "price",
        "was",
        "sale_price",
        "sale_starts",
        "sale_ends",
        "stock",
    ),
    *(
        "backorders",
        "categories",
        "tags",
        "vendor",
        "pictures",
        "picture_alts",
        "variant_picture",
        "barcode",
        "weight_g",
    ),
    *("tax_class", "returns", "needs_delivery", "published", "active", "path", "seo_title", "seo_description"),
)
UNLIMITED = "unlimited"


class OwnFormat:
    name = "stoa"
    title = "Stoa CSV"
    days: tuple[str, ...] = ("sale_starts", "sale_ends")

    def missing(self, columns: frozenset[str]) -> tuple[str, ...]:
        return () if "sku" in columns else ("sku",)

    def key(self, cells: Mapping[str, str], above: str | None) -> str | None:  # noqa: ARG002 (rows meet by their key)
        return cells.get("product", "").strip() or None

    def aliases(self, cells: Mapping[str, str]) -> tuple[str, ...]:  # noqa: ARG002 (rows meet by their key alone)
        return ()

    def read(self, records: Sequence[Record]) -> ProductRow | None:
        head = records[0]
        # An option by its column is one of the product if any of its rows has a value for it.
        columns = (column for column in head.reading.columns if column.startswith(OPTION))
        names = tuple(column for column in columns if any(record.raw(column) for record in records))
        return ProductRow(
            line=head.line,
            path=head.optional("path") or None,
            texts=_texts(head),
            variants=tuple(_variant(record, head, names) for record in records),
            vendor=head.optional("vendor"),
            tax_class=head.optional("tax_class") or None,
            returns=_returns(head),
            categories=head.paths("categories", ",|") if head.has("categories") else None,
            tags=head.each("tags", ",") if head.has("tags") else None,
            attributes=_attributes(head),
            pictures=_pictures(head),
            published=head.flag("published"),
        )


def _returns(head: Record) -> str | None:
    """What is said of sending back; a word that nobody knows keeps the product out."""
    word = head.optional("returns")
    if word is None:
        return None
    try:
        return parse_returns(word)
    except UnknownReturns:
        head.remark("returns", remarks.UNKNOWN_RETURNS, value=word, words=", ".join((SHOP, *NEVER)))
        return None


def _texts(head: Record) -> tuple[TextRow, ...]:
    """The site's own language in plain columns, further ones as `name:zh-CN`."""
    reading = head.reading
    spoken = {language.casefold(): language for language in reading.site.languages}
    suffixes = {reading.site.language: ""}
    for column in reading.columns:
        text, _, language = column.partition(":")
        if text in TEXTS and language in spoken:
            suffixes[spoken[language]] = f":{language}"
        elif text in TEXTS and language:
            head.remark(column, remarks.UNKNOWN_LANGUAGE, language=language)
    rows = (_text(head, language, suffix) for language, suffix in suffixes.items())
    return tuple(row for row in rows if row != TextRow(language=row.language))


def _text(head: Record, language: str, suffix: str) -> TextRow:
    return TextRow(
        language=language,
        name=head.optional("name" + suffix) or None,
        summary=head.optional("summary" + suffix, SUMMARY_LIMIT),
        body_html=head.html("body_html" + suffix),
        seo_title=head.optional("seo_title" + suffix),
        seo_description=head.optional("seo_description" + suffix, SUMMARY_LIMIT),
    )


def _variant(record: Record, head: Record, names: Sequence[str]) -> VariantRow:
    sku = record.text("sku", SKU_LIMIT)
    if not sku:
        record.remark("sku", remarks.NO_SKU)
    tracked, stock = _stock(record)
    picture = record.pictures("variant_picture", filter(None, [record.raw("variant_picture")]))
    return VariantRow(
        line=record.line,
        sku=sku,
        options=_options(record, head, names),
        prices=_prices(record),
        tracked=tracked,
        stock=stock,
        backorders=record.flag("backorders"),
        weight_g=record.grams("weight_g"),
        barcode=record.optional("barcode", SKU_LIMIT),
        needs_delivery=record.flag("needs_delivery"),
        active=record.flag("active"),
        picture=picture[0] if picture else None,
    )


def _options(record: Record, head: Record, names: Sequence[str]) -> tuple[tuple[str, str], ...] | None:
    """The names stand on the product's first row, or on each, or above a column of their own."""
    if not record.has("option1_name"):
        own = tuple((_named(record, column, OPTION), record.text(column)) for column in names)
        return own or (() if any(column.startswith(OPTION) for column in record.reading.columns) else None)
    found: list[tuple[str, str]] = []
    for number in count(1):
        column = f"option{number}_name"
        if not record.has(column):
            break
        if name := record.text(column) or head.text(column):
            found.append((name, record.text(f"option{number}_value")))
    return tuple(found)


def _prices(record: Record) -> tuple[PriceRow, ...] | None:
    if not record.has("price"):
        return None
    price, was, sale = record.money("price"), record.money("was"), record.money("sale_price")
    if price is None:
        if not record.raw("price"):
            record.remark("price", remarks.NO_PRICE, warning=True)
        return ()
    if was is not None and was <= price:
        record.remark("was", remarks.WAS_NOT_HIGHER)
    found = record.prices(price, sale, "sale_starts", "sale_ends", "sale_price")
    return (PriceRow(amount=price, was=was), *found[1:]) if found[0].amount == price else found


def _stock(record: Record) -> tuple[bool | None, int | None]:
    """(tracked, pieces): a number is counted from, `unlimited` is not counted, empty says nothing."""
    value = record.raw("stock")
    if not value:
        return None, None
    return (False, None) if value.casefold() == UNLIMITED else (True, record.whole("stock"))


def _named(record: Record, column: str, prefix: str) -> str:
    """The name that the file gives: behind the prefix, or a whole column that was mapped to one."""
    shown = record.reading.columns[column]
    return (shown[len(prefix) :] if shown.casefold().startswith(prefix) else shown).strip()


def _attributes(head: Record) -> Mapping[str, tuple[str, ...]]:
    columns = head.reading.columns
    return {_named(head, column, ATTRIBUTE): head.each(column) for column in columns if column.startswith(ATTRIBUTE)}


def _pictures(head: Record) -> tuple[PictureRow, ...] | None:
    """Addresses between spaces or line breaks; their alternative texts between bars."""
    if not head.has("pictures"):
        return None
    alts = [alt.strip() for alt in head.text("picture_alts", HTML_LIMIT).replace("\\|", "\0").split("|")]
    return head.pictures("pictures", head.raw("pictures").split(), [alt.replace("\0", "|") for alt in alts])
