"""Totals and facets of a list, with their words, by one statement."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from core.catalogue.services.availability import AVAILABLE
from core.catalogue.services.narrowing import Narrowing
from core.catalogue.services.shapes import Facet, FacetValue
from core.catalogue.services.words import spoken
from core.catalogue.services.writing import decoded
from core.kernel import db
from core.lib.money import Money

_PRICE_MIN, _PRICE_MAX = ":price-min", ":price-max"
_VALUES_SHOWN = 60


class Found(NamedTuple):
    """What a list counts."""

    total: int
    available: int
    price_min: Money | None
    price_max: Money | None
    facets: tuple[Facet, ...]


def facets_of(narrowing: Narrowing) -> Found:
    """Count: kept counters for a list as it is, SQL over what the choices leave for a narrowed one."""
    counted, params = _kept(narrowing) if narrowing.counts_are_kept else _narrowed(narrowing)
    rows = db.rows(
        "SELECT k.code, k.value, k.total, n.names, n.swatch, n.position, f.names, a.position FROM ("
        f"{counted}) k LEFT JOIN facet_name n ON n.code = k.code AND n.value = k.value AND k.value <> ''"
        " LEFT JOIN facet_name f ON f.code = k.code AND f.value = '' LEFT JOIN attribute a ON a.code = k.code",
        *params,
    )
    return _found(narrowing, rows)


def _kept(narrowing: Narrowing) -> tuple[str, list[object]]:
    here = [narrowing.site_id, narrowing.category_id, narrowing.currency]
    where = "site_id = ? AND category_id = ? AND currency = ?"
    sql = (
        f"SELECT code, value, total FROM card_count WHERE {where} AND total > 0"
        f" UNION ALL SELECT '{_PRICE_MIN}', '', (SELECT MIN(price) FROM card_place WHERE {where})"
        f" UNION ALL SELECT '{_PRICE_MAX}', '', (SELECT MAX(price) FROM card_place WHERE {where})"
    )
    return sql, here * 3


def _narrowed(narrowing: Narrowing) -> tuple[str, list[object]]:
    parts: list[str] = []
    params: list[object] = []

    def add(select: str, without: str | None = None, join: str = "", extra: str = "", *values: object) -> None:
        source = narrowing.source(without=without)
        where = " AND ".join([*source.conditions, *([extra] if extra else [])])
        parts.append(f"SELECT {select} FROM {source.tables}{join} WHERE {where}")
        params.extend([*source.params, *values])

    facet = " JOIN card_facet f ON f.product_id = p.product_id AND f.site_id = p.site_id"
    chosen = narrowing.chosen
    add("'' AS code, '' AS value, COUNT(*) AS total")
    add(f"'{AVAILABLE}', '', COALESCE(SUM(CASE WHEN c.available THEN 1 ELSE 0 END), 0)", AVAILABLE)
    add(f"'{_PRICE_MIN}', '', MIN(c.price)", ":price")
    add(f"'{_PRICE_MAX}', '', MAX(c.price)", ":price")
    for code in chosen:
        add("f.code, f.value, COUNT(*)", code, facet, "f.code = ?", code)
        parts[-1] += " GROUP BY f.code, f.value"
    for code, values in chosen.items():
        parts += ["SELECT CAST(? AS TEXT), CAST(? AS TEXT), 0"] * len(values)
        params += [word for value in values for word in (code, value)]
    others = f"f.code NOT IN ({db.marks(tuple(chosen))})" if chosen else ""
    add("f.code, f.value, COUNT(*)", None, facet, others, *chosen)
    parts[-1] += " GROUP BY f.code, f.value"
    return " UNION ALL ".join(parts), params


def _found(narrowing: Narrowing, rows: list[tuple[Any, ...]]) -> Found:
    sums = {row[0]: row[2] for row in rows if not row[1]}
    currency = narrowing.currency
    low, high = sums.get(_PRICE_MIN), sums.get(_PRICE_MAX)
    return Found(
        total=int(sums.get("") or 0),
        available=int(sums.get(AVAILABLE) or 0),
        price_min=None if low is None else Money(int(low), currency),
        price_max=None if high is None else Money(int(high), currency),
        facets=_facets(narrowing, [row for row in rows if row[1]]),
    )


def _facets(narrowing: Narrowing, rows: list[tuple[Any, ...]]) -> tuple[Facet, ...]:
    values: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        values[row[0]].append(row)
    facets = [_facet(narrowing, code, found) for code, found in values.items()]
    places = {code: (found[0][7] is not None, found[0][7] or 0, code) for code, found in values.items()}
    return tuple(sorted(facets, key=lambda facet: places[facet.code]))


def _facet(narrowing: Narrowing, code: str, rows: list[tuple[Any, ...]]) -> Facet:
    """The values by their order in the option (sizes), else the most frequent first; the chosen ones are always among them."""
    chosen = narrowing.chosen.get(code, ())
    # A chosen value comes twice: as counted, and with 0, lest it be missing when nothing has it.
    counted = {row[1]: row for row in sorted(rows, key=lambda row: row[2])}
    rows = sorted(counted.values(), key=lambda row: (row[1] not in chosen, -row[2]))[:_VALUES_SHOWN]
    rows.sort(key=lambda row: (row[5] or 0, -row[2], row[1]))

    def name(words: str | None, otherwise: str) -> str:
        return spoken(decoded(words), narrowing.language, narrowing.fallback) or otherwise

    return Facet(
        code=code,
        name=name(rows[0][6], code),
        values=tuple(
            FacetValue(
                value=value, name=name(words, value), colour=colour or "", count=int(total), chosen=value in chosen
            )
            for _, value, total, words, colour, *_ in rows
        ),
    )
