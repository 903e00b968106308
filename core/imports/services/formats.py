"""The formats that are understood, and which of them a file is in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from core.imports.services.magento import MagentoFormat
from core.imports.services.own import OwnFormat
from core.imports.services.records import Record
from core.imports.services.rows import ProductRow
from core.imports.services.saleor import SaleorFormat
from core.imports.services.shopify import ShopifyFormat
from core.imports.services.vendure import VendureFormat
from core.imports.services.woocommerce import WooCommerceFormat
from core.kernel.i18n import enumerated
from core.lib.errors import Refused


class Format(Protocol):
    """How the rows of one shop system become products. `days` are the columns that say when."""

    name: str
    title: str
    days: tuple[str, ...]

    def missing(self, columns: frozenset[str]) -> tuple[str, ...]:
        """Folded names of columns without which a file is not in this format."""

    def key(self, cells: Mapping[str, str], above: str | None) -> str | None:
        """What the rows of one product have in common; None if the row stands alone. `above` is the last row's."""

    def aliases(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        """Other names by which rows elsewhere in the file may call this row's product."""

    def read(self, records: Sequence[Record]) -> ProductRow | None:
        """The product that these rows describe; remarks go to their `reading`. None if there is none to speak of."""


class UnknownFormat(Refused):
    """A format that nobody reads."""

    status = 422
    code = "unknown_format"
    default_message = "This format is not known. Known are: %(formats)s."


FORMATS: tuple[Format, ...] = (
    ShopifyFormat(),
    WooCommerceFormat(),
    MagentoFormat(),
    VendureFormat(),
    SaleorFormat(),
    OwnFormat(),
)


class MissingColumns(Refused):
    """The first line of the file does not name what a product needs."""

    status = 422
    code = "missing_columns"
    default_message = (
        "These columns are missing: %(columns)s. The first line must name the columns; %(format)s was expected."
    )


class Header:
    """The column names of a file: `folded` from the file's name to the one that formats ask for, `shown` back.

    `mapping` says which column of the format a column of the file stands for, where their names differ.
    """

    def __init__(self, columns: Iterable[str], mapping: Mapping[str, str] | None = None) -> None:
        self.folded = {column: (mapping or {}).get(column, column).casefold() for column in columns}
        self.shown = {folded: column for column, folded in reversed(self.folded.items())}


def columns_of_days(columns: Iterable[str], format_name: str, mapping: Mapping[str, str]) -> list[str]:
    """Those columns of a file that say when, under the names that the file gives them."""
    format_ = next(known for known in FORMATS if known.name == format_name)
    return [column for column, folded in Header(columns, mapping).folded.items() if folded in format_.days]


def detect_format(header: Header, wanted: str = "") -> Format:
    """The format whose necessary columns are all there, or the one named `wanted`.

    Raises MissingColumns, naming what the nearest format still needs.
    """
    names = frozenset(header.shown)
    known = [format_ for format_ in FORMATS if not wanted or format_.name == wanted]
    if not known:
        raise UnknownFormat(formats=enumerated(format_.name for format_ in FORMATS))
    nearest = min(known, key=lambda format_: len(format_.missing(names)))
    if absent := nearest.missing(names):
        raise MissingColumns(columns=enumerated(absent), format=nearest.title)
    return nearest
