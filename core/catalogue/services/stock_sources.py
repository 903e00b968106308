"""Which location sends what: the places to choose from, and core's own rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from core.hookspecs.fulfil import Source
from core.kernel import db
from core.lib import clock

_EXACT_UP_TO = 8
_SPLIT_UP_TO = 3


def count_locations() -> int:
    """How many places goods can come from. Whoever adds, closes or opens one touches `locations`."""
    return int(db.value("SELECT COUNT(*) FROM location WHERE closed_at IS NULL"))


def sources_of(needs: Mapping[int, int]) -> list[Source]:
    """Every location that has something of these counted variants, by priority. One statement.

    Where the shelves have all that is needed of a variant, only they count; else also what may be ordered beyond it.
    What is sold before its release has no choice: it is promised where its cap is.
    """
    levels = db.rows(
        "SELECT o.id, o.country, o.priority, l.variant_id, l.on_hand - l.allocated - l.held - l.preordered,"
        " l.backorder_limit FROM stock_level l JOIN location o ON o.id = l.location_id"
        f" JOIN variant v ON v.id = l.variant_id WHERE v.tracked = ? AND l.variant_id IN ({db.marks(tuple(needs))})"
        " AND (v.release_at IS NULL OR v.release_at <= ?) ORDER BY o.priority, o.id, l.variant_id",
        True,
        *needs,
        clock.now_us(),
    )
    there: dict[int, int] = {}
    for _location, _country, _priority, variant_id, shelf, _limit in levels:
        there[variant_id] = there.get(variant_id, 0) + max(0, shelf)
    found: dict[int, tuple[str, int, dict[int, int]]] = {}
    for location_id, country, priority, variant_id, shelf, limit in levels:
        free = shelf if there[variant_id] >= needs[variant_id] else shelf + limit
        if free > 0:
            found.setdefault(location_id, (country, priority, {}))[2][variant_id] = free
    return [
        Source(location_id=location_id, country=country, priority=priority, free=free)
        for location_id, (country, priority, free) in found.items()
    ]


def fewest_parcels(needs: Mapping[int, int], sources: Sequence[Source], country: str) -> dict[int, dict[int, int]]:
    """Core's rule: the fewest locations that have everything; of those the nearest by country, then by priority.

    Answers pieces per variant and location; nothing where no set of up to three has it all. Only
    the first eight locations by nearness and priority are looked at, so the search stays small.
    """
    near = _near(sources, country)
    counted = {variant_id: needed for variant_id, needed in needs.items() if any(variant_id in s.free for s in near)}
    for size in range(1, min(_SPLIT_UP_TO, len(near)) + 1):
        for chosen in combinations(near, size):
            if _reach(chosen, counted):
                return _from(chosen, counted)
    return {}


def why_these(
    needs: Mapping[int, int], sources: Sequence[Source], country: str, plan: Mapping[int, Mapping[int, int]]
) -> str:
    """What decided for a plan of core's rule: `only` these have it, or `fewest` parcels, the `nearest`, the `first`."""
    used = {at for places in plan.values() for at in places}
    if len(sources) <= len(used):
        return "only"
    near = _near(sources, country)
    mine = _far([one for one in near if one.location_id in used], country)
    others = [
        _far(chosen, country)
        for chosen in combinations(near, len(used))
        if {one.location_id for one in chosen} != used and _reach(chosen, {v: needs[v] for v in plan})
    ]
    if not others:
        return "fewest"
    return "nearest" if all(mine < far for far in others) else "first"


def _near(sources: Sequence[Source], country: str) -> list[Source]:
    """The first of them by nearness and priority."""
    return sorted(sources, key=lambda one: (_far([one], country), one.priority, one.location_id))[:_EXACT_UP_TO]


def _far(chosen: Sequence[Source], country: str) -> int:
    return sum(bool(country) and one.country != country for one in chosen)


def _reach(chosen: Sequence[Source], needs: Mapping[int, int]) -> bool:
    return all(sum(one.free.get(variant_id, 0) for one in chosen) >= n for variant_id, n in needs.items())


def _from(chosen: Sequence[Source], needs: Mapping[int, int]) -> dict[int, dict[int, int]]:
    """Take from the nearest of the chosen first."""
    plan: dict[int, dict[int, int]] = {}
    for variant_id, needed in needs.items():
        left = needed
        for one in chosen:
            part = min(left, one.free.get(variant_id, 0))
            if part > 0:
                plan.setdefault(variant_id, {})[one.location_id] = part
                left -= part
    return plan
