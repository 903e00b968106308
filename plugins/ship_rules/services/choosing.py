"""Which places send what, by one rule: every set of places is tried, and the merchant's criteria decide in their order.

Pure. A criterion counts only among the plans that are equal by all before it.

Within a set, each variant is taken piece by piece from where the next one is best. That is exact: the criteria are sums
(what it costs), the worst that happens to a shelf (its health) or the order of places, and none of a place's pieces is
better than the one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from math import inf
from typing import Any, NamedTuple

from msgspec import Struct

from core.api import Money, Source

FEW, CHEAPEST, HEALTH, PLACES = "few", "cheapest", "health", "places"
CRITERIA = (FEW, CHEAPEST, HEALTH, PLACES)
DAYS = 30  # How far back it is looked how fast pieces leave.
_LOOKED_AT = 8  # Sets are tried among so many places,
_OF_MANY = 5  # and among so many for an order of more than `_FEW_THINGS` variants: a shopper waits for it.
_FEW_THINGS = 8
_STEPS = 24  # More pieces of a variant than that are taken several at a time.
_NO_COST = (10**12, 0)  # A place of which no cost is said comes behind those with one.
_WHY = {FEW: "fewest", CHEAPEST: "cheapest", HEALTH: "health", PLACES: "first"}
Pieces = dict[int, dict[int, int]]


class Facts(NamedTuple):
    """What is known beside the sources.

    `grams` of each variant; `costs` of each location, per parcel and per kilogram, in minor units; `sold`: pieces of
    (location, variant) that went in the last `DAYS`.
    """

    grams: Mapping[int, int]
    costs: Mapping[int, tuple[int, int]]
    sold: Mapping[tuple[int, int], int]


NOTHING = Facts({}, {}, {})


class Choice(Struct, frozen=True):
    """Pieces per variant and location, what decided, and by which numbers."""

    pieces: Pieces
    why: str
    figure: str = ""


class _Plan(Struct, frozen=True):
    """One way to send everything, with what each criterion says of it: less is better."""

    pieces: Pieces
    scores: Mapping[str, Any]


def choose_by(
    order: Sequence[str], ranked: Sequence[Source], needs: Mapping[int, int], facts: Facts, currency: str = "EUR"
) -> Choice | None:
    """The best plan by the criteria in `order`; `ranked` are the places, the preferred first. None if it cannot be."""
    looked_at = ranked[: _LOOKED_AT if len(needs) <= _FEW_THINGS else _OF_MANY]
    plans = _plans(order, looked_at, needs, facts) or _plans(order, ranked, needs, facts, whole=True)
    if not plans:
        return None
    why, figure = "only", ""
    for criterion in order:
        best = min(plan.scores[criterion] for plan in plans)
        beaten = [plan for plan in plans if plan.scores[criterion] != best]
        if beaten:
            plans = [plan for plan in plans if plan.scores[criterion] == best]
            why = _WHY[criterion]
            figure = _figure(criterion, best, min(plan.scores[criterion] for plan in beaten), currency)
    return Choice(plans[0].pieces, why, figure)


def _plans(
    order: Sequence[str], ranked: Sequence[Source], needs: Mapping[int, int], facts: Facts, *, whole: bool = False
) -> list[_Plan]:
    """The best plan of each set of places, each once; only of all of them together where `whole`."""
    found: dict[str, _Plan] = {}
    steps = {variant_id: _steps(order, ranked, variant_id, n, facts) for variant_id, n in needs.items()}
    for size in range(len(ranked) if whole else 1, len(ranked) + 1):
        if found and order[0] == FEW and size > _used(found) + 1:
            break  # Another parcel more changes nothing.
        for chosen in combinations(range(len(ranked)), size):
            pieces = _taken(chosen, ranked, needs, steps)
            if pieces is not None:
                found.setdefault(repr(pieces), _Plan(pieces, _scores(order, pieces, ranked, facts)))
    return list(found.values())


def _used(found: Mapping[str, _Plan]) -> int:
    return min(int(plan.scores[FEW]) for plan in found.values())


class _Step(NamedTuple):
    """Some pieces of a variant at a place, and how good it is to take them after those before."""

    key: tuple[Any, ...]
    rank: int
    size: int


def _steps(order: Sequence[str], ranked: Sequence[Source], variant_id: int, needed: int, facts: Facts) -> list[_Step]:
    """All pieces of a variant that may be taken, the best first."""
    at_once = -(-needed // _STEPS)
    steps = []
    for rank, place in enumerate(ranked):
        free = min(needed, place.free.get(variant_id, 0))
        for before in range(0, free, at_once):
            size = min(at_once, free - before)
            marks = {
                CHEAPEST: _cost(place, facts)[1] * facts.grams.get(variant_id, 0),
                HEALTH: _wear(place, variant_id, before + size, facts),
                PLACES: rank,
            }
            steps.append(_Step((*(marks[name] for name in order if name in marks), rank, before), rank, size))
    return sorted(steps)


def _taken(
    chosen: Sequence[int], ranked: Sequence[Source], needs: Mapping[int, int], steps: Mapping[int, list[_Step]]
) -> Pieces | None:
    """The best pieces of these places; None if they do not reach."""
    pieces: Pieces = {}
    for variant_id, needed in sorted(needs.items()):
        left, places = needed, dict[int, int]()
        for step in steps[variant_id]:
            if not left:
                break
            if step.rank in chosen:
                part = min(left, step.size)
                at = ranked[step.rank].location_id
                places[at] = places.get(at, 0) + part
                left -= part
        if left:
            return None
        pieces[variant_id] = dict(sorted(places.items()))
    return pieces


# -- what the criteria say ---------------------------------------------------------------------------------------------


def _scores(order: Sequence[str], pieces: Pieces, ranked: Sequence[Source], facts: Facts) -> dict[str, Any]:
    used = [place for place in ranked if any(place.location_id in places for places in pieces.values())]
    scores: dict[str, Callable[[], Any]] = {
        FEW: lambda: len(used),
        CHEAPEST: lambda: cost_of(pieces, used, facts),
        HEALTH: lambda: sorted(_wears(pieces, used, facts), reverse=True),
        PLACES: lambda: [-sum(places.get(place.location_id, 0) for places in pieces.values()) for place in ranked],
    }
    return {criterion: scores[criterion]() for criterion in order}


def cost_of(pieces: Pieces, used: Sequence[Source], facts: Facts) -> int:
    """In thousandths of a minor unit, since a kilogram has a thousand grams."""
    return sum(1000 * _cost(place, facts)[0] for place in used) + sum(
        _cost(place, facts)[1] * facts.grams.get(variant_id, 0) * places.get(place.location_id, 0)
        for place in used
        for variant_id, places in pieces.items()
    )


def _cost(place: Source, facts: Facts) -> tuple[int, int]:
    return facts.costs.get(place.location_id, _NO_COST)


def _wears(pieces: Pieces, used: Sequence[Source], facts: Facts) -> Iterator[tuple[float, float]]:
    for variant_id, places in pieces.items():
        at_once = -(-sum(places.values()) // _STEPS)
        for place in used:
            taken = places.get(place.location_id, 0)
            for before in range(0, taken, at_once):
                yield _wear(place, variant_id, min(before + at_once, taken), facts)


def _wear(place: Source, variant_id: int, taken: int, facts: Facts) -> tuple[float, float]:
    """How little a shelf has left: days until it is empty, then the share of what was there; both below zero."""
    free = place.free[variant_id]
    sold = facts.sold.get((place.location_id, variant_id), 0)
    days = (free - taken) * DAYS / sold if sold > 0 else inf
    return -days, -(free - taken) / free


def _figure(criterion: str, best: Any, next_best: Any, currency: str) -> str:
    """The two numbers that decided, the same in every language."""
    told: dict[str, Callable[[], str]] = {
        CHEAPEST: lambda: _cheaper(best, next_best, currency),
        HEALTH: lambda: _left(best[0], next_best[0]),
    }
    return told[criterion]() if criterion in told else ""


def _cheaper(best: int, other: int, currency: str) -> str:
    """Nothing where the other one's costs are not known."""
    if other >= 1000 * _NO_COST[0]:
        return ""
    mine, theirs = (Money((cost + 500) // 1000, currency).decimal for cost in (best, other))
    return f"{mine} < {theirs} {currency}"


def _left(best: tuple[float, float], other: tuple[float, float]) -> str:
    """Days until the emptiest shelf of each plan is bare; where neither is sold, the share that is left."""
    if best[0] == other[0]:
        return f"{-best[1]:.0%} > {-other[1]:.0%}" if best[1] != other[1] else ""
    mine, theirs = ("∞" if day == -inf else f"{-day:.0f}" for day in (best[0], other[0]))
    return f"{mine} d > {theirs} d"
