"""The rows of a file of past orders, brought together by document in constant memory, and judged one by one."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import BinaryIO, cast

from core.lib.csv import Row, UnreadableFile, open_rows
from core.lib.money import exponent

# What a column may be called, in small letters without blanks.
_NAMES = {
    "number": ("number", "order", "ordernumber", "ordernr", "invoiceno", "invoice", "name"),
    "sku": ("sku", "stockcode", "itemsku", "lineitemsku"),
    "name": ("description", "item", "product", "lineitemname", "title"),
    "quantity": ("quantity", "qty", "lineitemquantity"),
    "price": ("unitprice", "price", "lineitemprice"),
    "date": ("invoicedate", "date", "placed", "createdat", "orderdate"),
    "customer": ("customerid", "customer"),
    "email": ("email", "customeremail"),
    "country": ("country", "shippingcountry"),
    "currency": ("currency",),
}
_NEEDED = ("number", "sku", "quantity", "price", "date")
_NOTHING = {"", "na", "n/a", "null", "none"}
_LARGEST = 10**12


class MissingColumns(UnreadableFile):
    """The file has no orders in it, or names its columns otherwise."""

    code = "missing_columns"
    default_message = "These columns are missing: %(names)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLine:
    """A row: how many, at which price each in minor units. Either may be below zero, for what was given back."""

    line: int
    sku: str
    name: str
    quantity: int
    price: int

    @property
    def amount(self) -> int:
        return self.quantity * self.price

    def given(self) -> PastLine:
        """The same with both above zero."""
        return replace(self, quantity=abs(self.quantity), price=abs(self.price))


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDocument:
    """All rows of one number: an order, a credit, or both. `at` has no zone: it is the shop's own time."""

    number: str
    at: datetime
    customer: str
    email: str
    country: str
    currency: str
    lines: tuple[PastLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Why a row was left out."""

    line: int
    number: str
    text: str


@contextmanager
def documents(file: Path | BinaryIO, currency: str) -> Iterator[Iterator[PastDocument | Remark]]:
    """The documents of a CSV file (or one packed by gzip) in the order in which each first appears.

    Rows are kept in a file of their own meanwhile, since those of one document need not stand together. `currency` is
    meant where the file names none. Raises UnreadableFile, MissingColumns.
    """
    with _opened(file) as stream, closing(sqlite3.connect("")) as spool, open_rows(stream) as rows:
        spool.execute("PRAGMA journal_mode = OFF")
        spool.execute("CREATE TABLE r (number TEXT, line INTEGER, sku, name, quantity, price, date, customer, email,"
                      " country, currency)")  # fmt: skip
        columns = _columns(rows.columns)
        spool.executemany(f"INSERT INTO r VALUES ({', '.join('?' * 11)})", (_spooled(row, columns) for row in rows))
        spool.execute("CREATE INDEX by_number ON r (number, line)")
        yield _read(spool, currency)


@contextmanager
def _opened(file: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(file, Path):
        yield file
        return
    with cast("BinaryIO", gzip.open(file) if file.suffix == ".gz" else file.open("rb")) as stream:
        yield stream


def _columns(names: tuple[str, ...]) -> Mapping[str, str]:
    plain = {"".join(name.lower().replace("_", " ").split()): name for name in names}
    found = {
        column: plain[alias] for column, aliases in _NAMES.items() for alias in reversed(aliases) if alias in plain
    }
    if missing := [column for column in _NEEDED if column not in found]:
        raise MissingColumns(names=", ".join(missing))
    return found


def _spooled(row: Row, columns: Mapping[str, str]) -> tuple[str | int, ...]:
    def cell(column: str) -> str:
        text = row.cells.get(columns.get(column, ""), "").strip()
        return "" if text.lower() in _NOTHING else text

    rest = ("sku", "name", "quantity", "price", "date", "customer", "email", "country", "currency")
    return (cell("number"), row.line, *(cell(column) for column in rest))


def _read(spool: sqlite3.Connection, currency: str) -> Iterator[PastDocument | Remark]:
    numbers = spool.execute("SELECT number, MIN(line) AS first FROM r GROUP BY number ORDER BY first")
    for number, first in numbers:
        if not number:
            yield Remark(line=first, number="", text="The order has no number.")
            continue
        rows = spool.execute("SELECT * FROM r WHERE number = ? ORDER BY line", (number,))
        yield from _document(number, rows, currency)


def _document(number: str, rows: sqlite3.Cursor, currency: str) -> Iterator[PastDocument | Remark]:
    head: tuple[datetime, str, str, str, str] | None = None
    lines: list[PastLine] = []
    for _number, line, sku, name, quantity, price, date, customer, email, country, code in rows:
        said = (code or currency).upper()
        try:
            at = datetime.fromisoformat(date).replace(tzinfo=None)
            found = PastLine(
                line=line, sku=sku[:120], name=name or sku, quantity=int(Decimal(quantity)), price=_minor(price, said)
            )
        except (ValueError, InvalidOperation, ArithmeticError):
            yield Remark(line=line, number=number, text="Its date, quantity or price cannot be read.")
            continue
        head = head or (at, customer, email, country, said)
        if said != head[4]:
            yield Remark(line=line, number=number, text="It is in another currency than the order.")
            continue
        lines.append(found)
    if head is not None and lines:
        yield PastDocument(
            number=number, at=head[0], customer=head[1], email=head[2], country=head[3], currency=head[4],
            lines=tuple(lines),
        )  # fmt: skip


def _minor(text: str, currency: str) -> int:
    """Minor units, exactly: a price of more digits than the currency has is refused, never rounded."""
    amount = Decimal(text).scaleb(exponent(currency))
    if amount != amount.to_integral_value() or abs(amount) > _LARGEST:
        raise ValueError(text)
    return int(amount)
