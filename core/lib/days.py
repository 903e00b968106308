"""Days as people write them, read in the order that somebody said and never in one that was guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from msgspec import Struct

YEAR_FIRST, DAY_FIRST, MONTH_FIRST = "ymd", "dmy", "mdy"
DAY_ORDERS = (YEAR_FIRST, DAY_FIRST, MONTH_FIRST)

_DAY = re.compile(r"(\d{1,4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,4})(?:日|\.)?(?!\d)(.*)", re.DOTALL)
_HOUR = re.compile(
    r"[T,\s]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?\s*(?P<zone>UTC|Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
# A year of two digits from 70 on is one of the last century.
_CENTURY, _LAST_CENTURY = 2000, 70


class Written(Struct, frozen=True):
    """A day that somebody wrote. `at` has a zone only if it was written down, and midnight if there is no hour."""

    at: datetime
    has_hour: bool


def read_day(text: str, order: str = "") -> Written | None:
    """The day that `text` is, or None. A year of four digits in front is read whatever `order` says.

    >>> read_day("12/1/2010 8:26", "mdy").at.isoformat()
    '2010-12-01T08:26:00'
    >>> read_day("12/1/2010 8:26", "dmy").at.isoformat()
    '2010-01-12T08:26:00'
    >>> read_day("12/1/2010 8:26") is None
    True
    """
    text = text.strip()
    try:
        return Written(datetime.fromisoformat(text), has_hour=not re.fullmatch(r"\d{4}-?\d\d-?\d\d", text))
    except ValueError:
        pass
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    order = YEAR_FIRST if len(found[1]) == 4 else order
    day, rest = _day(found.groups()[:3], order), found[4].strip(" ")
    hour = _HOUR.fullmatch(f" {rest.lstrip()}" if rest else "")
    if day is None or (rest and hour is None):
        return None
    try:
        return Written(_at_hour(day, hour), has_hour=True) if hour else Written(day, has_hour=False)
    except ValueError:
        return None


def fitting(text: str) -> tuple[str, ...]:
    """The orders in which `text` is a day; all of them where its year comes first.

    >>> fitting("13/12/2010"), fitting("1/12/2010"), fitting("yesterday")
    (('dmy',), ('dmy', 'mdy'), ())
    """
    return tuple(order for order in DAY_ORDERS if read_day(text, order) is not None)


def _day(parts: tuple[str, ...], order: str) -> datetime | None:
    said = dict(zip(order, parts, strict=False))
    if not said or len(said["y"]) not in {2, 4} or max(len(said["m"]), len(said["d"])) > 2:
        return None
    year = int(said["y"])
    if len(said["y"]) == 2:
        year += _CENTURY - (100 if year >= _LAST_CENTURY else 0)
    try:
        return datetime(year, int(said["m"]), int(said["d"]))  # noqa: DTZ001 -- whose zone it is, the reader knows
    except ValueError:
        return None


def _at_hour(day: datetime, said: re.Match[str]) -> datetime:
    hour, half, zone = int(said["hour"]), (said["half"] or "").lower(), (said["zone"] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(said[0])
        hour = hour % 12 + (12 if half == "p" else 0)
    at = day.replace(hour=hour, minute=int(said["minute"]), second=int(said["second"] or 0))
    if not zone:
        return at
    if zone in {"UTC", "Z"}:
        return at.replace(tzinfo=UTC)
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return at.replace(tzinfo=timezone(-ahead if zone[0] == "-" else ahead))
