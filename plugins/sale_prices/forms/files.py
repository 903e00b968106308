"""A price list as a file: SKU, currency, price, from, until."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, field

from core.api import CsvRow, NotMoney, Site, now, parse_money, say
from core.api import gettext as _
from plugins.sale_prices.forms.sales import MOST_ITEMS
from plugins.sale_prices.forms.times import NoTime, read_instant

COLUMNS = ("sku", "currency", "price", "from", "until")
MOST_PERIODS = 50


class RowError(NamedTuple):
    """What is wrong with a row of the file: the line on which it begins, the column, and why."""

    line: int
    column: str
    message: str


class Row(NamedTuple):
    """A price of a variant."""

    line: int
    sku: str
    currency: str
    amount: int


class Group(Struct):
    """The prices of one period."""

    starts: datetime
    ends: datetime | None
    rows: list[Row] = field(default_factory=list)


def read_list(rows: Iterable[CsvRow], site: Site) -> tuple[list[Group], list[RowError]]:
    """The prices by period, in the order in which periods appear, and what is wrong row by row."""
    groups: dict[tuple[str, str], Group] = {}
    errors: list[RowError] = []
    at, seen = now(), set()
    for count, row in enumerate(rows, 1):
        if count > MOST_ITEMS:
            errors.append(RowError(row.line, "", _("At most %(count)s rows.", count=MOST_ITEMS)))
            break
        lowered = {name.lower(): cell.strip() for name, cell in row.cells.items()}
        cells = {column: lowered.get(column, "") for column in COLUMNS}
        wrong: dict[str, str] = {}
        found = _row(row.line, cells, site, wrong)
        group = _group(groups, cells, site, at, wrong)
        key = (cells["sku"], cells["currency"].upper(), cells["from"], cells["until"])
        if key in seen and not wrong:
            wrong["sku"] = _("This price is in the file twice.")
        seen.add(key)
        errors += [RowError(row.line, column, message) for column, message in wrong.items()]
        if found is not None and group is not None:
            group.rows.append(found)
    if len(groups) > MOST_PERIODS:
        errors.append(RowError(1, "from", _("At most %(count)s periods in one file.", count=MOST_PERIODS)))
    return list(groups.values()), errors


def _row(line: int, cells: Mapping[str, str], site: Site, wrong: dict[str, str]) -> Row | None:
    currency = cells["currency"].upper() or site.currency
    if not cells["sku"]:
        wrong["sku"] = _("Fill this in.")
    if currency not in site.currencies:
        wrong["currency"] = _("This site does not sell in %(currency)s.", currency=currency)
        return None
    try:
        amount = parse_money(cells["price"], currency).amount
    except NotMoney as error:
        wrong["price"] = say(error)
        return None
    if amount < 0:
        wrong["price"] = _("Not below zero.")
    return None if wrong else Row(line, cells["sku"], currency, amount)


def _group(
    groups: dict[tuple[str, str], Group], cells: Mapping[str, str], site: Site, at: datetime, wrong: dict[str, str]
) -> Group | None:
    key = (cells["from"], cells["until"])
    if key in groups:
        return groups[key]
    starts = _read(cells, "from", site, wrong) or at
    ends = _read(cells, "until", site, wrong)
    if ends is not None and ends <= starts and "from" not in wrong:
        wrong["until"] = _("Not before the beginning.")
    if "from" in wrong or "until" in wrong:
        return None
    groups[key] = Group(starts, ends)
    return groups[key]


def _read(cells: Mapping[str, str], column: str, site: Site, wrong: dict[str, str]) -> datetime | None:
    try:
        return read_instant(cells[column], site, last=column == "until") if cells[column] else None
    except NoTime as reason:
        wrong[column] = str(reason)
        return None
