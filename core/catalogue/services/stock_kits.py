"""Kits: what is in them, and what they cost where their price follows from their parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from core.catalogue.services.availability import refresh_availability, tell_stock_changed
from core.catalogue.services.cards import postpone_cards
from core.catalogue.services.prices import PriceFact, current
from core.catalogue.services.writing import insert_rows
from core.kernel import activity, cache, db
from core.lib.errors import NotFound, Unfit
from core.lib.money import percent

_MOST_PARTS = 50


def kits_of(variant_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """What is in these variants: part to pieces; those that are no kits are absent."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for kit_id, part_id, quantity in db.rows(
        f"SELECT kit_id, part_id, quantity FROM kit_part WHERE kit_id IN ({db.marks(variant_ids)})"
        " ORDER BY kit_id, part_id",
        *variant_ids,
    ):
        found[kit_id][part_id] = quantity
    return dict(found)


def pieces_in(units: Mapping[int, int]) -> dict[int, int]:
    """The pieces that units of variants take from stock: of a kit what is in it. One statement."""
    kits, needs = kits_of(list(units)), dict[int, int]()
    for variant_id, count in units.items():
        for part_id, pieces in kits.get(variant_id, {variant_id: 1}).items():
            needs[part_id] = needs.get(part_id, 0) + pieces * count
    return needs


def set_kit(kit_id: int, parts: Mapping[int, int], actor: str, *, off: int | None = None) -> None:
    """Say what is in a kit (part to pieces); nothing makes it an ordinary variant again.

    A kit is not counted itself; what was counted before is so again. `off`: on every site its price is that of its
    parts less these hundredths of a percent, in the currencies in which all of them are sold; None leaves its own
    prices alone. Raises NotFound, and Unfit for a kit within a kit. Commits.
    """
    with db.transaction():
        row = db.one("SELECT sku, product_id, kit_off FROM variant WHERE id = ? AND deleted_at IS NULL", kit_id)
        if row is None:
            raise NotFound
        _check(kit_id, parts, off)
        before = kits_of([kit_id]).get(kit_id, {})
        db.execute("DELETE FROM kit_part WHERE kit_id = ?", kit_id)
        insert_rows("kit_part", ("kit_id", "part_id", "quantity"), [(kit_id, *part) for part in sorted(parts.items())])
        db.execute("UPDATE variant SET kit_off = ? WHERE id = ?", off if parts else None, kit_id)
        if parts:
            db.execute("UPDATE variant SET tracked = ? WHERE id = ?", False, kit_id)
        elif before:
            counted = "EXISTS (SELECT 1 FROM stock_level WHERE variant_id = variant.id)"
            db.execute(f"UPDATE variant SET tracked = {counted} WHERE id = ?", kit_id)
        _reprice([kit_id])
        refresh_availability([kit_id])
        postpone_cards([row[1]])
        tell_stock_changed([kit_id])
        activity.record(
            actor, "kit", f"variant:{kit_id}", title=row[0], before={"parts": before, "off": row[2]},
            after={"parts": dict(parts), "off": off},
        )  # fmt: skip


def _check(kit_id: int, parts: Mapping[int, int], off: int | None) -> None:
    if len(parts) > _MOST_PARTS or any(not 1 <= pieces <= 999 for pieces in parts.values()):
        raise Unfit({"parts": "A kit has at most 50 parts, and from 1 to 999 pieces of each."})
    if off is not None and not 0 <= off < 10_000:
        raise Unfit({"off": "Write a percentage from 0 to 99.99."})
    ids = tuple(parts)
    known = db.value(f"SELECT COUNT(*) FROM variant WHERE id IN ({db.marks(ids)}) AND deleted_at IS NULL", *ids)
    if known != len(parts):
        raise Unfit({"parts": "There is no variant with this SKU."})
    nested = db.value(
        f"SELECT COUNT(*) FROM kit_part WHERE kit_id IN ({db.marks(ids)}) OR part_id = ?", *ids, kit_id if parts else -1
    )
    if kit_id in parts or nested:
        raise Unfit({"parts": "A kit cannot be in a kit."})


def reprice_kits(variant_ids: Collection[int]) -> None:
    """Part of a verb that changed prices of these variants: kits that cost what their parts do follow."""
    db.require_transaction()
    ids = tuple(variant_ids)
    if not ids:
        return
    kits = db.rows(
        "SELECT DISTINCT v.id, v.product_id FROM variant v LEFT JOIN kit_part k ON k.kit_id = v.id"
        f" WHERE v.kit_off IS NOT NULL AND (k.part_id IN ({db.marks(ids)}) OR v.id IN ({db.marks(ids)}))",
        *ids,
        *ids,
    )
    if kits:
        _reprice([row[0] for row in kits])
        products = {row[1] for row in kits}
        cache.touch(*(f"product:{product_id}" for product_id in products))
        postpone_cards(products)


_Prices = dict[tuple[int, str], dict[int, list[PriceFact]]]  # (site, currency) to part to its prices


def _reprice(kit_ids: Sequence[int]) -> None:
    """Write the public prices of kits whose price follows from their parts."""
    for kit_id in sorted(kit_ids):
        off = db.value("SELECT kit_off FROM variant WHERE id = ?", kit_id)
        if off is None:
            continue
        parts = kits_of([kit_id]).get(kit_id, {})
        rows = [
            (site_id, kit_id, None, currency, 1, starts, ends, amount, None)
            for (site_id, currency), prices in _prices_of(parts).items()
            if prices.keys() == parts.keys()
            for starts, ends, amount in summed(parts, prices, off)
        ]
        db.execute("DELETE FROM price WHERE variant_id = ? AND list IS NULL", kit_id)
        columns = ("site_id", "variant_id", "list", "currency", "from_qty", "starts", "ends", "amount", "was")
        insert_rows("price", columns, rows)


def _prices_of(parts: Mapping[int, int]) -> _Prices:
    found: _Prices = {}
    for site_id, currency, variant_id, *fact in db.rows(
        "SELECT site_id, currency, variant_id, from_qty, starts, ends, amount, was FROM price WHERE list IS NULL"
        f" AND variant_id IN ({db.marks(tuple(parts))})",
        *parts,
    ):
        found.setdefault((site_id, currency), {}).setdefault(variant_id, []).append(PriceFact(*fact))
    return found


def summed(
    parts: Mapping[int, int], prices: Mapping[int, Sequence[PriceFact]], off: int
) -> list[tuple[int | None, int | None, int]]:
    """(starts, ends, amount) of a kit: in each period in which no part's price changes, their sum less `off`.

    A period in which one of them has no price for a single piece is left out. Prices for many pieces count for the
    pieces in one kit.
    """
    turns: set[int] = set()
    for facts in prices.values():
        turns.update(at for fact in facts for at in (fact.starts, fact.ends) if at is not None)
    edges = [None, *sorted(turns), None]
    rows: list[tuple[int | None, int | None, int]] = []
    for starts, ends in pairwise(edges):
        at = starts if starts is not None else (ends - 1 if ends is not None else 0)
        amounts = [_amount(prices[part_id], pieces, at) for part_id, pieces in parts.items()]
        if any(amount is None for amount in amounts):
            continue
        whole = sum(amount for amount in amounts if amount is not None)
        amount = whole - percent(whole, off)
        if rows and rows[-1][1] == starts and rows[-1][2] == amount:
            rows[-1] = (rows[-1][0], ends, amount)
        else:
            rows.append((starts, ends, amount))
    return rows


def _amount(facts: Sequence[PriceFact], pieces: int, at: int) -> int | None:
    tiers = [amount for quantity, amount in current(facts, at).tiers if quantity <= pieces]
    return min(tiers) * pieces if tiers else None
