"""The rows of a file of past orders, brought together by document in constant memory, and judged one by one.

A document comes in whole or not at all: one row that cannot be read would make its sum another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core.imports.services.records import no_day, short
from core.imports.services.rows import Problem, Said
from core.lib.csv import Row
from core.lib.days import read_day
from core.lib.money import exponent
from core.orders.services import history_remarks as remarks
from core.orders.services.file_rows import ByNumber, OpenFile, opened

_NOTHING = {"", "na", "n/a", "null", "none"}
_LARGEST = 10**12
_MOST_PIECES = 10**9


class PastLine(Struct, frozen=True, kw_only=True):
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


class PastDocument(Struct, frozen=True, kw_only=True):
    """All rows of one number: an order, a credit, or both. `at` has no zone: it is the shop's own time."""

    line: int
    number: str
    at: datetime
    customer: str
    email: str
    country: str
    currency: str
    lines: tuple[PastLine, ...]


class ReadDocument(Struct, frozen=True, kw_only=True):
    """A document of the file, or None with the remarks that say why it is left out."""

    line: int
    number: str
    document: PastDocument | None
    problems: tuple[Problem, ...] = ()


def open_history(
    source: Path, mapping: Mapping[str, str], currency: str, dates: str, *, most: int | None = None
) -> AbstractContextManager[OpenFile[ReadDocument]]:
    """The documents of a file; rows of one number are one of them.

    `currency` is meant where the file names none, `dates` is the order of day, month and year; `most` rows do for a
    preview. Raises UnreadableFile.
    """

    def document(shown: Mapping[str, str], rows: Sequence[Row]) -> ReadDocument:
        return _Reading(shown, currency, dates).document(rows)

    return opened(source, mapping, ByNumber(_key), document, most)


def _key(cells: Mapping[str, str]) -> str | None:
    return f"\x1f{number}" if (number := _cell(cells, "number")) else None


def _cell(cells: Mapping[str, str], column: str) -> str:
    text = cells.get(column, "").strip()
    return "" if text.lower() in _NOTHING else text


class _Reading:
    """The rows of one document while they are read."""

    def __init__(self, shown: Mapping[str, str], currency: str, dates: str) -> None:
        self._shown, self._currency, self._dates = shown, currency, dates
        self.problems: list[Problem] = []

    def document(self, rows: Sequence[Row]) -> ReadDocument:
        """All of it, or what keeps it out."""
        head = rows[0]
        number = _cell(head.cells, "number")
        if not number:
            self._remark(head.line, "number", remarks.NO_NUMBER)
        codes = [(row.line, (_cell(row.cells, "currency") or self._currency).upper()) for row in rows]
        first = codes[0][1]
        for line, code in codes:
            if code != first:
                self._remark(line, "currency", remarks.TWO_CURRENCIES, first=first, other=code)
                break
        days = [self._day(row) for row in rows]
        lines = [self._line(row, first) for row in rows]
        if self.problems:
            return ReadDocument(line=head.line, number=number, document=None, problems=tuple(self.problems))

        def said(column: str) -> str:
            return next((text for row in rows if (text := _cell(row.cells, column))), "")

        document = PastDocument(
            line=head.line, number=number, at=next(day for day in days if day is not None), customer=said("customer"),
            email=said("email"), country=said("country"), currency=first,
            lines=tuple(line for line in lines if line is not None),
        )  # fmt: skip
        return ReadDocument(line=head.line, number=number, document=document)

    def _remark(self, line: int, column: str, said: Said, **params: object) -> None:
        self.problems.append(Problem(line=line, column=self._shown.get(column, column), said=said, params=params))

    def _day(self, row: Row) -> datetime | None:
        text = _cell(row.cells, "date")
        written = read_day(text, self._dates)
        if written is None or not 1970 <= written.at.year < 2200:
            self._remark(row.line, "date", no_day(text, self._dates, remarks.NOT_A_DAY), value=short(text))
            return None
        return written.at.replace(tzinfo=None)

    def _line(self, row: Row, currency: str) -> PastLine | None:
        pieces = _whole(_cell(row.cells, "quantity"))
        price = _minor(_cell(row.cells, "price"), currency)
        if pieces is None:
            self._remark(row.line, "quantity", remarks.NOT_PIECES, value=short(_cell(row.cells, "quantity")))
        if price is None:
            value = short(_cell(row.cells, "price"))
            self._remark(row.line, "price", remarks.NOT_AN_AMOUNT, value=value, currency=currency)
        if pieces is None or price is None:
            return None
        if abs(pieces * price) > _LARGEST:
            self._remark(row.line, "price", remarks.NOT_AN_AMOUNT, value=f"{pieces} × {price}", currency=currency)
            return None
        sku = _cell(row.cells, "sku")[:120]
        return PastLine(
            line=row.line, sku=sku, name=_cell(row.cells, "name") or sku or "–", quantity=pieces, price=price
        )


def _whole(text: str) -> int | None:
    """A number of pieces, exactly: half a piece is none."""
    try:
        found = Decimal(text)
        whole = found.is_finite() and found == found.to_integral_value() and abs(found) <= _MOST_PIECES
    except InvalidOperation:
        return None
    return int(found) if whole else None


def _minor(text: str, currency: str) -> int | None:
    """Minor units, exactly: a price of more digits than the currency has is refused, never rounded."""
    try:
        amount = Decimal(text).scaleb(exponent(currency))
        whole = amount.is_finite() and amount == amount.to_integral_value() and abs(amount) <= _LARGEST
    except (InvalidOperation, ValueError, LookupError):
        return None
    return int(amount) if whole else None
