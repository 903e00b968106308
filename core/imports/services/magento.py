"""Magento's product CSV: every product and every variation is a row, and a configurable one names its variations.

Columns after https://experienceleague.adobe.com/docs/commerce-admin/systems/data-transfer/data-attributes-product.html,
and those of the sample files, which have an attribute per column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.imports.services import remarks
from core.imports.services.records import HTML_LIMIT, SKU_LIMIT, Record, split_list
from core.imports.services.rows import PictureRow, PriceRow, ProductRow, TextRow, VariantRow

_WEIGHT_UNIT = "lbs"
_HIDDEN = "not visible individually"
_SETS = frozenset({"grouped", "bundle"})
_PICTURES = ("base_image", "additional_images")
# What Magento keeps among the attributes for its own use.
_OWN = frozenset({"has_options", "required_options"})
# The columns of the sample files that are no attributes.
_PLAIN = frozenset(
    {
        *("category", "name", "sku", "price", "qty", "description", "short_description", "meta_description"),
        *("special_price", "attribute_set", "visibility", "url_key", "bundle_options", "associated_sku"),
        *("samples_title", "links_title", "links_purchased_separately"),
    }
)


class MagentoFormat:
    name = "magento"
    title = "Magento CSV"
    days: tuple[str, ...] = ("special_price_from_date", "special_price_to_date")

    def missing(self, columns: frozenset[str]) -> tuple[str, ...]:
        needed = ("sku", "name", "price", "attribute_set" if "attribute_set" in columns else "product_type")
        return tuple(column for column in needed if column not in columns)

    def key(self, cells: Mapping[str, str], above: str | None) -> str | None:  # noqa: ARG002 (rows meet by their SKUs)
        sku = cells.get("sku", "").strip()
        return f"sku:{sku}" if sku else None

    def aliases(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        """A configurable product goes by the SKUs of its variations too, so that their rows come to it."""
        if _kind(cells) != "configurable":
            return ()
        skus = [self.key(cells, None), *(f"sku:{sku}" for sku, _ in _variations(cells))]
        return tuple(dict.fromkeys(filter(None, skus)))

    def read(self, records: Sequence[Record]) -> ProductRow | None:
        rows = [record for record in records if not record.raw("store_view_code")]
        if not rows:
            records[0].remark("store_view_code", remarks.NO_DEFAULT_ROW)
            return None
        for record in records:
            if record.raw("store_view_code"):
                record.remark("store_view_code", remarks.STORE_VIEW, warning=True, view=record.raw("store_view_code"))
        head = next((record for record in rows if _kind(record.cells) == "configurable"), rows[0])
        return _configurable(head, rows) if _kind(head.cells) == "configurable" else _simple(head, rows)


def _kind(cells: Mapping[str, str]) -> str:
    if "bundle_options" in cells or "associated_sku" in cells:
        return "grouped"
    return cells.get("product_type", "").strip().casefold() or "simple"


def _variations(cells: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(SKU, {attribute: value}) of `sku=T-S,size=S|sku=T-M,size=M`."""
    for part in split_list(cells.get("configurable_variations", ""), "|"):
        values = dict(_pairs(part))
        if sku := values.pop("sku", ""):
            yield sku, values


def _pairs(text: str) -> list[tuple[str, str]]:
    """`size=S,note=one, two` -> (size, S), (note, one, two): a piece without a name belongs to the one before."""
    found: list[tuple[str, str]] = []
    for part in text.split(","):
        name, sign, value = part.partition("=")
        if sign:
            found.append((name.strip(), value.strip()))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]},{part}")
    return found


# -- products ----------------------------------------------------------------------------------------------------------


def _simple(head: Record, records: Sequence[Record]) -> ProductRow:
    kind = _kind(head.cells)
    if kind in _SETS:
        head.remark("product_type", remarks.GROUPED, warning=True)
    if kind == "downloadable" or head.has("links_title"):
        head.remark("product_type", remarks.DOWNLOADS, warning=True)
    variants = tuple(_variant(record, ()) for record in records)
    return _product(head, records, variants, hidden=kind in _SETS)


def _configurable(head: Record, records: Sequence[Record]) -> ProductRow:
    chosen = dict(_variations(head.cells))
    labels = dict(_pairs(head.raw("configurable_variation_labels")))
    names = list(dict.fromkeys(name for values in chosen.values() for name in values))
    parts = [record for record in records if record is not head]
    for missing in chosen.keys() - {record.raw("sku") for record in parts}:
        head.remark("configurable_variations", remarks.NO_VARIATION, warning=True, sku=missing)
    if not parts:
        head.remark("configurable_variations", remarks.NO_VARIANTS)
    variants = tuple(
        _variant(record, tuple((labels.get(name) or _label(name), values.get(name, "")) for name in names))
        for record, values in ((record, chosen.get(record.raw("sku"), {})) for record in parts)
    )
    return _product(head, (head, *parts), variants, without=frozenset(names))


def _product(
    head: Record,
    records: Sequence[Record],
    variants: tuple[VariantRow, ...],
    *,
    hidden: bool = False,
    without: frozenset[str] = frozenset(),
) -> ProductRow:
    return ProductRow(
        line=min(record.line for record in records),
        path=head.optional("url_key") or None,
        texts=(
            TextRow(
                language=head.reading.site.language,
                name=head.optional("name"),
                summary=head.plain("short_description"),
                body_html=head.prose("description"),
                seo_title=head.optional("meta_title"),
                seo_description=head.optional("meta_description", limit=1_000),
            ),
        ),
        variants=variants,
        categories=_categories(head),
        attributes={
            name: values for name, values in _attributes(head) if name not in {_label(part) for part in without}
        },
        pictures=_pictures(records),
        published=None if hidden else _published(head),
        hidden_if_new=hidden,
    )


def _label(code: str) -> str:
    """`style_general` -> `Style general`: the file has codes, and shoppers read words."""
    words = code.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _categories(head: Record) -> tuple[tuple[str, ...], ...] | None:
    """`Default Category/Men/Tops`: the root is the store's own and goes. The sample files have a name per line."""
    if head.has("categories"):
        paths = (tuple(split_list(path, "/"))[1:] for path in head.each("categories"))
        return tuple(dict.fromkeys(path for path in paths if path))
    return tuple((name,) for name in head.each("category", "\n")) if head.has("category") else None


def _attributes(head: Record) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in _pairs(head.text("additional_attributes", HTML_LIMIT)):
        values = tuple(dict.fromkeys(split_list(value, "|")))
        if name not in _OWN and values:
            yield _label(name), values
    if head.has("attribute_set"):
        for column in head.reading.columns:
            if column not in _PLAIN and (values := head.each(column, "\n")):
                yield _label(column), values


def _pictures(records: Sequence[Record]) -> tuple[PictureRow, ...] | None:
    """The head's pictures, then further ones of its variations; each shows up once."""
    columns = [column for column in _PICTURES if records[0].has(column)]
    if not columns:
        return None
    found: dict[str, PictureRow] = {}
    for record in records:
        for column in columns if record is records[0] else columns[1:]:
            for picture in record.pictures(column, split_list(record.raw(column), ",")):
                found.setdefault(picture.url, picture)
    return tuple(found.values())


def _published(head: Record) -> bool | None:
    if not head.has("product_online") and not head.has("visibility"):
        return None
    online = head.raw("product_online") in {"", "1"}
    alone = head.raw("visibility").casefold() != _HIDDEN
    if online and not alone:
        head.remark("visibility", remarks.HIDDEN, warning=True)
    return online and alone


# -- variants ----------------------------------------------------------------------------------------------------------


def _variant(record: Record, options: tuple[tuple[str, str], ...]) -> VariantRow:
    sku = record.text("sku", SKU_LIMIT)
    if not sku:
        record.remark("sku", remarks.NO_SKU)
    tracked, stock = _stock(record)
    pictures = record.pictures("base_image", filter(None, [record.raw("base_image")])) if options else ()
    return VariantRow(
        line=record.line,
        sku=sku,
        options=options,
        prices=_prices(record),
        tracked=tracked,
        stock=stock,
        backorders=_backorders(record),
        weight_g=record.grams("weight", _WEIGHT_UNIT),
        needs_delivery=_kind(record.cells) not in {"virtual", "downloadable"} if record.has("product_type") else None,
        active=record.raw("product_online") in {"", "1"} if options and record.has("product_online") else None,
        picture=pictures[0] if pictures else None,
    )


def _prices(record: Record) -> tuple[PriceRow, ...]:
    price, sale = record.money("price"), record.money("special_price")
    if price is None:
        if not record.raw("price") and _kind(record.cells) not in _SETS:
            record.remark("price", remarks.NO_PRICE, warning=True)
        return ()
    if sale is not None and sale >= price:  # Magento then sells at the price; so do we.
        record.remark("special_price", remarks.SALE_NOT_LOWER, warning=True)
        sale = None
    return record.prices(price, sale, "special_price_from_date", "special_price_to_date", "special_price")


def _stock(record: Record) -> tuple[bool | None, int | None]:
    """(tracked, pieces): the store's rule is to count; one row may say otherwise."""
    if not record.has("qty") or _kind(record.cells) in _SETS:
        return None, None
    if record.raw("use_config_manage_stock") == "0" and record.raw("manage_stock") == "0":
        return False, None
    pieces = record.whole("qty", least=-(10**9))
    return True, 0 if record.raw("is_in_stock") == "0" else None if pieces is None else max(0, pieces)


def _backorders(record: Record) -> bool | None:
    if not record.has("allow_backorders"):
        return None
    return record.raw("use_config_backorders") != "1" and record.raw("allow_backorders") in {"1", "2"}
