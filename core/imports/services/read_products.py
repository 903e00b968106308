"""From a file to products: each one whole and sound, or refused with the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from core.hookspecs.site import Site
from core.imports.services import remarks
from core.imports.services.formats import Format, Header, detect_format
from core.imports.services.records import Reading, Record
from core.imports.services.rows import Problem, ProductRow, VariantRow
from core.imports.services.sources import open_table
from core.imports.services.staging import Staging
from core.lib.csv import Row


class ReadProduct(Struct, frozen=True, kw_only=True):
    """A product of the file, or None with the remarks that say why it is left out."""

    line: int
    product: ProductRow | None
    problems: tuple[Problem, ...]


class ProductFile:
    """An opened file: its format and how many products it speaks of, then the products themselves."""

    def __init__(
        self, site: Site, header: Header, format_: Format, staging: Staging, count: int, pictures: str, dates: str
    ) -> None:
        self.format = format_
        self.count = count
        self._site = site
        self._header = header
        self._staging = staging
        self._pictures = pictures
        self._dates = dates

    def products(self, after: int = 0) -> Iterator[ReadProduct]:
        """Products whose first line is beyond `after`, in the order of the file.

        The earlier ones are read all the same: a later SKU may repeat one of theirs.
        """
        for rows in self._staging.products():
            found = self._read(rows)
            if found.line > after:
                yield found

    def _read(self, rows: list[Row]) -> ReadProduct:
        reading = Reading(site=self._site, columns=self._header.shown, pictures=self._pictures, dates=self._dates)
        records = [Record(reading, row.line, row.cells) for row in rows]
        for record, row in zip(records, rows, strict=True):
            if row.surplus:
                record.remark("", remarks.SURPLUS)
        product = self.format.read(records)
        if product is not None:
            self._check(records, product)
        sound = product is not None and not reading.refused
        return ReadProduct(
            line=records[0].line,
            product=product if sound else None,
            problems=tuple(reading.problems),
        )

    def _check(self, records: list[Record], product: ProductRow) -> None:
        by_line = {record.line: record for record in records}
        seen: dict[tuple[str, ...], int] = {}
        for variant in product.variants:
            record = by_line[variant.line]
            if variant.sku and (first := self._staging.first_use(variant.sku, variant.line)) != variant.line:
                record.remark(_existing(record, "sku", "variant sku"), remarks.SKU_TWICE, sku=variant.sku, first=first)
            elif variant.options is not None:
                _check_options(record, variant, seen, several=len(product.variants) > 1)


# Some formats have the values of all options in one column.
_ALL_OPTIONS = ("optionvalues", "configurable_variations")


def _check_options(record: Record, variant: VariantRow, seen: dict[tuple[str, ...], int], *, several: bool) -> None:
    options = variant.options or ()
    columns = [
        _existing(record, f"option{n}_value", f"option{n} value", f"attribute {n} value(s)", *_ALL_OPTIONS)
        for n in range(1, len(options) + 2)
    ]
    for column, (name, value) in zip(columns, options, strict=False):
        if not value:
            record.remark(column, remarks.MISSING_OPTION, option=name)
    if several and not options:
        record.remark(columns[0], remarks.NO_OPTIONS)
    elif (first := seen.setdefault(tuple(value.casefold() for _, value in options), variant.line)) != variant.line:
        record.remark(columns[0], remarks.OPTIONS_TWICE, first=first)


def _existing(record: Record, *columns: str) -> str:
    """The one of several names that this file uses for a column."""
    return next((column for column in columns if record.has(column)), columns[0])


@contextmanager
def open_products(
    site: Site,
    source: str | Path | BinaryIO,
    format_name: str = "",
    mapping: Mapping[str, str] | None = None,
    *,
    pictures: str = "",
    dates: str = "",
    most: int | None = None,
) -> Iterator[ProductFile]:
    """Read a whole file onto disk and find its products; memory stays the same however long the file is.

    `mapping` is `Header`'s, `pictures` where those are that have only a name, `dates` the order of day,
    month and year; `most` rows do for a preview. Raises
    UnreadableFile and MissingColumns: then nothing of the file can be used.
    """
    with Staging() as staging, open_table(source) as rows:
        header = Header(rows.columns, mapping)
        format_ = detect_format(header, format_name)
        count = staging.fill(rows if most is None else islice(rows, most), header.folded, format_)
        yield ProductFile(site, header, format_, staging, count, pictures, dates)
