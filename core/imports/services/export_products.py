"""Products out of a site, in our own format: importing the file again changes nothing."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from msgspec import Struct

from core.catalogue.services.drafts import PriceDraft
from core.catalogue.services.stock import UNLIMITED as ANY_NUMBER
from core.catalogue.services.stock_counts import first_location
from core.hookspecs.site import Site
from core.imports.services.drafting import TAGS
from core.imports.services.known import public_prices, stated_prices, visible_category_paths, word
from core.imports.services.own import ATTRIBUTE, TEXTS, UNLIMITED
from core.imports.services.pictures import addresses_of
from core.imports.services.records import join_list
from core.kernel import db
from core.lib.csv import write_rows

_BATCH = 200
_PRODUCT = ("path", "vendor", "tax_class", "returns", "categories", "tags", "published", "pictures", "picture_alts")
_VARIANT = (
    *("price", "was", "sale_price", "sale_starts", "sale_ends", "stock", "backorders"),
    *("weight_g", "barcode", "needs_delivery", "active", "variant_picture"),
)
Cells = dict[str, object]


def export_products(
    site: Site,
    stream: BinaryIO,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    batches: Iterable[Sequence[int]] | None = None,
) -> int:
    """Write every product that has a place on the site, and answer how many there are.

    `batches` name other products instead, by id, some hundred at a time and in the order wanted.
    UTF-8 with a byte order mark, without which Excel takes it for an old code page. The stream stays open.
    """
    columns = _columns(site)
    count, last = 0, None

    def cells() -> Iterator[Sequence[object]]:
        nonlocal count, last
        for row in _rows(site, progress, _listed(site) if batches is None else batches):
            count, last = count + (row["product"] != last), row["product"]
            yield [row.get(column, "") for column in columns]

    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    write_rows(text, columns, cells())
    text.detach()
    return count


def _columns(site: Site) -> tuple[str, ...]:
    texts = [f"{text}:{language}" if language else text for language in ("", *site.languages[1:]) for text in TEXTS]
    options = db.value("SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM product_option GROUP BY product_id) counted") or 0
    choices = [f"option{number}_{part}" for number in range(1, options + 1) for part in ("name", "value")]
    said = db.rows(
        "SELECT DISTINCT a.code FROM attribute a JOIN product_attribute p ON p.attribute_id = a.id"
        " WHERE a.code <> ? ORDER BY a.code",
        TAGS,
    )
    attributes = [ATTRIBUTE + code for (code,) in said]
    return ("product", "sku", *texts, *_PRODUCT, *attributes, *choices, *_VARIANT)


def _listed(site: Site) -> Iterator[list[int]]:
    """The products with a place on the site, some hundred at a time."""
    last = 0
    while True:
        found = db.rows(
            "SELECT p.id FROM listing l JOIN product p ON p.id = l.product_id"
            f" WHERE l.site_id = ? AND p.deleted_at IS NULL AND p.id > ? ORDER BY p.id LIMIT {_BATCH}",
            site.id, last,
        )  # fmt: skip
        if not found:
            return
        yield [row[0] for row in found]
        last = found[-1][0]


def _rows(site: Site, progress: Callable[[int, int], None], batches: Iterable[Sequence[int]]) -> Iterator[Cells]:
    total = db.value("SELECT COUNT(*) FROM listing WHERE site_id = ?", site.id)
    done = 0
    for ids in batches:
        known = {
            row[0]: row
            for row in db.rows(
                "SELECT p.id, p.vendor, p.tax_class, p.returns, l.visible FROM product p"
                f" LEFT JOIN listing l ON l.product_id = p.id AND l.site_id = ? WHERE p.id IN ({db.marks(ids)})",
                site.id, *ids,
            )
        }  # fmt: skip
        yield from _Batch(site, ids).rows([known[product_id] for product_id in ids if product_id in known])
        done += len(ids)
        progress(done, total)


class _Variant(Struct, frozen=True):
    id: int
    sku: str
    cells: Cells


class _Batch:
    """All that rows say of some products, read with a fixed number of statements."""

    def __init__(self, site: Site, ids: Sequence[int]) -> None:
        self._site = site
        self._ids = ids
        self._marks = db.marks(ids)
        self._texts = self._load_texts()
        self._paths = self._load_paths()
        self._categories = visible_category_paths(site, ids)
        self._attributes = self._load_attributes()
        self._pictures = addresses_of(site, ids)
        self._variants = self._load_variants()

    def rows(self, products: Sequence[tuple[int, str, str, str, bool]]) -> Iterator[Cells]:
        """One row per variant; what belongs to the product stands on its first one."""
        for product_id, vendor, tax_class, returns, visible in products:
            shared = {
                **self._texts[product_id],
                **self._attributes[product_id],
                **self._shown(product_id),
                "path": self._paths.get(product_id, ""),
                "vendor": vendor,
                "tax_class": tax_class,
                "returns": returns,
                "published": _yes(visible),
                "categories": join_list([_path(names) for names in self._categories.get(product_id, ())], ","),
            }
            key = self._paths.get(product_id, f"product-{product_id}")
            for place, variant in enumerate(self._variants[product_id]):
                yield {"product": key, "sku": variant.sku, **(shared if place == 0 else {}), **variant.cells}

    def _load_paths(self) -> dict[int, str]:
        found = db.rows(
            "SELECT ref, path FROM slug WHERE kind = 'product' AND site_id = ? AND language = ? AND current = ?"
            f" AND ref IN ({self._marks})",
            self._site.id, self._site.language, True, *self._ids,
        )  # fmt: skip
        return {product_id: path for product_id, path in found}  # noqa: C416 -- says what the two columns are

    def _load_texts(self) -> Mapping[int, Cells]:
        texts: dict[int, Cells] = defaultdict(dict)
        for product_id, language, *words in db.rows(
            f"SELECT product_id, language, {', '.join(TEXTS)} FROM product_text"
            f" WHERE site_id IS NULL AND product_id IN ({self._marks})",
            *self._ids,
        ):
            suffix = "" if language == self._site.language else f":{language}"
            texts[product_id] |= {f"{column}{suffix}": cell for column, cell in zip(TEXTS, words, strict=True)}
        return texts

    def _load_attributes(self) -> Mapping[int, Cells]:
        values: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for product_id, code, value, names in db.rows(
            "SELECT p.product_id, a.code, p.value, p.names FROM product_attribute p"
            " JOIN attribute a ON a.id = p.attribute_id"
            f" WHERE p.product_id IN ({self._marks}) ORDER BY p.product_id, a.code, p.position",
            *self._ids,
        ):
            values[product_id]["tags" if code == TAGS else ATTRIBUTE + code].append(word(names, self._site, value))
        cells: dict[int, Cells] = defaultdict(dict)
        for product_id, columns in values.items():
            cells[product_id] = {column: join_list(words, ",") for column, words in columns.items()}
        return cells

    def _shown(self, product_id: int) -> Cells:
        pictures = self._pictures.products.get(product_id, ())
        alts = "|".join(alt.replace("|", "\\|") for _, alt in pictures)
        return {"pictures": " ".join(address for address, _ in pictures), "picture_alts": alts.rstrip("|")}

    def _load_variants(self) -> Mapping[int, list[_Variant]]:
        variants: dict[int, list[_Variant]] = defaultdict(list)
        found = db.rows(
            "SELECT v.product_id, v.id, v.sku, v.barcode, v.weight_g, v.tracked, v.needs_delivery, v.active,"
            " v.media_id, l.on_hand, l.backorder_limit FROM variant v"
            " LEFT JOIN stock_level l ON l.variant_id = v.id AND l.location_id = ?"
            f" WHERE v.product_id IN ({self._marks}) AND v.deleted_at IS NULL ORDER BY v.product_id, v.position, v.id",
            first_location(), *self._ids,
        )  # fmt: skip
        prices = public_prices(self._site, [row[1] for row in found])
        options = self._load_options()
        for product_id, id_, sku, barcode, weight_g, tracked, delivery, active, media_id, on_hand, limit in found:
            cells = {
                **options.get(id_, {}),
                **_price_cells(prices.get(id_, ())),
                "stock": on_hand or 0 if tracked else UNLIMITED,
                "backorders": {0: "no", ANY_NUMBER: "yes"}.get(limit, "") if tracked else "",
                "weight_g": weight_g,
                "barcode": barcode,
                "needs_delivery": _yes(delivery),
                "active": _yes(active),
                "variant_picture": self._pictures.media.get(media_id, ""),
            }
            variants[product_id].append(_Variant(id_, sku, cells))
        return variants

    def _load_options(self) -> Mapping[int, Cells]:
        cells: dict[int, Cells] = defaultdict(dict)
        for variant_id, code, names, value_code, value_names in db.rows(
            "SELECT x.variant_id, o.code, o.names, w.code, w.names FROM product_option o"
            " JOIN variant_value x ON x.option_id = o.id JOIN option_value w ON w.id = x.value_id"
            f" WHERE o.product_id IN ({self._marks}) ORDER BY x.variant_id, o.position, o.id",
            *self._ids,
        ):
            number = len(cells[variant_id]) // 2 + 1
            cells[variant_id][f"option{number}_name"] = word(names, self._site, code)
            cells[variant_id][f"option{number}_value"] = word(value_names, self._site, value_code)
        return cells


def _price_cells(prices: Sequence[PriceDraft]) -> Cells:
    stated = stated_prices(prices)
    if not stated:
        return {}
    cells: Cells = {"price": stated[0].amount.decimal, "was": stated[0].was.decimal if stated[0].was else ""}
    for sale in stated[1:]:
        cells["sale_price"] = sale.amount.decimal
        cells["sale_starts"] = sale.starts.isoformat() if sale.starts else ""
        cells["sale_ends"] = sale.ends.isoformat() if sale.ends else ""
    return cells


def _path(names: Sequence[str]) -> str:
    return " > ".join(name.replace(">", "\\>") for name in names)


def _yes(flag: object) -> str:
    return "yes" if flag else "no"
