"""What one unit cost everybody, since when: the ground for the lowest price of the last 30 days.

Directive 98/6/EC, article 6a (as inserted by Directive (EU) 2019/2161, article 2): whoever announces a reduction says
the prior price, which is the lowest of at least the 30 days before the reduction. Spans are written when products
change, when sales are edited, begin or end, and by an hourly sweep for what was missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from core.api import Money, PriceQuery, Site, execute, instant, marks, micros, now, rows, transaction
from plugins.sale_prices.services.pricing import winners

PERIOD = timedelta(days=30)
KEPT = timedelta(days=3 * 365)
_AT_ONCE = 500

Key = tuple[int, str]


def record(site: Site, product_ids: Collection[int]) -> int:
    """Note what these products cost everybody now, where it differs from what was noted last. Commits."""
    at = now()
    prices = _present(site, product_ids, at)
    variants = [
        row[0] for row in rows(f"SELECT id FROM variant WHERE product_id IN ({marks(list(product_ids))})", *product_ids)
    ]
    if not variants:
        return 0
    changed = {}
    with transaction():
        known: dict[Key, int] = {
            (variant_id, currency): amount
            for variant_id, currency, amount in rows(
                "SELECT variant_id, currency, amount FROM sale_prices_span WHERE site_id = ? AND until IS NULL"
                f" AND variant_id IN ({marks(variants)})",
                site.id,
                *variants,
            )
        }
        for key in known.keys() | prices.keys():
            if known.get(key) != prices.get(key):
                changed[key] = prices.get(key)
                _turn(site, key, prices.get(key), at)
    return len(changed)


def _turn(site: Site, key: Key, amount: int | None, at: datetime) -> None:
    """End what held, and begin what holds now."""
    execute(
        "UPDATE sale_prices_span SET until = ? WHERE site_id = ? AND variant_id = ? AND currency = ? AND until IS NULL",
        micros(at), site.id, *key,
    )  # fmt: skip
    if amount is not None:
        execute(
            "INSERT INTO sale_prices_span (site_id, variant_id, currency, amount, since) VALUES (?, ?, ?, ?, ?)",
            site.id, *key, amount, micros(at),
        )  # fmt: skip


def _present(site: Site, product_ids: Collection[int], at: datetime) -> dict[Key, int]:
    """What one unit of each variant costs everybody, our sales counted. Three statements at most."""
    ids, us = list(product_ids), micros(at)
    queries = [
        PriceQuery(variant_id=row[0], product_id=row[1], quantity=1, list_price=Money(row[3], row[2]))
        for row in rows(
            "SELECT v.id, v.product_id, p.currency, MIN(p.amount) FROM price p JOIN variant v ON v.id = p.variant_id"
            " WHERE p.site_id = ? AND p.list IS NULL AND p.from_qty = 1 AND v.deleted_at IS NULL"
            " AND (p.starts IS NULL OR p.starts <= ?) AND (p.ends IS NULL OR p.ends > ?)"
            f" AND v.product_id IN ({marks(ids)}) GROUP BY v.id, v.product_id, p.currency",
            site.id, us, us, *ids,
        )
    ]  # fmt: skip
    found = winners(site, queries, at)
    return {
        (query.variant_id, query.list_price.currency): won.winner.amount
        if (won := found.get(query)) is not None and won.winner is not None
        else query.list_price.amount
        for query in queries
    }


def record_all(site: Site) -> None:
    """The sweep: look at every product of the site, some hundred at a time. Commits."""
    for part in _parts(site):
        record(site, part)


def _parts(site: Site) -> Iterator[list[int]]:
    last = 0
    while True:
        found = rows(
            "SELECT product_id FROM listing WHERE site_id = ? AND product_id > ? ORDER BY product_id LIMIT ?",
            site.id, last, _AT_ONCE,
        )  # fmt: skip
        if not found:
            return
        yield [row[0] for row in found]
        last = found[-1][0]


def forget_old(site: Site) -> None:
    """Spans that ended long ago say nothing any more. Commits."""
    with transaction():
        execute("DELETE FROM sale_prices_span WHERE site_id = ? AND until < ?", site.id, micros(now() - KEPT))


def lowest_before(site: Site, starts: Mapping[int, datetime], currency: str) -> dict[int, int]:
    """The lowest price of the 30 days before each variant's reduction began; variants without a history are left out.

    One statement.
    """
    spans: dict[int, list[tuple[int, datetime, datetime | None]]] = defaultdict(list)
    for variant_id, amount, since, until in rows(
        "SELECT variant_id, amount, since, until FROM sale_prices_span WHERE site_id = ? AND currency = ?"
        f" AND variant_id IN ({marks(list(starts))})",
        site.id, currency, *starts,
    ):  # fmt: skip
        spans[variant_id].append((amount, instant(since), None if until is None else instant(until)))
    found = {variant_id: _lowest(spans[variant_id], start) for variant_id, start in starts.items()}
    return {variant_id: amount for variant_id, amount in found.items() if amount is not None}


def _lowest(spans: Sequence[tuple[int, datetime, datetime | None]], start: datetime) -> int | None:
    held = [
        amount
        for amount, since, until in spans
        if since < start and (until is None or until > start - PERIOD) and (until is None or since < until)
    ]
    return min(held, default=None)
