"""Whether cards say "available", "last few" or "sold out": kept true in the transaction that moves stock.

A sale from plenty changes no card, so popular products are not written with every order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.catalogue.services.shapes import LOW_STOCK
from core.catalogue.services.stock_levels import (
    NOBODY,
    Level,
    Supply,
    level_of,
    supplies,
    supply_params,
    supply_rows,
)
from core.hookspecs.events import StockChanged
from core.kernel import cache, db, events
from core.lib import clock

_LOCK = 7140252


def together(levels: Iterable[Level]) -> tuple[bool, bool]:
    """(available, low) of a product with these variants.

    Something can be sold; few are left of all of them together.
    """
    selling = [level for level in levels if level.sellable]
    low = (
        bool(selling) and all(level.tracked for level in selling) and sum(level.free for level in selling) <= LOW_STOCK
    )
    return bool(selling), low


class ActiveVariant(Struct, frozen=True):
    """A variant that could be sold, what it takes from stock, and what of it is kept back per (site, variant)."""

    product_id: int
    id: int
    sku: str
    supply: tuple[Supply, ...]
    kept: Mapping[tuple[int, int], int]
    now: int

    def level(self, site_id: int) -> Level:
        """How much of it this site can sell."""
        parts = [part._replace(kept=self.kept.get((site_id, part.variant_id), 0)) for part in self.supply]
        return level_of(parts, self.now)


_ACTIVE = "SELECT v.id FROM variant v WHERE v.product_id IN ({marks}) AND v.active AND v.deleted_at IS NULL"


def active_variants(product_ids: Sequence[int]) -> list[ActiveVariant]:
    """The active variants of products, in their order. One statement."""
    now = clock.now_us()
    active = _ACTIVE.format(marks=db.marks(product_ids))
    found = db.rows(
        "SELECT v.product_id, v.sku, z.site_id, z.pieces, r.site_id, r.location_id, r.pieces, s.* FROM variant v"
        f" JOIN ({supply_rows(active)}) s ON s.variant_id = v.id LEFT JOIN stock_safety z ON z.variant_id = s.part"
        " LEFT JOIN stock_reserve r ON r.variant_id = s.part AND r.channel = ''"
        " ORDER BY v.product_id, v.position, v.id, s.part",
        *supply_params(0, now, NOBODY, *product_ids),
    )
    own: dict[int, tuple[int, str]] = {}
    # Per (site, part), each source once: `None` is what the site keeps back, a location what is kept there for it.
    kept: dict[int, dict[tuple[int, int], dict[int | None, int]]] = defaultdict(lambda: defaultdict(dict))
    parts: dict[tuple[int, int], tuple[Any, ...]] = {}
    for product_id, sku, site_id, pieces, kept_for, location_id, reserved, *row in found:
        own[row[0]] = (product_id, sku)
        parts[row[0], row[1]] = tuple(row)
        if site_id is not None:
            kept[row[0]][site_id, row[1]][None] = int(pieces)
        if kept_for is not None:
            kept[row[0]][kept_for, row[1]][location_id] = -int(reserved)
    supply = supplies(parts.values())
    return [
        ActiveVariant(
            product_id,
            variant_id,
            sku,
            supply[variant_id],
            {key: sum(parts.values()) for key, parts in kept.get(variant_id, {}).items()},
            now,
        )
        for variant_id, (product_id, sku) in own.items()
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


def refresh_availability(variant_ids: Collection[int], changes: Mapping[int, int] | None = None) -> None:
    """Make the cards of these variants' products say what is true now; writes only those that change.

    Ends cached pages of the products, since they show how many are left; kits with these variants are among them.
    Listeners hear of what its card says anew, and of variants that sold out or came back beside others: `changes` are
    the pieces more or fewer that can be sold since before.
    """
    db.require_transaction()
    ids = tuple(variant_ids)
    products = [
        row[0]
        for row in db.rows(
            f"SELECT product_id FROM variant WHERE id IN ({db.marks(ids)}) UNION SELECT v.product_id FROM kit_part k"
            f" JOIN variant v ON v.id = k.kit_id WHERE k.part_id IN ({db.marks(ids)}) ORDER BY 1",
            *ids,
            *ids,
        )
    ]
    lock_cards(products)
    cache.touch(*(f"product:{product_id}" for product_id in products))
    variants = {variant.id: variant for variant in active_variants(products)}
    sold = _sold_variants(products)
    changed: set[int] = set()
    for site_id, product_id, currency, *said in db.rows(
        f"SELECT DISTINCT site_id, product_id, currency, available, low FROM card WHERE product_id IN"
        f" ({db.marks(products)})",
        *products,
    ):
        true = together(
            variants[variant_id].level(site_id)
            for variant_id in sold.get((site_id, product_id, currency), ())
            if variant_id in variants
        )
        if true != (bool(said[0]), bool(said[1])):
            _write(site_id, product_id, currency, true, was_available=bool(said[0]))
            changed.add(product_id)
    if changed:
        _end_lists(changed)
    turned = _turned(variants, {site_id for site_id, _product, _currency in sold}, changes or {})
    if told := variant_ids if changed else turned:
        tell_stock_changed(told)


def _turned(variants: Mapping[int, ActiveVariant], site_ids: Collection[int], changes: Mapping[int, int]) -> set[int]:
    """The variants that could be sold on one of these sites before, and cannot now, or the other way round."""
    found = set()
    for variant_id, change in changes.items():
        levels = [variants[variant_id].level(site_id) for site_id in site_ids] if variant_id in variants else []
        if any(level.tracked and (level.free > 0) != (level.free - change > 0) for level in levels):
            found.add(variant_id)
    return found


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


def _end_lists(product_ids: Collection[int]) -> None:
    """Lists that show these products end."""
    marks = db.marks(tuple(product_ids))
    places = db.rows(f"SELECT DISTINCT category_id FROM card_place WHERE product_id IN ({marks})", *product_ids)
    cache.touch(*(f"category:{row[0]}" for row in places))


def tell_stock_changed(variant_ids: Collection[int]) -> None:
    """Record StockChanged, with the kits that hold these variants, on every site that lists one of them."""
    ids = tuple(variant_ids)
    found: dict[int, set[int]] = defaultdict(set)
    for site_id, variant_id in db.rows(
        "SELECT l.site_id, v.id FROM listing l JOIN variant v ON v.product_id = l.product_id WHERE v.id IN"
        f" ({db.marks(ids)}) OR v.id IN (SELECT kit_id FROM kit_part WHERE part_id IN ({db.marks(ids)}))"
        " ORDER BY l.site_id",
        *ids,
        *ids,
    ):
        found[site_id].add(variant_id)
    for site_id, changed in found.items():
        events.record(StockChanged(variant_ids=tuple(sorted(changed))), site_id=site_id)
