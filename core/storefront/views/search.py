"""Search, its completion while typing, and the list of everything."""

from __future__ import annotations

from flask import Response, request, url_for

from core.catalogue.services.shapes import CategoryNode, ListingQuery, SearchPage, Sort
from core.kernel import i18n, limits
from core.kernel.outside import in_language
from core.kernel.respond import currency, page, redirect
from core.kernel.security import public, while_open
from core.kernel.sites import current
from core.storefront import forms
from core.storefront.services.listing import Suggestion, link, shown_listing
from core.storefront.services.navigation import menu
from core.storefront.services.search import Found, complete, led_to, near_categories, search
from core.storefront.views.place import VIEWS

# One for every letter that is typed.
limits.add("complete", limits.Rule(address="600 per minute"))


@VIEWS.get("/search", endpoint="search")
@while_open
@public
def results() -> Response:
    """What the words find, narrowed by the query string; without words all goods. Some words lead elsewhere."""
    words = forms.words(request.args.get("q", ""))
    if words:
        limits.take("search")
        if (way := led_to(current().site, words, menu())) is not None:
            return redirect(_address(way))
    default = Sort.RELEVANCE if words else Sort.FEATURED
    query = forms.listing_query(request.args.items(multi=True), currency(), default=default)
    found = search(current(), i18n.language(), currency(), words, query)
    if not found.nearest:
        return _results(found, query)
    return page(
        "pages/search_none.html",
        words=words,
        searched=SearchPage(words=words, total=0),
        suggestion=_suggestion(found.suggestion),
        nearest=found.nearest,
        categories=near_categories(words, menu()),
    )


def _address(way: CategoryNode | str) -> str:
    if isinstance(way, str):
        return in_language(current().site, i18n.language(), way)
    return url_for("storefront.category", path=way.path)


def _results(found: Found, query: ListingQuery) -> Response:
    here = url_for("storefront.search")
    pairs = list(request.args.items(multi=True))
    goods = shown_listing(found.goods, here, pairs, currency=currency(), sort=query.sort, words=found.words)
    return page(
        "pages/search.html",
        words=found.words,
        searched=SearchPage(words=found.words, total=found.goods.total, narrowed=len(pairs) > 1),
        also=_suggestion(found.also),
        suggestion=_suggestion(found.suggestion),
        listing=goods,
    )


@VIEWS.get("/search/complete", endpoint="complete")
@while_open
@public
def completion() -> Response:
    """The panel under the search box, as a fragment."""
    words = forms.words(request.args.get("q", ""))
    limits.take("complete")
    found = complete(current(), i18n.language(), currency(), words, menu())
    return page(
        "fragments/completion.html",
        found=found,
        url=_search_url(words),
        suggestion=_suggestion(found.suggestion),
        terms=[_suggestion(term) for term in found.terms],
    )


def _suggestion(words: str) -> Suggestion | None:
    return Suggestion(words=words, url=_search_url(words)) if words else None


def _search_url(words: str) -> str:
    return link(url_for("storefront.search"), [("q", words)])
