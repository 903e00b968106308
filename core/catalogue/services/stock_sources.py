"""Which location sends what: the places to choose from, and core's own rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, takewhile

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
        "SELECT o.id, o.country, o.postcode, o.priority, l.variant_id, l.on_hand - l.allocated - l.held - l.preordered,"
        " l.backorder_limit FROM stock_level l JOIN location o ON o.id = l.location_id"
        f" JOIN variant v ON v.id = l.variant_id WHERE v.tracked = ? AND l.variant_id IN ({db.marks(tuple(needs))})"
        " AND (v.release_at IS NULL OR v.release_at <= ?) ORDER BY o.priority, o.id, l.variant_id",
        True,
        *needs,
        clock.now_us(),
    )
    there: dict[int, int] = {}
    for _location, _country, _postcode, _priority, variant_id, shelf, _limit in levels:
        there[variant_id] = there.get(variant_id, 0) + max(0, shelf)
    found: dict[int, tuple[str, str, int, dict[int, int]]] = {}
    for location_id, country, postcode, priority, variant_id, shelf, limit in levels:
        free = shelf if there[variant_id] >= needs[variant_id] else shelf + limit
        if free > 0:
            found.setdefault(location_id, (country, postcode, priority, {}))[3][variant_id] = free
    return [
        Source(location_id=location_id, country=country, postcode=postcode, priority=priority, free=free)
        for location_id, (country, postcode, priority, free) in found.items()
    ]


def fewest_parcels(
    needs: Mapping[int, int], sources: Sequence[Source], country: str, postcode: str = ""
) -> dict[int, dict[int, int]]:
    """Core's rule: the fewest locations that have everything; of those the nearest, then the first by priority.

    A place in the country is nearer than one abroad, and there one with more of the postcode's beginning.

    Answers pieces per variant and location; nothing where no set of up to three has it all. Only
    the first eight locations by nearness and priority are looked at, so the search stays small.
    """
    near = _near(sources, country, postcode)
    counted = {variant_id: needed for variant_id, needed in needs.items() if any(variant_id in s.free for s in near)}
    for size in range(1, min(_SPLIT_UP_TO, len(near)) + 1):
        fit = [chosen for chosen in combinations(near, size) if _reach(chosen, counted)]
        if fit:  # Of those that are as near, the first in the order of places.
            return _from(min(fit, key=lambda chosen: _far(chosen, country, postcode)), counted)
    return {}


def why_these(
    needs: Mapping[int, int], sources: Sequence[Source], country: str, plan: Mapping[int, Mapping[int, int]],
    postcode: str = "",
) -> str:  # fmt: skip
    """What decided for a plan of core's rule: `only` these have it, or `fewest` parcels, the `nearest`, the `first`."""
    used = {at for places in plan.values() for at in places}
    if len(sources) <= len(used):
        return "only"
    near = _near(sources, country, postcode)
    mine = _far([one for one in near if one.location_id in used], country, postcode)
    others = [
        _far(chosen, country, postcode)
        for chosen in combinations(near, len(used))
        if {one.location_id for one in chosen} != used and _reach(chosen, {v: needs[v] for v in plan})
    ]
    if not others:
        return "fewest"
    return "nearest" if all(mine < far for far in others) else "first"


def _near(sources: Sequence[Source], country: str, postcode: str) -> list[Source]:
    """The first of them by nearness and priority."""
    by_nearness = sorted(sources, key=lambda one: (_far([one], country, postcode), one.priority, one.location_id))
    return by_nearness[:_EXACT_UP_TO]


def _far(chosen: Sequence[Source], country: str, postcode: str = "") -> tuple[int, int]:
    """How many lie in another country, and how little of their postcodes is the beginning of this one."""
    abroad = sum(bool(country) and one.country != country for one in chosen)
    return abroad, -sum(in_common(one.postcode, postcode) for one in chosen if one.country == country)


def in_common(first: str, other: str) -> int:
    """How many letters and digits two postcodes have in common from their beginning.

    >>> in_common("SW1A 1AA", "sw1a2bb")
    4
    >>> in_common("10115", "80331")
    0
    """
    pairs = zip(_plain(first), _plain(other), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _plain(postcode: str) -> str:
    return "".join(letter for letter in postcode.upper() if letter.isalnum())


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
