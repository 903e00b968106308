"""What a batch of variants costs now, by two statements, and one more where a sale leaves reduced goods out.

Of the sales that hold, the lowest price wins, and of equal ones the older sale. An answer holds until the first of all
sales for that variant begins or ends; before the first begins, it is the list price, so that pages and cards turn at
the instant of the beginning as they do at the end.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from core.api import (
    Money,
    PriceQuery,
    PromotedPrice,
    Site,
    depends,
    exponent,
    instant,
    kept,
    marks,
    micros,
    now,
    once_a_look,
    percent,
    rows,
    value,
)
from plugins.sale_prices.models import CATEGORY, EXACT, FIXED, PERCENT, PRODUCT, TO_95, TO_99, VARIANT


class Term(NamedTuple):
    """A sale as it concerns one variant, product or all goods. `prices` are the fixed ones, by currency."""

    sale_id: int
    name: str
    kind: str
    basis_points: int
    prices: Mapping[str, int]
    rounding: str
    starts: datetime
    ends: datetime | None
    signed_in: bool
    skip_reduced: bool


class Winner(NamedTuple):
    """The sale whose price holds, and the price."""

    term: Term
    amount: int


class Found(NamedTuple):
    """What is known of a query: the winner now, if any, and when that changes next."""

    winner: Winner | None
    until: datetime | None


def tag(site: Site) -> str:
    """Pages that carry it end when a sale of the site is edited."""
    return f"sale_prices:{site.id}"


def answers(site: Site, queries: Sequence[PriceQuery]) -> dict[PriceQuery, PromotedPrice]:
    """The answer to `promote_prices`."""
    depends(tag(site))
    said = {}
    for query, found in winners_now(site, queries).items():
        if found.winner is not None:
            amount = Money(found.winner.amount, query.list_price.currency)
            said[query] = PromotedPrice(amount=amount, until=found.until, reason=found.winner.term.name)
        elif found.until is not None:
            said[query] = PromotedPrice(amount=query.list_price, until=found.until)
    return said


def has_sales(site: Site) -> bool:
    """Whether any sale may concern anything: most pages of most shops are spared the question which one."""
    return kept(tag(site), lambda: bool(value(_ANY, site.id, micros(now()))))


_ANY = (
    "SELECT 1 FROM sale_prices_sale WHERE site_id = ? AND active AND removed_at IS NULL AND (ends IS NULL OR ends > ?)"
    " LIMIT 1"
)


def winners_now(site: Site, queries: Sequence[PriceQuery]) -> dict[PriceQuery, Found]:
    """`winners` at present: a page asks for its price, and then for what stands below it."""
    return once_a_look(("sale_prices", site.id, *queries), lambda: winners(site, queries, now()))


def winners(
    site: Site, queries: Sequence[PriceQuery], at: datetime, without: int | None = None
) -> dict[PriceQuery, Found]:
    """Which sale wins for each query at an instant; queries that no sale concerns are left out.

    `without` leaves one sale out, to see what the others say.
    """
    terms = _terms(site, queries, at, without) if queries and has_sales(site) else []
    if not terms:
        return {}
    by_target: dict[tuple[str, int], list[Term]] = defaultdict(list)
    for kind, ref, term in terms:
        by_target[kind, ref].append(term)
    skipped = (
        already_reduced(site, queries, at) if any(term.skip_reduced for _kind, _ref, term in terms) else frozenset()
    )
    found = {}
    for query in queries:
        targets = ((VARIANT, query.variant_id), (PRODUCT, query.product_id), ("", 0))
        concerned = [
            term
            for target in targets
            for term in by_target.get(target, ())
            if (query.customer_id is not None or not term.signed_in)
            and not (term.skip_reduced and (query.variant_id, query.list_price.currency) in skipped)
        ]
        if concerned:
            found[query] = _best(concerned, query.list_price, at)
    return found


def _best(terms: Sequence[Term], list_price: Money, at: datetime) -> Found:
    turns = [turn for term in terms for turn in (term.starts, term.ends) if turn is not None and turn > at]
    best: Winner | None = None
    for term in sorted(terms, key=lambda one: one.sale_id):
        if not (term.starts <= at and (term.ends is None or at < term.ends)):
            continue
        amount = reduced(term, list_price)
        if amount is not None and (best is None or amount < best.amount):
            best = Winner(term, amount)
    return Found(best, min(turns, default=None))


def reduced(term: Term, list_price: Money) -> int | None:
    """The price in minor units; None where the sale lowers nothing. Never above the list price, never below zero."""
    amount, currency = list_price.amount, list_price.currency
    if term.kind == FIXED:
        wanted = term.prices.get(currency, amount)
    elif term.kind == PERCENT:
        wanted = rounded(amount - percent(amount, term.basis_points), currency, term.rounding)
    else:
        wanted = rounded(max(0, amount - term.prices.get(currency, 0)), currency, term.rounding)
    return wanted if 0 <= wanted < amount else None


def rounded(amount: int, currency: str, rule: str) -> int:
    """The nearest price below or at `amount` that ends as the rule says; `amount` itself where there is none.

    Endings are decimals of a whole unit, so a currency without decimals is left as it is.
    """
    unit = 10 ** exponent(currency)
    if rule == EXACT or unit < 100:
        return amount
    ending = {TO_99: unit // 100 * 99, TO_95: unit // 100 * 95}.get(rule, 0)
    down = (amount - ending) // unit * unit + ending
    return down if down > 0 else amount


# Categories count with all that lies below them. `?` of the last three lines choose the sales that are not over.
_TERMS = """
WITH RECURSIVE up(product_id, id) AS (
  SELECT product_id, category_id FROM product_category WHERE product_id IN ({products})
  UNION SELECT up.product_id, c.parent_id FROM up JOIN category c ON c.id = up.id WHERE c.parent_id IS NOT NULL),
hit(sale_id, kind, ref, prices) AS (
  SELECT i.sale_id, i.kind, i.ref, i.prices FROM sale_prices_item i
    WHERE i.site_id = ? AND i.kind = ? AND i.ref IN ({variants})
  UNION ALL SELECT i.sale_id, i.kind, i.ref, i.prices FROM sale_prices_item i
    WHERE i.site_id = ? AND i.kind = ? AND i.ref IN ({products})
  UNION ALL SELECT i.sale_id, CAST(? AS VARCHAR(10)), up.product_id, i.prices FROM sale_prices_item i
    JOIN up ON up.id = i.ref WHERE i.site_id = ? AND i.kind = ?
  UNION ALL SELECT s.id, CAST('' AS VARCHAR(10)), 0, NULL FROM sale_prices_sale s WHERE s.site_id = ? AND s.everything)
SELECT h.kind, h.ref, h.prices, s.id, s.name, s.kind, s.basis_points, s.amounts, s.rounding, s.starts, s.ends,
  s.signed_in, s.skip_reduced
FROM hit h JOIN sale_prices_sale s ON s.id = h.sale_id
WHERE s.site_id = ? AND s.active AND s.removed_at IS NULL AND (s.ends IS NULL OR s.ends > ?)
"""


def _terms(site: Site, queries: Sequence[PriceQuery], at: datetime, without: int | None) -> list[tuple[str, int, Term]]:
    variants, products = (
        {*ids} for ids in zip(*((query.variant_id, query.product_id) for query in queries), strict=True)
    )
    sql = _TERMS.format(variants=marks(sorted(variants)), products=marks(sorted(products)))
    found = rows(
        sql,
        *sorted(products), site.id, VARIANT, *sorted(variants), site.id, PRODUCT, *sorted(products), PRODUCT, site.id,
        CATEGORY, site.id, site.id, micros(at),
    )  # fmt: skip
    return [(row[0], row[1], _term(row)) for row in found if row[3] != without]


def _term(row: Sequence[Any]) -> Term:
    return Term(
        sale_id=row[3],
        name=row[4],
        kind=row[5],
        basis_points=row[6],
        prices={**json.loads(row[7]), **(json.loads(row[2]) if row[2] else {})},
        rounding=row[8],
        starts=instant(row[9]),
        ends=None if row[10] is None else instant(row[10]),
        signed_in=bool(row[11]),
        skip_reduced=bool(row[12]),
    )


def already_reduced(site: Site, queries: Sequence[PriceQuery], at: datetime) -> frozenset[tuple[int, str]]:
    """Variants whose own price is compared with a higher one now, per currency."""
    variants, instant_us = sorted({query.variant_id for query in queries}), micros(at)
    found = rows(
        "SELECT variant_id, currency FROM price WHERE site_id = ? AND list IS NULL AND was IS NOT NULL"
        " AND (starts IS NULL OR starts <= ?) AND (ends IS NULL OR ends > ?)"
        f" AND variant_id IN ({marks(variants)})",
        site.id, instant_us, instant_us, *variants,
    )  # fmt: skip
    return frozenset((variant_id, currency) for variant_id, currency in found)
