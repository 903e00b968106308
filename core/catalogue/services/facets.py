"""Totals and facets of a list, with their words, by one statement.

What counters tell is read from them, whatever the size of the shop; the rest is counted over what the choices leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from core.catalogue.services.narrowing import PRICE, Narrowing
from core.catalogue.services.shapes import Facet, FacetValue
from core.catalogue.services.words import spoken
from core.catalogue.services.writing import decoded
from core.kernel import db
from core.kernel.kept import kept_still
from core.lib.money import Money

_AVAILABLE, _PRICE_MIN, _PRICE_MAX = ":available", ":price-min", ":price-max"
_VALUES_SHOWN = 60
_BARS, _STEPS, _MOST_IN_BARS = ":bars", 12, 5000


class Found(NamedTuple):
    """What a list counts."""

    total: int
    available: int
    price_min: Money | None
    price_max: Money | None
    facets: tuple[Facet, ...]
    bars: tuple[int, ...]


def facets_of(narrowing: Narrowing) -> Found:
    """Count what the query leaves, and per facet what it would leave without the choice made there."""
    counting = _Counting(narrowing)
    if narrowing.is_counted():
        counting.kept_sums()
        counting.kept_values("code <> ''")
    else:
        counting.hits()
        counting.bars()
    counting.prices()
    for code, values in narrowing.chosen.items():
        counting.chosen(code, values)
    rows = db.rows(
        f"{counting.opening} SELECT k.code, k.value, k.total, n.names, n.swatch, n.position, f.names, a.position FROM ("
        f"{' UNION ALL '.join(counting.parts)}) k LEFT JOIN facet_name n ON n.code = k.code AND n.value = k.value AND"
        " k.value <> ''"
        " LEFT JOIN facet_name f ON f.code = k.code AND f.value = '' LEFT JOIN attribute a ON a.code = k.code",
        *counting.params,
    )
    found = _found(narrowing, rows)
    return found._replace(bars=_kept_bars(narrowing)) if narrowing.is_counted(PRICE) and _fits(found) else found


def _fits(found: Found) -> bool:
    """Whether the bars of all goods cost little enough to be counted anew whenever something has changed."""
    return 1 < found.total <= _MOST_IN_BARS


def _kept_bars(narrowing: Narrowing) -> tuple[int, ...]:
    """The bars of a list without choices (but a price): read once while nothing changes."""
    site_id, category_id, currency = narrowing.place
    where = narrowing.where(PRICE)
    statement = f"WITH h AS MATERIALIZED (SELECT p.price FROM card_place p WHERE {where.sql}) {_BARS_OF_H}"

    def read() -> tuple[int, ...]:
        return _bars([(row[1], row[2]) for row in db.rows(statement, *where.params)])

    return kept_still(f"bars:{site_id}:{category_id}:{currency}:{narrowing.query.in_stock}", read)


_STEP_OF_H = f"CAST((h.price - s.low) * {_STEPS} / (s.high - s.low + 1) AS TEXT)"
_BARS_OF_H = (
    f"SELECT '{_BARS}', {_STEP_OF_H}, COUNT(*) FROM h"
    f" CROSS JOIN (SELECT MIN(price) AS low, MAX(price) AS high FROM h) s GROUP BY {_STEP_OF_H}"
)


def _bars(rows: Iterable[tuple[str, int]]) -> tuple[int, ...]:
    """How many products in each step; nothing where all cost the same."""
    counted = {int(step): int(total) for step, total in rows}
    return tuple(counted.get(step, 0) for step in range(_STEPS)) if len(counted) > 1 else ()


class _Counting:
    """One statement in parts, each giving (code, value, total)."""

    def __init__(self, narrowing: Narrowing) -> None:
        self.narrowing = narrowing
        self.opening = ""
        self.parts: list[str] = []
        self.params: list[object] = []

    def add(self, part: str, *params: object) -> None:
        self.parts.append(part)
        self.params += params

    def kept_sums(self) -> None:
        """All, and those available, from the counters."""
        here = "FROM card_count WHERE site_id = ? AND category_id = ? AND currency = ? AND code = ''"
        self.add(f"SELECT '' AS code, '' AS value, {self._counter} AS total {here}", *self.narrowing.place)
        self.add(f"SELECT '{_AVAILABLE}', '', available {here}", *self.narrowing.place)

    def kept_values(self, where: str, *params: object) -> None:
        """Values of facets from the counters."""
        self.add(
            f"SELECT code, value, {self._counter} FROM card_count"
            # Safe in SQL: `where` is written in this module, its values are parameters.
            f" WHERE site_id = ? AND category_id = ? AND currency = ? AND total > 0 AND {where}",
            *self.narrowing.place,
            *params,
        )

    @property
    def _counter(self) -> str:
        """The counter that fits: of those in stock, if that was chosen."""
        return "available" if self.narrowing.query.in_stock else "total"

    def hits(self) -> None:
        """Over the places that all choices leave, found once."""
        where = self.narrowing.where()
        self.opening = (
            f"WITH h AS MATERIALIZED (SELECT p.product_id, p.price, p.available FROM card_place p WHERE {where.sql})"
        )
        self.params += where.params
        self.add("SELECT '' AS code, '' AS value, COUNT(*) AS total FROM h")
        self.add(f"SELECT '{_AVAILABLE}', '', SUM(CASE WHEN h.available THEN 1 ELSE 0 END) FROM h")
        chosen = tuple(self.narrowing.chosen)
        self.add(
            "SELECT f.code, f.value, COUNT(*) FROM h CROSS JOIN card_facet f WHERE f.product_id = h.product_id AND"
            " f.site_id = ?"
            f"{f' AND f.code NOT IN ({db.marks(chosen)})' if chosen else ''} GROUP BY f.code, f.value",
            self.narrowing.site_id,
            *chosen,
        )

    def bars(self) -> None:
        """How many cost how much, without the choice of a price."""
        if not self.narrowing.has_price:
            self.add(_BARS_OF_H)
        elif not self.narrowing.is_counted(PRICE):
            where = self.narrowing.where(PRICE)
            self.add(
                f"SELECT * FROM (WITH h AS MATERIALIZED (SELECT p.price FROM card_place p WHERE {where.sql})"
                f" {_BARS_OF_H}) b",
                *where.params,
            )

    def prices(self) -> None:
        """The span of prices without the choice of one."""
        for code, function in ((_PRICE_MIN, "MIN"), (_PRICE_MAX, "MAX")):
            if self.narrowing.has_price or self.narrowing.is_counted():
                where = self.narrowing.where(PRICE)
                self.add(f"SELECT '{code}', '', {function}(p.price) FROM card_place p WHERE {where.sql}", *where.params)
            else:
                self.add(f"SELECT '{code}', '', {function}(h.price) FROM h")

    def chosen(self, code: str, values: tuple[str, ...]) -> None:
        """The values of a facet under all other choices.

        The chosen ones also with 0, lest one be missing that nothing has.
        """
        if self.narrowing.is_counted(code):
            self.kept_values("code = ?", code)
        else:
            where = self.narrowing.where(code)
            self.add(
                "SELECT f.code, f.value, COUNT(*) FROM card_place p JOIN card_facet f ON f.product_id = p.product_id"
                f" AND f.site_id = p.site_id AND f.code = ? WHERE {where.sql} GROUP BY f.code, f.value",
                code,
                *where.params,
            )
        for value in values:
            self.add("SELECT CAST(? AS TEXT), CAST(? AS TEXT), 0", code, value)


def _found(narrowing: Narrowing, rows: list[tuple[Any, ...]]) -> Found:
    sums = {row[0]: row[2] for row in rows if not row[1]}
    low, high = sums.get(_PRICE_MIN), sums.get(_PRICE_MAX)
    return Found(
        total=int(sums.get("") or 0),
        available=int(sums.get(_AVAILABLE) or 0),
        price_min=None if low is None else Money(int(low), narrowing.currency),
        price_max=None if high is None else Money(int(high), narrowing.currency),
        facets=_facets(narrowing, [row for row in rows if row[1] and row[0] != _BARS]),
        bars=_bars((row[1], row[2]) for row in rows if row[0] == _BARS),
    )


def _facets(narrowing: Narrowing, rows: list[tuple[Any, ...]]) -> tuple[Facet, ...]:
    """Options before attributes, those in their position."""
    values: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        values[row[0]].append(row)
    places = {code: (found[0][7] is not None, found[0][7] or 0, code) for code, found in values.items()}
    return tuple(_facet(narrowing, code, values[code]) for code in sorted(values, key=lambda code: places[code]))


def _facet(narrowing: Narrowing, code: str, rows: list[tuple[Any, ...]]) -> Facet:
    """The values by their order in the option (sizes), else the most frequent first.

    The chosen ones are always among them.
    """
    chosen = narrowing.chosen.get(code, ())
    # A chosen value comes twice: as counted, and with 0.
    counted = {row[1]: row for row in sorted(rows, key=lambda row: row[2]) if row[2] or row[1] in chosen}
    rows = sorted(counted.values(), key=lambda row: (row[1] not in chosen, -row[2]))[:_VALUES_SHOWN]
    rows.sort(key=lambda row: (row[5] or 0, -row[2], row[1]))

    def name(words: str | None, otherwise: str) -> str:
        return spoken(decoded(words), narrowing.language, narrowing.fallback) or otherwise

    return Facet(
        code=code,
        name=name(rows[0][6] if rows else None, code),
        values=tuple(
            FacetValue(
                value=value, name=name(words, value), colour=colour or "", count=int(total), chosen=value in chosen
            )
            for _, value, total, words, colour, *_ in rows
        ),
    )
