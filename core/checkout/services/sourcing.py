"""Where an order's goods come from: asked of `fulfil_allocate` where there is a choice, else core's rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from core.catalogue.services.stock_sources import count_locations, fewest_parcels, sources_of, why_these
from core.hookspecs.checkout import Address
from core.hookspecs.fulfil import Source, Sourced
from core.kernel.kept import kept
from core.kernel.sites import SiteState


class Sourcing(NamedTuple):
    """Pieces per variant and location, and by location why it is that one; both empty where there is no choice."""

    plan: dict[int, dict[int, int]]
    why: dict[int, str]


def sources_for(state: SiteState, needs: Mapping[int, int], address: Address | None) -> Sourcing:
    """Pieces per variant and location; empty where there is nothing to choose. One statement, outside a transaction.

    None where there is only one location, which a process remembers.
    """
    if kept("locations", count_locations) < 2:
        return Sourcing({}, {})
    sources = sources_of(needs)
    if len(sources) < 2:
        return Sourcing({}, {one.location_id: "from.only" for one in sources})
    return _chosen(state, needs, sources, address)


def sources_for_all(state: SiteState, wanted: Sequence[tuple[Mapping[int, int], Address | None]]) -> Sourcing:
    """The same of what goes to several places: each is asked about by itself, and finds what those before it left.

    Where one of them cannot be served by such a plan, core's order of locations serves all.
    """
    needs: dict[int, int] = {}
    for one, _address in wanted:
        for variant_id, pieces in one.items():
            needs[variant_id] = needs.get(variant_id, 0) + pieces
    if kept("locations", count_locations) < 2:
        return Sourcing({}, {})
    sources = sources_of(needs)
    if len(sources) < 2:
        return Sourcing({}, {one.location_id: "from.only" for one in sources})
    plan: dict[int, dict[int, int]] = {}
    why: dict[int, str] = {}
    counted = {variant_id for one in sources for variant_id in one.free}
    for one, address in wanted:
        if not counted & one.keys():
            continue
        found = _chosen(state, one, sources, address)
        if not found.plan:
            return Sourcing({}, {source.location_id: "from.first" for source in sources})
        why = {**found.why, **why}
        for variant_id, places in found.plan.items():
            for location_id, pieces in places.items():
                there = plan.setdefault(variant_id, {})
                there[location_id] = there.get(location_id, 0) + pieces
        sources = [_without(source, found.plan) for source in sources]
    return Sourcing(plan, why)


def _without(source: Source, plan: Mapping[int, Mapping[int, int]]) -> Source:
    free = {v: n - plan.get(v, {}).get(source.location_id, 0) for v, n in source.free.items()}
    return replace(source, free=free)


def _chosen(state: SiteState, needs: Mapping[int, int], sources: Sequence[Source], address: Address | None) -> Sourcing:
    answer: Sequence[Sourced] = (
        state.hooks.fulfil_allocate(site=state.site, needs=dict(needs), sources=tuple(sources), address=address) or ()
    )
    if plan := _fitting(answer, needs, sources):
        return Sourcing(plan, {part.location_id: _said(part) for part in answer})
    country = address.country if address else state.site.country
    postcode = (address.postcode or "") if address else ""
    plan = fewest_parcels(needs, sources, country, postcode)
    why = f"from.{why_these(needs, sources, country, plan, postcode)}" if plan else "from.first"
    return Sourcing(plan, {one.location_id: why for one in sources})


_KNOWN = {"only", "allowed", "fewest", "nearest", "first", "cheapest", "health"}


def _said(part: Sourced) -> str:
    """A plugin's reason as the move of stock keeps it."""
    why = f"from.{part.why}" if part.why in _KNOWN else part.why
    return ": ".join(word for word in (why, part.figure) if word)[:200]


def _fitting(
    answer: Sequence[Sourced], needs: Mapping[int, int], sources: Sequence[Source]
) -> dict[int, dict[int, int]]:
    """A plugin's plan if it adds up for every counted variant and no place gives more than it has; else nothing."""
    free = {(one.location_id, variant_id): pieces for one in sources for variant_id, pieces in one.free.items()}
    plan: dict[int, dict[int, int]] = {}
    for part in answer:
        if part.quantity <= 0 or part.quantity > free.get((part.location_id, part.variant_id), 0):
            return {}
        places = plan.setdefault(part.variant_id, {})
        if part.location_id in places:
            return {}
        places[part.location_id] = part.quantity
    counted = {variant_id for _location, variant_id in free}
    adds_up = plan.keys() == counted & needs.keys() and all(sum(plan[v].values()) == needs[v] for v in plan)
    return plan if adds_up else {}
