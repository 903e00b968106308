"""How much of a variant a site can sell now, and from when on it leaves: read the same for cards, pages and carts.

One block of SQL gives a row per variant and thing that is counted: the variant itself, or each part of a kit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from core.catalogue.services.shapes import LOW_STOCK, Stock

NOBODY = ""  # The reference of a reader who holds nothing.
FOR_NOBODY = "\x1f"  # The channel of a reader for whom nothing is kept: what anybody can have.


_SUPPLY = """
SELECT k.kit AS variant_id, k.part, k.quantity,
  CASE WHEN p.tracked AND p.active AND p.deleted_at IS NULL THEN 1
    WHEN p.active AND p.deleted_at IS NULL THEN 0 ELSE 2 END AS tracked,
  CAST(COALESCE(SUM(CASE WHEN l.on_hand - l.allocated - l.held - l.preordered > 0
    THEN l.on_hand - l.allocated - l.held - l.preordered ELSE 0 END), 0) AS BIGINT) AS there,
  CAST(COALESCE(SUM(CASE WHEN l.on_hand + l.backorder_limit - l.allocated - l.held - l.preordered > 0
    THEN l.on_hand + l.backorder_limit - l.allocated - l.held - l.preordered ELSE 0 END), 0) AS BIGINT) AS free,
  CAST(COALESCE(SUM(l.preorder_cap - l.preordered), 0) AS BIGINT) AS ahead,
  CAST(COALESCE((SELECT MAX(s.pieces) FROM stock_safety s WHERE s.variant_id = k.part AND s.site_id = ?), 0)
    - COALESCE((SELECT SUM(r.pieces) FROM stock_reserve r
      WHERE r.variant_id = k.part AND r.site_id = ? AND r.channel = ?), 0) AS BIGINT) AS kept,
  CAST(COALESCE((SELECT SUM(h.pieces) FROM stock_hold h
    WHERE h.variant_id = k.part AND (h.until <= ? OR h.reference = ?)), 0) AS BIGINT) AS freed,
  (SELECT MIN(h.until) FROM stock_hold h WHERE h.variant_id = k.part AND h.until > ?) AS turns,
  p.promised_at, p.release_at, p.sku
FROM (SELECT w.id AS kit, w.id AS part, 1 AS quantity FROM ({wanted}) w
  UNION ALL SELECT q.kit_id, q.part_id, q.quantity FROM kit_part q JOIN ({wanted}) w ON w.id = q.kit_id) k
JOIN variant p ON p.id = k.part LEFT JOIN stock_level l ON l.variant_id = p.id
GROUP BY k.kit, k.part, k.quantity, p.tracked, p.active, p.deleted_at, p.promised_at, p.release_at, p.sku
"""


def supply_rows(wanted: str) -> str:
    """SQL for the supply of the variants in `wanted` (a SELECT of ids); parameters as `supply_params` gives them.

    Columns as `Supply` has them, after the variant's id. A kit has a row per part and none of its own but its dates.
    """
    # Safe in SQL: `wanted` is a SELECT that a module of this package has written.
    return _SUPPLY.format(wanted=wanted)


def supply_params(site_id: int, now: int, reference: str, *wanted: object, channel: str = "") -> tuple[object, ...]:
    """The parameters of `supply_rows`; `wanted` are those of its SELECT. `now` in microseconds.

    What is kept for the `channel` of the site is there for it; without one, what is kept for the site itself.
    """
    return (site_id, site_id, channel, now, reference, now, *wanted, *wanted)


class Supply(NamedTuple):
    """One thing that is taken from stock for each unit of a variant: itself, or a part of the kit that it is.

    `there` can leave now, `free` can be promised (backorders included), `ahead` can be promised before the release;
    all of them before `kept` is kept back for other sites (below zero: more is kept for this one) and with nothing of
    what holds gave free (`freed`).
    """

    variant_id: int
    quantity: int
    tracked: int  # 2: it is not sold any more, so neither is a kit with it.
    there: int
    free: int
    ahead: int
    kept: int
    freed: int
    turns: int | None
    promised_at: int | None
    release_at: int | None
    sku: str


class Level(Struct, frozen=True):
    """How many of a variant can be sold; `free` counts only if it is `tracked`.

    `there` of them can leave now. `promised_at` is when others leave, `release_at` (in the future) when any do; both in
    microseconds. What it says ends at `until`.
    """

    tracked: bool
    free: int
    there: int = 0
    promised_at: int | None = None
    release_at: int | None = None
    until: int | None = None

    @property
    def sellable(self) -> bool:
        return not self.tracked or self.free > 0

    @property
    def stock(self) -> Stock:
        if not self.sellable:
            return Stock.OUT
        return Stock.LOW if self.tracked and self.free <= LOW_STOCK else Stock.AVAILABLE

    @property
    def leaves_later(self) -> bool:
        """Whether even one piece would be a backorder or a pre-order."""
        return self.release_at is not None or (self.tracked and self.there <= 0 < self.free)


def supplies(rows: Iterable[Sequence[Any]]) -> dict[int, tuple[Supply, ...]]:
    """Rows of `supply_rows` per variant, in the order of what is taken. A kit's own row says only its dates."""
    found: dict[int, list[Supply]] = defaultdict(list)
    for variant_id, *rest in rows:
        found[variant_id].append(Supply(*(_whole(value) for value in rest)))
    return {variant_id: _in_order(variant_id, parts) for variant_id, parts in found.items()}


def _whole(value: Any) -> Any:
    """PostgreSQL answers sums of whole numbers as decimals in some places."""
    return value if value is None or isinstance(value, str) else int(value)


def _in_order(variant_id: int, parts: list[Supply]) -> tuple[Supply, ...]:
    if len(parts) == 1:
        return tuple(parts)
    own = next(part for part in parts if part.variant_id == variant_id)
    return (
        own._replace(tracked=0 if own.tracked == 1 else own.tracked),
        *sorted((part for part in parts if part.variant_id != variant_id), key=lambda part: part.variant_id),
    )


def counted(supply: Iterable[Supply], variant_id: int) -> dict[int, int]:
    """What one unit takes: pieces per variant. A kit itself is in no level."""
    parts = list(supply)
    return {one.variant_id: one.quantity for one in parts if len(parts) == 1 or one.variant_id != variant_id}


def level_of(supply: Sequence[Supply], now: int) -> Level:
    """What can be sold of a variant with this supply: as many as the scarcest part allows."""
    levels = [_one(part, now) for part in supply]
    tracked = [level for level in levels if level.tracked]
    promised = [level.promised_at for level in tracked if level.promised_at is not None]
    released = [level.release_at for level in levels if level.release_at is not None]
    turns = [level.until for level in levels if level.until is not None]
    return Level(
        tracked=bool(tracked),
        free=min((level.free for level in tracked), default=0),
        there=min((level.there for level in tracked), default=0),
        promised_at=max(promised, default=None),
        release_at=max(released, default=None),
        until=min(turns, default=None),
    )


def _one(part: Supply, now: int) -> Level:
    """In units of what the part belongs to."""
    if part.tracked == 2:
        return Level(tracked=True, free=0)
    is_ahead = part.release_at is not None and part.release_at > now
    free = part.ahead if is_ahead else part.free + part.freed
    there = 0 if is_ahead else part.there + part.freed
    turns = [at for at in (part.turns, part.release_at if is_ahead else None) if at is not None]
    kept = max(0, part.kept) if is_ahead else part.kept
    return Level(
        tracked=bool(part.tracked),
        free=max(0, free - kept) // part.quantity,
        there=max(0, there - kept) // part.quantity,
        promised_at=part.promised_at if part.promised_at is not None and part.promised_at > now else None,
        release_at=part.release_at if is_ahead else None,
        until=min(turns, default=None),
    )


def without(supply: Sequence[Supply], taken: Mapping[int, int]) -> tuple[Supply, ...]:
    """The supply after others have taken so many pieces of each thing."""
    return tuple(replace_free(part, taken[part.variant_id]) if taken.get(part.variant_id) else part for part in supply)


def replace_free(part: Supply, taken: int) -> Supply:
    """The supply with `taken` pieces less."""
    return part._replace(there=part.there - taken, free=part.free - taken, ahead=part.ahead - taken)
