"""Whether cards say "available", "last few" or "sold out": kept true in the transaction that moves stock.

A sale from plenty changes no card, so popular products are not written with every order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from core.catalogue.services.shapes import LOW_STOCK, Stock
from core.hookspecs.events import StockChanged
from core.kernel import cache, db, events
from core.lib import clock

_LOCK = 7140252


class Level(NamedTuple):
    """How many of a variant can be sold; `free` counts only if it is `tracked`."""

    tracked: bool
    free: int

    @property
    def sellable(self) -> bool:
        return not self.tracked or self.free > 0

    @property
    def stock(self) -> Stock:
        if not self.sellable:
            return Stock.OUT
        return Stock.LOW if self.tracked and self.free <= LOW_STOCK else Stock.AVAILABLE


def together(levels: Iterable[Level]) -> tuple[bool, bool]:
    """(available, low) of a product with these variants.

    Something can be sold; few are left of all of them together.
    """
    selling = [level for level in levels if level.sellable]
    low = (
        bool(selling) and all(level.tracked for level in selling) and sum(level.free for level in selling) <= LOW_STOCK
    )
    return bool(selling), low


class ActiveVariant(NamedTuple):
    """A variant that could be sold, and how much of it there is."""

    product_id: int
    id: int
    sku: str
    level: Level


def active_variants(product_ids: Sequence[int]) -> list[ActiveVariant]:
    """The active variants of products, in their order."""
    found = db.rows(
        "SELECT v.product_id, v.id, v.sku, v.tracked, (SELECT SUM(l.on_hand + l.backorder_limit - l.allocated - l.held)"
        " FROM stock_level l WHERE l.variant_id = v.id) FROM variant v"
        f" WHERE v.product_id IN ({db.marks(product_ids)}) AND v.active AND v.deleted_at IS NULL ORDER BY"
        " v.product_id, v.position, v.id",
        *product_ids,
    )
    return [
        ActiveVariant(product_id, variant_id, sku, Level(bool(tracked), int(free or 0)))
        for product_id, variant_id, sku, tracked, free in found
    ]


def lock_cards(product_ids: Collection[int]) -> None:
    """Until the commit nobody else makes cards of these products. SQLite has one writer anyway.

    Without it two transactions, each blind to the other's rows, would leave a card that fits neither.
    """
    if not db.is_sqlite():
        db.rows("SELECT pg_advisory_xact_lock_shared(?)", _LOCK)
        db.rows(
            f"SELECT pg_advisory_xact_lock({_LOCK}, x.id) FROM (SELECT unnest(?::int[]) AS id ORDER BY 1) x",
            sorted(product_ids),
        )


def lock_all_cards() -> None:
    """Until the commit nobody else makes any card."""
    if not db.is_sqlite():
        db.rows("SELECT pg_advisory_xact_lock(?)", _LOCK)


def refresh_availability(variant_ids: Collection[int]) -> None:
    """Make the cards of these variants' products say what is true now; writes only those that change.

    Ends cached pages of the products, since they show how many are left.
    """
    db.require_transaction()
    products = [
        row[0]
        for row in db.rows(
            f"SELECT DISTINCT product_id FROM variant WHERE id IN ({db.marks(tuple(variant_ids))})", *variant_ids
        )
    ]
    lock_cards(products)
    cache.touch(*(f"product:{product_id}" for product_id in products))
    levels = {variant.id: variant.level for variant in active_variants(products)}
    sold = _sold_variants(products)
    changed: set[int] = set()
    for site_id, product_id, currency, *said in db.rows(
        f"SELECT DISTINCT site_id, product_id, currency, available, low FROM card WHERE product_id IN"
        f" ({db.marks(products)})",
        *products,
    ):
        true = together(
            levels[variant_id] for variant_id in sold.get((site_id, product_id, currency), ()) if variant_id in levels
        )
        if true != (bool(said[0]), bool(said[1])):
            _write(site_id, product_id, currency, true, was_available=bool(said[0]))
            changed.add(product_id)
    if changed:
        _tell(changed, variant_ids)


def _sold_variants(product_ids: Sequence[int]) -> Mapping[tuple[int, int, str], set[int]]:
    """The variants with a price now, per (site, product, currency)."""
    now = clock.now_us()
    found: dict[tuple[int, int, str], set[int]] = defaultdict(set)
    for site_id, product_id, currency, variant_id in db.rows(
        "SELECT p.site_id, v.product_id, p.currency, p.variant_id FROM price p JOIN variant v ON v.id = p.variant_id"
        f" WHERE v.product_id IN ({db.marks(product_ids)}) AND p.list IS NULL AND p.from_qty = 1"
        " AND (p.starts IS NULL OR p.starts <= ?) AND (p.ends IS NULL OR p.ends > ?)",
        *product_ids,
        now,
        now,
    ):
        found[site_id, product_id, currency].add(variant_id)
    return found


_MOVE_COUNTERS = """
INSERT INTO card_count (site_id, category_id, currency, code, value, total, available)
SELECT p.site_id, p.category_id, p.currency, f.code, f.value, 0, CAST(? AS INTEGER) FROM card_place p
JOIN (SELECT '' AS code, '' AS value UNION ALL SELECT code, value FROM card_facet
  WHERE product_id = ? AND site_id = ?) f ON 1 = 1
WHERE p.product_id = ? AND p.site_id = ? AND p.currency = ? ORDER BY p.category_id, f.code, f.value
ON CONFLICT (site_id, category_id, currency, code,
  value) DO UPDATE SET available = card_count.available + excluded.available
"""


def _write(site_id: int, product_id: int, currency: str, true: tuple[bool, bool], *, was_available: bool) -> None:
    here = (product_id, site_id, currency)
    where = "product_id = ? AND site_id = ? AND currency = ?"
    db.execute(f"UPDATE card SET available = ?, low = ? WHERE {where}", *true, *here)
    if true[0] == was_available:
        return
    db.execute(f"UPDATE card_place SET available = ? WHERE {where}", true[0], *here)
    db.execute(_MOVE_COUNTERS, 1 if true[0] else -1, product_id, site_id, *here)


def _tell(product_ids: Collection[int], variant_ids: Collection[int]) -> None:
    """Lists that show these products end, and listeners hear that something can or cannot be sold now."""
    marks = db.marks(tuple(product_ids))
    places = db.rows(f"SELECT DISTINCT category_id FROM card_place WHERE product_id IN ({marks})", *product_ids)
    cache.touch(*(f"category:{row[0]}" for row in places))
    tell_stock_changed(variant_ids)


def tell_stock_changed(variant_ids: Collection[int]) -> None:
    """Record StockChanged on every site that lists one of these variants."""
    sites = db.rows(
        "SELECT DISTINCT l.site_id FROM listing l JOIN variant v ON v.product_id = l.product_id"
        f" WHERE v.id IN ({db.marks(tuple(variant_ids))}) ORDER BY l.site_id",
        *variant_ids,
    )
    for (site_id,) in sites:
        events.record(StockChanged(variant_ids=tuple(sorted(variant_ids))), site_id=site_id)
