"""Search, its completion while typing, and the list of everything."""

from __future__ import annotations

from flask import Response, request, url_for

from core.catalogue.services.shapes import Sort
from core.kernel import i18n, limits
from core.kernel.respond import currency, page
from core.kernel.security import public
from core.kernel.sites import current
from core.storefront import forms
from core.storefront.services.listing import Suggestion, link, shown_listing
from core.storefront.services.navigation import menu
from core.storefront.services.search import Found, complete, search
from core.storefront.views.place import VIEWS

# One for every letter that is typed.
limits.add("complete", limits.Rule(address="600 per minute"))


@VIEWS.get("/search", endpoint="search")
@public
def results() -> Response:
    """What the words find, narrowed by the query string; without words all goods."""
    words = forms.words(request.args.get("q", ""))
    if words:
        limits.take("search")
    default = Sort.RELEVANCE if words else Sort.FEATURED
    query = forms.listing_query(request.args.items(multi=True), currency(), default=default)
    found = search(current(), i18n.language(), currency(), words, query)
    if found.nearest:
        return page(
            "pages/search_none.html", words=words, suggestion=_suggestion(found.suggestion), nearest=found.nearest
        )
    return _results(found, query.sort)


def _results(found: Found, sort: Sort) -> Response:
    here = url_for("storefront.search")
    pairs = list(request.args.items(multi=True))
    goods = shown_listing(found.goods, here, pairs, currency=currency(), sort=sort, words=found.words)
    return page("pages/search.html", words=found.words, suggestion=_suggestion(found.suggestion), listing=goods)


@VIEWS.get("/search/complete", endpoint="complete")
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
