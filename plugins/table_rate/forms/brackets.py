"""The lines of a bracket table: reading, rearranging without a script, and what is wrong with them.

Numbers are whole (grams, minor units, pieces) and both ends of a bracket count, so 0 to 500 and 501 to 1000 leave
nothing out. Where two brackets hold a number, the one that begins lower counts, and of two that begin alike the upper
line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.api import Money, NotMoney, Site, money, number, parse_money, say
from core.api import gettext as _
from plugins.table_rate.models import QUANTITY, TOTAL, WEIGHT

COLUMNS = ("from", "to", "price")
SPARE, MOST = 3, 500
_LARGEST = 10**12


class Bracket(NamedTuple):
    """From `low` to `high`, both counting (None: without end), it costs `amount` minor units."""

    low: int
    high: int | None
    amount: int

    def holds(self, measure: int) -> bool:
        return self.low <= measure and (self.high is None or measure <= self.high)


Lines = dict[str, list[tuple[str, str, str]]]


def lines_of(form: Mapping[str, str], site: Site) -> Lines:
    """The lines of the editor as they were typed, per currency."""
    return {
        currency: [
            (form.get(f"from-{currency}-{i}", ""), form.get(f"to-{currency}-{i}", ""), form[f"price-{currency}-{i}"])
            for i in range(MOST)
            if f"price-{currency}-{i}" in form
        ]
        for currency in site.currencies
    }


def rearranged(form: Mapping[str, str], site: Site) -> Lines:
    """The lines after the pressed button: `add-EUR`, `drop-EUR-2` or `paste-EUR`. Nothing is saved by it."""
    lines = lines_of(form, site)
    act, _dash, rest = form.get("act", "").partition("-")
    currency, _dash, place = rest.partition("-")
    if currency not in lines:
        return lines
    if act == "add":
        lines[currency] += [("", "", "")] * SPARE
    if act == "drop" and place.isascii() and place.isdigit() and int(place) < len(lines[currency]):
        del lines[currency][int(place)]
    if act == "paste":
        lines[currency] = [line for line in lines[currency] if any(cell.strip() for cell in line)]
        lines[currency] += pasted(form.get(f"paste-{currency}", ""))
    return {code: found[:MOST] for code, found in lines.items()}


def pasted(text: str) -> list[tuple[str, str, str]]:
    """Lines of a spreadsheet: cells between tabs, semicolons or wide gaps; a heading without a digit is left out."""
    lines = []
    for line in text.splitlines():
        if not re.search(r"\d", line):
            continue
        cells = [cell.strip() for cell in re.split(r"\t|;|\s{2,}|\|", line.strip("\r\n "))]
        lines.append([*cells, "", "", ""][:3])
    return [(cells[0], cells[1], cells[2]) for cells in lines]


def parse_lines(lines: Lines, basis: str, errors: dict[str, str]) -> dict[str, list[Bracket]]:
    """The brackets per currency in rising order; lines left empty are left out. Wrong cells are noted by their id."""
    brackets: dict[str, list[Bracket]] = {}
    for currency, typed in lines.items():
        found = []
        for i, line in enumerate(typed):
            wrong: dict[str, str] = {}
            bracket = parse_line(line, basis, currency, wrong) if any(cell.strip() for cell in line) else None
            errors.update({f"{column}-{currency}-{i}": message for column, message in wrong.items()})
            if bracket is not None:
                found.append(bracket)
        if found:
            brackets[currency] = sorted(found, key=lambda bracket: bracket.low)
    return brackets


def parse_line(line: Sequence[str], basis: str, currency: str, errors: dict[str, str]) -> Bracket | None:
    """One bracket; None and a message per column if something is wrong. An empty beginning is zero."""
    low = _bound(line[0], basis, currency, "from", errors) or 0
    high = _bound(line[1], basis, currency, "to", errors)
    amount = _amount(line[2], currency, "price", errors)
    if not line[2].strip():
        errors["price"] = _("Fill this in.")
    if not errors and high is not None and high < low:
        errors["to"] = _("Not below the beginning.")
    return None if errors or amount is None else Bracket(low, high, amount)


def _bound(text: str, basis: str, currency: str, column: str, errors: dict[str, str]) -> int | None:
    if basis == TOTAL:
        return _amount(text, currency, column, errors)
    digits = re.sub(r"[\s,'’]|\s*(g|克|件)$", "", text.strip())
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and int(digits) <= _LARGEST):
        errors[column] = _("Write whole grams.") if basis == WEIGHT else _("Write a whole number.")
        return None
    return int(digits)


def _amount(text: str, currency: str, column: str, errors: dict[str, str]) -> int | None:
    if not text.strip():
        return None
    try:
        amount = parse_money(text, currency).amount
    except NotMoney as error:
        errors[column] = say(error)
        return None
    if amount < 0:
        errors[column] = _("Not below zero.")
        return None
    return amount


def typed(bracket: Bracket, basis: str, currency: str) -> tuple[str, str, str]:
    """A bracket as its line would have been typed."""
    high = "" if bracket.high is None else _plain(bracket.high, basis, currency)
    return _plain(bracket.low, basis, currency), high, Money(bracket.amount, currency).decimal


def _plain(bound: int, basis: str, currency: str) -> str:
    return Money(bound, currency).decimal if basis == TOTAL else str(bound)


def shown(bound: int, basis: str, currency: str) -> str:
    """A bound with its unit, for people."""
    if basis == TOTAL:
        return money(Money(bound, currency))
    return number(bound) if basis == QUANTITY else _("%(grams)s g", grams=number(bound))


def gaps_and_overlaps(brackets: Sequence[Bracket], basis: str, currency: str) -> list[str]:
    """What a merchant should know of a table: numbers that no line holds, and such that two lines hold."""
    remarks = []
    expected: int | None = 1 if basis == QUANTITY else 0
    for bracket in sorted(brackets, key=lambda one: one.low):
        if expected is None or bracket.low < expected:
            ends = [end for end in (bracket.high, None if expected is None else expected - 1) if end is not None]
            span = _span(bracket.low, min(ends, default=None), basis, currency)
            remarks.append(_("Overlap: two lines hold %(span)s; the one that begins lower counts.", span=span))
        elif bracket.low > expected:
            remarks.append(_("Gap: no line holds %(span)s.", span=_span(expected, bracket.low - 1, basis, currency)))
        if expected is not None:
            expected = None if bracket.high is None else max(expected, bracket.high + 1)
    if expected is not None and brackets:
        remarks.append(_("Nothing is offered above %(high)s.", high=shown(expected - 1, basis, currency)))
    return remarks


def _span(low: int, high: int | None, basis: str, currency: str) -> str:
    begin = shown(low, basis, currency)
    if high is None:
        return _("everything from %(low)s", low=begin)
    return begin if low == high else _("%(low)s to %(high)s", low=begin, high=shown(high, basis, currency))
