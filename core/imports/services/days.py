"""In which order a file writes its days: found out where its rows leave no choice, said by people where they do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

from msgspec import Struct, field

from core.imports.services.records import short
from core.imports.services.sources import open_table
from core.kernel.i18n import enumerated
from core.kernel.i18n import gettext as _
from core.lib.days import DAY_ORDERS, YEAR_FIRST, fitting, read_day
from core.lib.errors import Unfit

FIELD = "dates"
# So many rows are looked through at once; what a longer file says below them, its rehearsal remarks row by row.
_LOOKED_THROUGH = 100_000
_NAMED = 3


class DayOrder(Struct, frozen=True):
    """The order of the days of a file, empty where nobody knows it yet; `line` is the row that leaves no other."""

    order: str = ""
    line: int = 0


class _Seen(Struct):
    """What the cells say: how many are days, and rows that are against an order. `first` is one with its year in front.

    With the year in front a day can be meant in one way only, so it is against nothing that others are meant by.
    """

    days: int = 0
    year_first: int = 0
    first: tuple[int, str] = (0, "")
    against: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: {order: [] for order in DAY_ORDERS})

    @property
    def possible(self) -> list[str]:
        if self.days == self.year_first:
            return [YEAR_FIRST] if self.days else []
        return [order for order in DAY_ORDERS if not self.against[order]]

    @property
    def found(self) -> DayOrder:
        """The only order that is possible, with the row behind which it was the only one."""
        if len(self.possible) != 1:
            return DayOrder()
        against = [rows[0][0] for rows in self.against.values() if rows]
        return DayOrder(self.possible[0], max(against, default=self.first[0]))


def order_of_days(source: Path, columns: Sequence[str], wanted: str = "", kept: str = "") -> DayOrder:
    """The order in which these columns of a kept file are read: the wanted one, else the only one that can be.

    What was `kept` for files like it counts where this one allows it. Raises Unfit, naming rows, where the file
    contradicts what is wanted; UnreadableFile.
    """
    seen = _look_through(source, columns)
    wanted = wanted or (kept if kept in seen.possible else "")
    if wanted not in DAY_ORDERS or not seen.days:
        return seen.found
    if wanted in seen.possible:
        return seen.found if seen.found.order else DayOrder(wanted)
    rows = seen.against[wanted] or [seen.first]
    named = enumerated(_("line %(line)s: “%(text)s”", line=line, text=short(text)) for line, text in rows)
    raise Unfit({FIELD: _("The file has days that cannot be meant so: %(rows)s.", rows=named)})


def check_order_of_days(source: Path, columns: Sequence[str], order: str) -> None:
    """Raises Unfit where nobody has said how the days of these columns are meant, and the file leaves it open."""
    if not order and _look_through(source, columns).days:
        raise Unfit({FIELD: _("Say in which order day, month and year stand: the file leaves it open.")})


def _look_through(source: Path, columns: Sequence[str]) -> _Seen:
    seen = _Seen()
    if not columns:
        return seen
    with open_table(source) as rows:
        for row in islice(rows, _LOOKED_THROUGH):
            for column in columns:
                if text := row.cells.get(column, "").strip():
                    _look_at(seen, row.line, text)
    return seen


def _look_at(seen: _Seen, line: int, text: str) -> None:
    orders, year_first = _verdict(text)
    if not orders:
        return
    seen.days += 1
    seen.year_first += year_first
    if year_first:
        seen.first = seen.first if seen.first[0] else (line, text)
        return
    for order in DAY_ORDERS:
        if order not in orders and len(seen.against[order]) < _NAMED:
            seen.against[order].append((line, text))


@lru_cache(maxsize=4096)
def _verdict(text: str) -> tuple[tuple[str, ...], bool]:
    """In which orders it is a day, and whether its year comes first anyway."""
    return fitting(text), read_day(text) is not None
