"""Search: a plugin ranks, core shows; without a plugin core finds words by plain SQL."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from core.catalogue.services.category_pages import flat
from core.catalogue.services.lists import listing
from core.catalogue.services.search import search_cards
from core.catalogue.services.search_asking import ask, found_ids
from core.catalogue.services.search_leads import lead_of
from core.catalogue.services.shapes import CategoryNode, Listing, ListingQuery, ShownCard, Sort
from core.hookspecs.site import SearchQuery, SearchResult, Site
from core.kernel.sites import SiteState
from core.lib.text import fold, is_cjk

_COMPLETED = 5


class Found(Struct, frozen=True, kw_only=True):
    """What the words find. `suggestion` is a spelling that finds more; `nearest` stands in where nothing was found.

    `also` are words that staff let this search look for too.
    """

    words: str
    goods: Listing
    suggestion: str
    nearest: tuple[ShownCard, ...] = ()
    also: str = ""


class Completion(Struct, frozen=True, kw_only=True):
    """While typing: searches, goods and categories that begin so."""

    words: str
    terms: tuple[str, ...]
    cards: tuple[ShownCard, ...]
    categories: tuple[CategoryNode, ...]
    total: int
    suggestion: str


def search(state: SiteState, language: str, currency: str, words: str, query: ListingQuery) -> Found:
    """A page of results. Without words: all goods. The nearest are sought only where the words alone find nothing."""
    if not words:
        return Found(words="", goods=listing(state.site, language, currency, query), suggestion="")
    asked, lead = SearchQuery(text=words, language=language), lead_of(state.site, words)
    ranked = ask(state, asked)
    goods = search_cards(state.site, language, currency, words, query, found_ids(state, asked, ranked))
    nothing = not goods.total and not query.is_narrowed
    return Found(
        words=words,
        goods=goods,
        suggestion=ranked.suggestion if ranked and not (goods.total and lead) else "",
        nearest=_nearest(state, language, currency, words, ranked) if nothing else (),
        also=lead.also if lead else "",
    )


def led_to(site: Site, words: str, categories: Sequence[CategoryNode]) -> CategoryNode | str | None:
    """The category or the path that opens instead of results; None for a search that finds goods.

    A category that the site does not show leads nowhere. `categories` is the tree that the page has anyway.
    """
    lead = lead_of(site, words)
    if lead is None:
        return None
    if lead.category_id is None:
        return lead.path or None
    return next((node for _depth, node in flat(categories) if node.id == lead.category_id), None)


def near_categories(words: str, categories: Sequence[CategoryNode], most: int = 6) -> list[CategoryNode]:
    """Where to go on from a search that found nothing: categories named by one of the words, then those at the top."""
    folded = [word for word in fold(words).split() if len(word) > 2 or is_cjk(word)]
    named = [node for _depth, node in flat(categories) if any(word in fold(node.name) for word in folded)]
    return list({node.id: node for node in [*named, *categories]}.values())[:most]


def complete(
    state: SiteState, language: str, currency: str, words: str, categories: Sequence[CategoryNode]
) -> Completion:
    """What the panel under the search box shows; `categories` is the tree that the page has anyway."""
    asked, query = SearchQuery(text=words, language=language, limit=50, complete=True), ListingQuery(limit=_COMPLETED)
    ranked = ask(state, asked)
    goods = search_cards(state.site, language, currency, words, query, found_ids(state, asked, ranked))
    folded = fold(words)
    named = [node for _depth, node in flat(categories) if folded in fold(node.name)]
    return Completion(
        words=words,
        terms=ranked.completions[:_COMPLETED] if ranked else (),
        cards=goods.cards,
        categories=tuple(named[:3]),
        total=goods.total,
        suggestion=ranked.suggestion if ranked else "",
    )


def _nearest(
    state: SiteState, language: str, currency: str, words: str, ranked: SearchResult | None
) -> tuple[ShownCard, ...]:
    """Goods that one of the words finds, the suggested spelling first; else the newest."""
    tried = [ranked.suggestion] if ranked and ranked.suggestion else []
    for one in [*tried, *sorted(words.split(), key=len, reverse=True)[:3]]:
        found = search_cards(state.site, language, currency, one, ListingQuery(limit=4))
        if found.cards:
            return found.cards
    return listing(state.site, language, currency, ListingQuery(sort=Sort.NEWEST, limit=4)).cards
