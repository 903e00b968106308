"""One row of a file while it is read: cells by column, turned into values, with remarks about those that cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from core.hookspecs.site import Site
from core.imports.services import remarks
from core.imports.services.rows import PictureRow, PriceRow, Problem, Said
from core.lib.csv import is_active_formula, unescape_formula
from core.lib.days import fitting, read_day
from core.lib.money import Money, NotMoney, exponent, parse_money
from core.lib.text import clean_html, plain

NAME_LIMIT = 255
HTML_LIMIT = 200_000
SKU_LIMIT = 64
SUMMARY_LIMIT = 1_000
ADDRESS_LIMIT = 2_000
LARGEST_STOCK = 10**9
LARGEST_WEIGHT_G = 10**9
_YES = frozenset({"1", "yes", "y", "true", "on", "是", "有"})
_NO = frozenset({"0", "no", "n", "false", "off", "否", "无"})
_PICTURE_NAME = re.compile(r"[^\s.]\.[A-Za-z]{3,4}$")
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
GRAMS = {
    "kg": Decimal(1000),
    "g": Decimal(1),
    "lbs": Decimal("453.59237"),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}


class Reading(Struct, kw_only=True):
    """What reading needs to know of the site and of the file, and the remarks made so far about one product."""

    site: Site
    columns: Mapping[str, str]
    pictures: str = ""
    dates: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        return any(not problem.warning for problem in self.problems)


class Record(Struct):
    """One row. Columns are asked for by their folded names; remarks show them as the file writes them."""

    reading: Reading
    line: int
    cells: Mapping[str, str]

    def has(self, column: str) -> bool:
        """Whether the file has this column at all."""
        return column in self.reading.columns

    def remark(self, column: str, said: Said, *, warning: bool = False, **params: object) -> None:
        shown = self.reading.columns.get(column, column)
        self.reading.problems.append(Problem(line=self.line, column=shown, said=said, params=params, warning=warning))

    def raw(self, column: str) -> str:
        return self.cells.get(column, "").strip()

    def text(self, column: str, limit: int = NAME_LIMIT) -> str:
        """A line of text, never a formula; empty if the cell is."""
        value = self.raw(column)
        if is_active_formula(value):
            self.remark(column, remarks.FORMULA)
        value = unescape_formula(value)
        if "\ufffd" in value:
            self.remark(column, remarks.UNREADABLE)
        if len(value) > limit:
            self.remark(column, remarks.TOO_LONG, count=len(value), limit=limit)
            return ""
        return value

    def optional(self, column: str, limit: int = NAME_LIMIT) -> str | None:
        """Like `text`, but None if the file has no such column."""
        return self.text(column, limit) if self.has(column) else None

    def html(self, column: str) -> str | None:
        """Rich text made safe; None if the file has no such column."""
        return clean_html(self.text(column, HTML_LIMIT)) if self.has(column) else None

    def prose(self, column: str) -> str | None:
        r"""Rich text of another shop: text without any tag becomes paragraphs, `\n` a line break."""
        value = self.text(column, HTML_LIMIT).replace("\\n", "\n")
        return clean_html(value if "<" in value else _paragraphs(value)) if self.has(column) else None

    def money(self, column: str) -> Money | None:
        value = self.raw(column)
        if not value:
            return None
        currency = self.reading.site.currency
        try:
            amount = parse_money(without_extra_zeros(value, exponent(currency)), currency)
        except NotMoney as error:
            self.remark(
                column, remarks.NOT_A_PRICE, value=short(value), currency=currency, example=error.params["example"]
            )
            return None
        if amount.amount < 0:
            self.remark(column, remarks.NEGATIVE_PRICE)
            return None
        return amount

    def whole(self, column: str, least: int = 0, most: int = LARGEST_STOCK) -> int | None:
        value = self.raw(column)
        if not value:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{1,15}(?:[.,]0+)?", value):
            self.remark(column, remarks.NOT_A_NUMBER, value=short(value))
            return None
        return self._within(column, int(re.split("[.,]", value)[0]), least, most)

    def grams(self, column: str, unit: str = "g") -> int | None:
        """A weight in `unit`, rounded to grams."""
        value = self.raw(column).replace(",", ".")
        if not value:
            return None
        try:
            weight = Decimal(value)
        except InvalidOperation:
            weight = Decimal("NaN")
        if not weight.is_finite():
            self.remark(column, remarks.NOT_A_WEIGHT, value=short(value))
            return None
        if abs(weight) > LARGEST_WEIGHT_G:
            return self._within(column, LARGEST_WEIGHT_G + 1, 0, LARGEST_WEIGHT_G)
        return self._within(column, int((weight * GRAMS[unit]).to_integral_value()), 0, LARGEST_WEIGHT_G)

    def _within(self, column: str, value: int, least: int, most: int) -> int | None:
        if least <= value <= most:
            return value
        self.remark(column, remarks.OUT_OF_RANGE, value=value, least=least, most=most)
        return None

    def flag(self, column: str) -> bool | None:
        value = self.raw(column).casefold()
        if value in _YES:
            return True
        if value and value not in _NO:
            self.remark(column, remarks.NOT_A_FLAG, value=short(value))
        return False if value in _NO else None

    def instant(self, column: str, *, end: bool = False) -> datetime | None:
        """An instant in UTC. Without an offset the site's time zone is meant; an end without hour includes its day."""
        value = self.raw(column)
        if not value:
            return None
        written = read_day(value, self.reading.dates)
        if written is None or not _FIRST_YEAR <= written.at.year <= _LAST_YEAR:
            self.remark(column, no_day(value, self.reading.dates, remarks.NOT_A_DAY), value=short(value))
            return None
        found = written.at + timedelta(days=1) if end and not written.has_hour else written.at
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(self.reading.site.timezone))).astimezone(UTC)

    def plain(self, column: str) -> str | None:
        """The words of rich text, as the core's plain summary; None if the file has no such column."""
        return plain(self.prose(column) or "")[:SUMMARY_LIMIT] if self.has(column) else None

    def each(self, column: str, separators: str = ",") -> tuple[str, ...]:
        """The parts of a list in one cell, each once; a backslash keeps a separator inside a part."""
        parts = split_list(self.text(column, HTML_LIMIT), separators)
        for part in parts:
            if len(part) > NAME_LIMIT:
                self.remark(column, remarks.TOO_LONG, count=len(part), limit=NAME_LIMIT)
        return tuple(dict.fromkeys(part for part in parts if len(part) <= NAME_LIMIT))

    def paths(self, column: str, separators: str = ",") -> tuple[tuple[str, ...], ...]:
        """Category paths: `Clothing > Hoodies, Sale` -> (("Clothing", "Hoodies"), ("Sale",))."""
        found = (tuple(split_list(path, ">")) for path in self.each(column, separators))
        return tuple(dict.fromkeys(path for path in found if path))

    def pictures(self, column: str, addresses: Iterable[str], alts: Sequence[str] = ()) -> tuple[PictureRow, ...]:
        """The pictures in order, each once. What cannot be an address on the web is left out with a warning."""
        found: dict[str, PictureRow] = {}
        for place, name in enumerate(addresses):
            address = name if "://" in name else picture_place(self.reading.pictures, name)
            if address and (is_web_address(address) or "://" not in name):
                found.setdefault(address, PictureRow(url=address, alt=alts[place] if place < len(alts) else ""))
            else:
                self.remark(column, remarks.BAD_ADDRESS, warning=True, value=short(name))
        return tuple(found.values())

    def prices(self, regular: Money, sale: Money | None, starts: str, ends: str, column: str) -> tuple[PriceRow, ...]:
        """The regular price, and the lower one compared with it: for good, or in a window beside the regular one.

        `starts`, `ends` and `column` name the columns of the window and of the sale price.
        """
        begins, finishes = self.instant(starts), self.instant(ends, end=True)
        if sale is None:
            return (PriceRow(amount=regular),)
        if sale >= regular:
            self.remark(column, remarks.SALE_NOT_LOWER)
        if begins and finishes and begins >= finishes:
            self.remark(ends, remarks.ENDS_BEFORE_START)
        if begins is None and finishes is None:
            return (PriceRow(amount=sale, was=regular),)
        return PriceRow(amount=regular), PriceRow(amount=sale, was=regular, starts=begins, ends=finishes)


def picture_place(base: str, name: str) -> str:
    """Where the picture called `name` is: below `base`, or without one in the shop's own pictures; empty if nowhere.

    >>> picture_place("https://old.example/media", "/m/h/mug.jpg")
    'https://old.example/media/m/h/mug.jpg'
    >>> picture_place("", "products/mug.jpg")
    'media:mug.jpg'
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
    if not parts or ".." in parts or len(name) > ADDRESS_LIMIT or not _PICTURE_NAME.search(parts[-1]):
        return ""
    return f"{base.rstrip('/')}/{'/'.join(map(quote, map(unquote, parts)))}" if base else f"media:{unquote(parts[-1])}"


def is_web_address(address: str) -> bool:
    """Whether `address` is http(s) with a host; where it may lead is the fetcher's business."""
    if len(address) > ADDRESS_LIMIT or any(letter.isspace() or letter < " " for letter in address):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def split_list(text: str, separators: str) -> list[str]:
    r"""Parts of `text` between any of `separators`, stripped, none empty; `\,` is a comma inside a part."""
    parts = re.split(rf"(?<!\\)[{re.escape(separators)}]", text)
    return [part for part in (re.sub(rf"\\([{re.escape(separators)}])", r"\1", part).strip() for part in parts) if part]


def join_list(parts: Sequence[str], separator: str) -> str:
    """The inverse of `split_list`."""
    return f"{separator} ".join(part.replace(separator, f"\\{separator}") for part in parts)


def _paragraphs(text: str) -> str:
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")))
    return "".join(f"<p>{'<br>'.join(_escape(block).split(chr(10)))}</p>" for block in blocks if block)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def without_extra_zeros(value: str, digits: int) -> str:
    """`12.5000` is an exact price with zeros behind it, as databases write it."""
    match = re.fullmatch(r"([-+]?\d*[.,])(\d+)", value)
    if not match or len(match[2]) <= max(digits, 3):
        return value
    kept = match[2].rstrip("0")
    return match[1] + kept.ljust(min(digits, len(match[2])), "0") if kept or digits else match[1][:-1]


def no_day(value: str, order: str, otherwise: Said) -> Said:
    """Why a cell is not read: it is a day in another order, or in none."""
    if not fitting(value) or read_day(value, order) is not None:
        return otherwise
    return remarks.OTHER_ORDER if order else remarks.OPEN_DAY


def short(value: str) -> str:
    return value if len(value) <= 40 else value[:39] + "…"
