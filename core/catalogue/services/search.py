"""Search in a site's products: by a plugin's ranking, or by plain SQL over the folded words of cards."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from core.catalogue.services.lists import listing
from core.catalogue.services.shapes import Listing, ListingQuery, Sort
from core.hookspecs.site import Site
from core.kernel import db
from core.lib.text import fold

_MOST_IDS = 200
_MOST_WORDS = 8


def search_cards(
    site: Site, language: str, currency: str, text: str, query: ListingQuery, product_ids: Sequence[int] | None = None
) -> Listing:
    """What a search finds, as a list with facets. `product_ids` are what the hook `site_search` ranked, best first.

    Without them the plain search finds cards in which every word occurs (three statements); ids that the site does
    not show
    fall out. A query in the usual order is sorted by relevance.
    """
    ids = plain_search(site, language, text) if product_ids is None else list(dict.fromkeys(product_ids))[:_MOST_IDS]
    if query.sort is Sort.FEATURED:
        query = replace(query, sort=Sort.RELEVANCE)
    return listing(site, language, currency, query, ids)


def plain_search(site: Site, language: str, text: str, limit: int = _MOST_IDS) -> list[int]:
    """Ids of products whose words hold every word of `text`, those whose name begins with it first.

    A word of Chinese letters is found inside a longer one, as any other is. For small shops: it reads every card once.
    """
    words = fold(text.replace("\0", " ")).split()[:_MOST_WORDS]
    if not words:
        return []
    conditions = " AND ".join(["words LIKE ? ESCAPE '!'"] * len(words))
    return [
        row[0]
        for row in db.rows(
            f"SELECT product_id FROM card_words WHERE site_id = ? AND language = ? AND {conditions}"
            " ORDER BY CASE WHEN words LIKE ? ESCAPE '!' THEN 0 ELSE 1 END, product_id LIMIT ?",
            site.id,
            language,
            *(f"%{_escaped(word)}%" for word in words),
            f"{_escaped(' '.join(words))}%",
            limit,
        )
    ]


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
