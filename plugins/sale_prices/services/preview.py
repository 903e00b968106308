"""What a sale would do: the first goods with their price before and after, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import Money, PriceQuery, Site, marks, micros, now, rows
from plugins.sale_prices.forms import Wanted
from plugins.sale_prices.models import CATEGORY, PRODUCT, VARIANT, Sale, SaleItem
from plugins.sale_prices.services.pricing import Term, already_reduced, reduced, winners
from plugins.sale_prices.services.telling import known_skus

SHOWN = 50
NAMED = 20


class PreviewRow(Struct, frozen=True, kw_only=True):
    """One variant: `after` None if the sale does not lower it; `wins` names another sale that is as low or lower."""

    sku: str
    name: str
    before: Money
    after: Money | None
    wins: str = ""
    wins_at: Money | None = None


class Preview(Struct, frozen=True, kw_only=True):
    """`count` variants with a price lie in the sale; those from `start` on are shown, up to `further`.

    Of the chosen goods `without_count` have no price here, so that nothing happens to them; `without` names the first.
    """

    rows: tuple[PreviewRow, ...]
    count: int
    currency: str
    start: int
    without: tuple[str, ...] = ()
    without_count: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.rows)

    @property
    def further(self) -> int | None:
        return self.end if self.end < self.count else None


class _Scope(Struct, frozen=True):
    everything: bool
    variants: Sequence[int]
    products: Sequence[int]
    categories: Sequence[int]
    prices: Mapping[int, Mapping[str, int]]


def preview_of_wanted(site: Site, wanted: Wanted, currency: str, sale_id: int | None = None, start: int = 0) -> Preview:
    """A sale as its form stands, before it is saved. Unknown SKUs are passed over."""
    known = known_skus({*wanted.skus, *wanted.product_skus})
    own = {item.ref: item.prices for item in _items(site, sale_id) if item.prices} if sale_id else {}
    scope = _Scope(
        wanted.everything,
        [known[sku][0] for sku in wanted.skus if sku in known],
        [known[sku][1] for sku in wanted.product_skus if sku in known],
        wanted.category_ids,
        own,
    )
    return _preview(site, _term(wanted, sale_id or 0), scope, currency, start)


def preview_of(site: Site, sale: Sale, currency: str, start: int = 0) -> Preview:
    """A stored sale."""
    items = list(_items(site, sale.id))
    by_kind = {kind: [item.ref for item in items if item.kind == kind] for kind in (VARIANT, PRODUCT, CATEGORY)}
    own = {item.ref: item.prices for item in items if item.prices}
    scope = _Scope(sale.everything, by_kind[VARIANT], by_kind[PRODUCT], by_kind[CATEGORY], own)
    return _preview(site, _term(sale, sale.id), scope, currency, start)


def _items(site: Site, sale_id: int | None) -> Any:
    return SaleItem.for_site(site).where(SaleItem.sale == sale_id)


def _term(sale: Wanted | Sale, sale_id: int) -> Term:
    return Term(
        sale_id, sale.name, sale.kind, sale.basis_points, sale.amounts, sale.rounding, sale.starts, sale.ends,
        sale.signed_in, sale.skip_reduced,
    )  # fmt: skip


def _preview(site: Site, term: Term, scope: _Scope, currency: str, start: int) -> Preview:
    at = max(now(), term.starts)
    every = _goods(site, scope, currency, at)
    found = every[start : start + SHOWN]
    queries = {
        row[0]: PriceQuery(
            variant_id=row[0], product_id=row[1], quantity=1, list_price=Money(row[4], currency),
            customer_id=0 if term.signed_in else None,
        )
        for row in found
    }  # fmt: skip
    others = winners(site, list(queries.values()), at, without=term.sale_id)
    skipped = already_reduced(site, list(queries.values()), at) if term.skip_reduced and queries else frozenset()
    shown = []
    for variant_id, _product_id, sku, name, amount in found:
        mine = term._replace(prices={**term.prices, **scope.prices.get(variant_id, {})})
        after = None if (variant_id, currency) in skipped else reduced(mine, Money(amount, currency))
        other = others.get(queries[variant_id])
        beaten = other.winner if other is not None else None
        wins = beaten is not None and (
            after is None or (beaten.amount, beaten.term.sale_id) < (after, term.sale_id or 10**9)
        )
        shown.append(
            PreviewRow(
                sku=sku,
                name=name or sku,
                before=Money(amount, currency),
                after=None if after is None else Money(after, currency),
                wins=beaten.term.name if beaten is not None and wins else "",
                wins_at=Money(beaten.amount, currency) if beaten is not None and wins else None,
            )
        )
    count, without = _without_price(scope, every)
    return Preview(
        rows=tuple(shown), count=len(every), currency=currency, start=start, without=without, without_count=count
    )


def _without_price(scope: _Scope, priced: Sequence[tuple[Any, ...]]) -> tuple[int, tuple[str, ...]]:
    """How many of the chosen goods have no price here, and the SKUs of the first. At most two statements."""
    if scope.everything:
        return 0, ()
    variants = sorted(set(scope.variants) - {row[0] for row in priced})
    products = sorted(set(scope.products) - {row[1] for row in priced})
    skus: list[str] = []
    for column, ids in (("id", variants[:NAMED]), ("product_id", products[:NAMED])):
        if ids:
            sql = f"SELECT MIN(sku) FROM variant WHERE deleted_at IS NULL AND {column} IN ({marks(ids)})"
            skus += [row[0] for row in rows(f"{sql} GROUP BY {column} ORDER BY 1", *ids)]
    return len(variants) + len(products), tuple(skus[:NAMED])


_GOODS = """
WITH RECURSIVE down(id) AS (
  SELECT c.id FROM category c WHERE c.id IN ({categories})
  UNION SELECT c.id FROM category c JOIN down ON c.parent_id = down.id)
SELECT v.id, v.product_id, v.sku, MIN(t.name), MIN(p.amount)
FROM variant v JOIN listing l ON l.product_id = v.product_id AND l.site_id = ?
JOIN price p ON p.variant_id = v.id AND p.site_id = ? AND p.currency = ? AND p.list IS NULL AND p.from_qty = 1
  AND (p.starts IS NULL OR p.starts <= ?) AND (p.ends IS NULL OR p.ends > ?)
LEFT JOIN product_text t ON t.product_id = v.product_id AND t.language = ? AND (t.site_id IS NULL OR t.site_id = ?)
WHERE v.deleted_at IS NULL AND v.active AND (? = 1 OR v.id IN ({variants}) OR v.product_id IN ({products})
  OR v.product_id IN (SELECT pc.product_id FROM product_category pc JOIN down ON down.id = pc.category_id))
GROUP BY v.id, v.product_id, v.sku, v.position ORDER BY v.product_id, v.position, v.id
"""


def _goods(site: Site, scope: _Scope, currency: str, at: datetime) -> list[tuple[Any, ...]]:
    sql = _GOODS.format(
        categories=marks(scope.categories), variants=marks(scope.variants), products=marks(scope.products)
    )
    return rows(
        sql,
        *scope.categories, site.id, site.id, currency, micros(at), micros(at), site.language, site.id,
        int(scope.everything), *scope.variants, *scope.products,
    )  # fmt: skip
