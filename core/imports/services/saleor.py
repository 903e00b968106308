"""Saleor's catalogue as its own commands write it: a JSON list of rows of its tables (`{"model", "pk", "fields"}`).

`SaleorTable` joins them into the columns of our own format, on disk, so that the file may be large; then
`SaleorFormat` reads them, with the prices of the channel that sells in the site's currency.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO
from urllib.parse import quote

from core.imports.services.own import ATTRIBUTE, UNLIMITED, OwnFormat
from core.imports.services.records import GRAMS, Record, join_list
from core.imports.services.rows import ProductRow
from core.lib.csv import ROW_LIMIT, Row, UnreadableFile

_MARK = "saleor"
_PLAIN = (
    *("product", _MARK, "path", "name", "body_html", "seo_title", "seo_description", "categories", "pictures"),
    *("picture_alts", "sku", "stock", "weight_g", "needs_delivery"),
)
_TABLE = "CREATE TABLE thing (model TEXT, pk TEXT, line INTEGER, fields TEXT, PRIMARY KEY (model, pk)) WITHOUT ROWID"
# Which column of which model is looked up by; an index each.
_JOINS = ("product", "variant", "product_variant", "assignment")
_SPACE = re.compile(r"[\s,\[]*")
_CHUNK = 64 * 1024
_NO_OPTIONS = "Variant"
Thing = tuple[str, int, dict[str, Any]]


class SaleorFormat(OwnFormat):
    name = "saleor"
    title = "Saleor JSON"

    def missing(self, columns: frozenset[str]) -> tuple[str, ...]:
        return () if _MARK in columns else ("model", "pk", "fields")

    def read(self, records: Sequence[Record]) -> ProductRow | None:
        """What the channels say in the site's currency takes the place of `price` and `published`."""
        currency = records[0].reading.site.currency.casefold()
        reading = records[0].reading
        reading.columns = {**reading.columns, **{name: f"{name}:{currency}" for name in ("price", "published")}}
        return super().read([_in_currency(record, currency) for record in records])


def _in_currency(record: Record, currency: str) -> Record:
    chosen = {name: record.cells.get(f"{name}:{currency}", "") for name in ("price", "published")}
    return Record(record.reading, record.line, {**record.cells, **chosen})


class SaleorTable(Iterator[Row]):
    """The variants of a Saleor file as rows, one at a time, in the order of the file's products. Scratch on disk."""

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def __enter__(self) -> Self:
        with ExitStack() as scratch:
            folder = scratch.enter_context(tempfile.TemporaryDirectory(prefix="stoa-saleor-"))
            self._db = sqlite3.connect(Path(folder) / "things.sqlite", isolation_level=None, check_same_thread=False)
            scratch.callback(self._db.close)
            self._fill()
            self._prepare()
            self._rows = self._variants()
            self._scratch = scratch.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scratch.close()

    def _fill(self) -> None:
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(_TABLE)
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO thing VALUES (?, ?, ?, ?)", _things(self._text))
        if self._db.execute("SELECT 1 FROM thing WHERE model = 'product.product' LIMIT 1").fetchone() is None:
            raise UnreadableFile("This JSON file holds no catalogue of Saleor.")
        for name in _JOINS:
            self._db.execute(f"CREATE INDEX thing_{name} ON thing (model, json_extract(fields, '$.{name}'))")

    def __next__(self) -> Row:
        return next(self._rows)

    def _prepare(self) -> None:
        """What is small and asked for again and again: names of channels, categories, attributes and kinds."""
        self._categories = self._all("product.category")
        self._attributes = self._all("attribute.attribute")
        self._kinds = self._all("product.producttype")
        self._collections = self._all("product.collection")
        currencies = sorted({channel["currency_code"].casefold() for channel in self._all("channel.channel").values()})
        options = range(1, 1 + max(1, len(self._all("attribute.attributevariant"))))
        self.columns = (
            *_PLAIN,
            *(f"{name}:{currency}" for currency in currencies for name in ("price", "published")),
            *(f"option{n}_{part}" for n in options for part in ("name", "value")),
            *(f"{ATTRIBUTE}{name}" for name in dict.fromkeys(one["name"] for one in self._attributes.values())),
        )

    def _all(self, model: str) -> dict[str, dict[str, Any]]:
        return {pk: fields for pk, _, fields in self._things("model = ?", model)}

    def _things(self, where: str, *params: object) -> list[Thing]:
        found = self._db.execute(f"SELECT pk, line, fields FROM thing WHERE {where} ORDER BY line", params)
        return [(pk, line, json.loads(fields)) for pk, line, fields in found]

    def _of(self, model: str, column: str, pk: str) -> list[Thing]:
        """The rows of a model that point at a row with this key, in the file's order of places."""
        found = self._things(f"model = ? AND json_extract(fields, '$.{column}') = ?", model, int(pk))
        return sorted(found, key=lambda thing: thing[2].get("sort_order") or 0)

    def _variants(self) -> Iterator[Row]:
        products = self._db.execute("SELECT pk, fields FROM thing WHERE model = 'product.product' ORDER BY line")
        for pk, text in products:
            product = json.loads(text)
            shared = self._product(pk, product)
            kind = self._kinds.get(str(product["product_type"]), {})
            variants = self._of("product.productvariant", "product", pk)
            for variant_pk, line, variant in variants:
                cells = {**shared, **self._variant(variant_pk, variant, product, kind, alone=len(variants) == 1)}
                yield Row(line, {column: cells.get(column, "") for column in self.columns})

    def _product(self, pk: str, product: Mapping[str, Any]) -> dict[str, str]:
        pictures = self._of("product.productmedia", "product", pk)
        paths = [self._path(product.get("category"))]
        for _, _, place in self._of("product.collectionproduct", "product", pk):
            if collection := self._collections.get(str(place["collection"])):
                paths.append((collection["name"],))
        return {
            "product": pk,
            _MARK: pk,
            "path": product.get("slug") or "",
            "name": product["name"],
            "body_html": _html(product.get("description")),
            "seo_title": product.get("seo_title") or "",
            "seo_description": product.get("seo_description") or "",
            "categories": join_list([" > ".join(_escape(name) for name in path) for path in paths if path], ","),
            "pictures": " ".join(filter(None, (_picture(picture) for _, _, picture in pictures))),
            "picture_alts": " | ".join((picture.get("alt") or "").replace("|", "\\|") for _, _, picture in pictures),
            **self._said(self._of("attribute.assignedproductattributevalue", "product", pk)),
            **self._listed(pk),
        }

    def _path(self, pk: object) -> tuple[str, ...]:
        names: list[str] = []
        while (found := self._categories.get(str(pk))) is not None and len(names) < len(self._categories):
            names.append(found["name"])
            pk = found.get("parent")
        return tuple(reversed(names))

    def _said(self, assigned: Sequence[Thing]) -> dict[str, str]:
        said: dict[str, list[str]] = defaultdict(list)
        for _, _, place in assigned:
            name, value = self._value(place["value"])
            said[ATTRIBUTE + name].append(value)
        return {column: join_list(values, ",") for column, values in said.items()}

    def _value(self, pk: object) -> tuple[str, str]:
        """(attribute, value) in words."""
        found = self._things("model = 'attribute.attributevalue' AND pk = ?", str(pk))
        fields = found[0][2] if found else {"attribute": "", "name": ""}
        return self._attributes.get(str(fields["attribute"]), {"name": ""})["name"], fields["name"]

    def _listed(self, pk: str) -> dict[str, str]:
        """Whether it is published in each channel, by the channel's currency."""
        return {
            f"published:{listing['currency'].casefold()}": _yes(
                listing["is_published"] and listing.get("visible_in_listings", True)
            )
            for _, _, listing in self._of("product.productchannellisting", "product", pk)
        }

    def _variant(
        self,
        pk: str,
        variant: Mapping[str, Any],
        product: Mapping[str, Any],
        kind: Mapping[str, Any],
        *,
        alone: bool,
    ) -> dict[str, str]:
        pieces = sum(stock["quantity"] for _, _, stock in self._of("warehouse.stock", "product_variant", pk))
        weight = variant.get("weight") or product.get("weight") or kind.get("weight") or ""
        return {
            "sku": variant.get("sku") or f"saleor-{pk}",
            "stock": str(pieces) if variant["track_inventory"] else UNLIMITED,
            "weight_g": _grams(weight),
            "needs_delivery": _yes(kind.get("is_shipping_required", True)),
            **self._options(pk, variant, alone=alone),
            **{
                f"price:{listing['currency'].casefold()}": _amount(listing["price_amount"])
                for _, _, listing in self._of("product.productvariantchannellisting", "variant", pk)
            },
        }

    def _options(self, pk: str, variant: Mapping[str, Any], *, alone: bool) -> dict[str, str]:
        """The values that its attributes have; variants without any are told apart by their own names."""
        values = [
            self._value(place["value"])
            for assignment, _, _ in self._of("attribute.assignedvariantattribute", "variant", pk)
            for _, _, place in self._of("attribute.assignedvariantattributevalue", "assignment", assignment)
        ]
        if not values and not alone:
            values = [(_NO_OPTIONS, variant.get("name") or variant.get("sku") or pk)]
        cells: dict[str, str] = {}
        for number, (name, value) in enumerate(values, 1):
            cells |= {f"option{number}_name": name, f"option{number}_value": value}
        return cells


def _things(text: TextIO) -> Iterator[tuple[str, str, int, str]]:
    """The members of a JSON list, one at a time; `line` is where each ends, or one after the last on the same line."""
    decoder, buffer, place, line, last = json.JSONDecoder(), "", 0, 1, 0
    while True:
        begin = _SPACE.match(buffer, place)
        start = begin.end() if begin else place
        try:
            thing, end = decoder.raw_decode(buffer, start)
        except ValueError as error:
            more = text.read(_CHUNK)
            if not more and (start >= len(buffer) or buffer[start] == "]"):
                return
            if not more or len(buffer) - start > ROW_LIMIT:
                raise UnreadableFile("Line %(line)s cannot be read.", line=line) from error
            line += buffer.count("\n", place, start)
            buffer, place = buffer[start:] + more, 0
            continue
        line += buffer.count("\n", place, end)
        place, last = end, max(last + 1, line)
        if not isinstance(thing, dict) or not isinstance(thing.get("fields"), dict):
            raise UnreadableFile("This JSON file holds no catalogue of Saleor.")
        yield str(thing.get("model")), str(thing.get("pk")), last, json.dumps(thing["fields"])


def _html(description: object) -> str:
    """Saleor keeps texts as blocks of an editor; what they hold is HTML already, and is cleaned when it is read."""
    if not isinstance(description, dict):
        return ""
    return "".join(_block(block.get("type"), block.get("data") or {}) for block in description.get("blocks") or ())


def _block(kind: str, data: Mapping[str, Any]) -> str:
    if kind == "header":
        level = min(max(int(data.get("level") or 2), 2), 6)
        return f"<h{level}>{data.get('text', '')}</h{level}>"
    if kind == "list":
        tag = "ol" if data.get("style") == "ordered" else "ul"
        return (
            f"<{tag}>{''.join(f'<li>{item}</li>' for item in data.get('items') or () if isinstance(item, str))}</{tag}>"
        )
    if kind == "quote":
        return f"<blockquote>{data.get('text', '')}</blockquote>"
    return f"<p>{data['text']}</p>" if data.get("text") else ""


def _picture(picture: Mapping[str, Any]) -> str:
    """Where it is: an address elsewhere, or a name below the shop's media. Spaces part addresses, so none may stay."""
    address = picture.get("external_url") or picture.get("image") or ""
    return quote(address, safe="/:?&=%#+,;@~")


def _amount(price: str | None) -> str:
    """`10.000` is ten with the digits of the database; a reader of spreadsheets would take it for ten thousand."""
    return (price or "").rstrip("0").rstrip(".") if "." in (price or "") else price or ""


def _grams(weight: str) -> str:
    """`1000.0:g` -> `1000`; an unknown unit says nothing."""
    number, _, unit = weight.partition(":")
    return str(int(float(number) * float(GRAMS[unit]))) if unit in GRAMS and number else ""


def _escape(name: str) -> str:
    return name.replace(">", "\\>")


def _yes(flag: object) -> str:
    return "yes" if flag else "no"
