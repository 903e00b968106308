"""Asking whoever finds: a search plugin, and what staff have put beside the words."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from core.catalogue.services.search import plain_search
from core.catalogue.services.search_leads import lead_of
from core.hookspecs.site import SearchQuery, SearchResult
from core.kernel.sites import SiteState


def ask(state: SiteState, query: SearchQuery) -> SearchResult | None:
    """What a search plugin answers; None: core's plain search finds."""
    answer: SearchResult | None = state.hooks.site_search(site=state.site, query=query)
    return answer


def found_ids(state: SiteState, query: SearchQuery, ranked: SearchResult | None) -> Sequence[int] | None:
    """What was ranked, and behind it what the words find that staff have put beside these; None: core finds alone."""
    lead = lead_of(state.site, query.text)
    if lead is None or not lead.also:
        return ranked.product_ids if ranked else None
    other = replace(query, text=lead.also, complete=False)
    return [*_found(state, query, ranked), *_found(state, other, ask(state, other))]


def _found(state: SiteState, query: SearchQuery, ranked: SearchResult | None) -> Sequence[int]:
    return ranked.product_ids if ranked else plain_search(state.site, query.language, query.text)
