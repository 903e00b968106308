"""Lists: one statement for the cards, one for totals, facets and their words. Nothing here grows with the shop.

Unnarrowed lists walk an index and read kept counters; filters and prices are counted by SQL over what they leave.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from core.catalogue.services.facets import Found, facets_of
from core.catalogue.services.narrowing import Narrowing
from core.catalogue.services.reading import CARD_COLUMNS, shown_card
from core.catalogue.services.shapes import Chip, Listing, ListingQuery, ShownCard, Sort
from core.hookspecs.site import Site
from core.kernel import cache, db

_LARGEST_PAGE = 100
_LARGEST = 2**53


class _Order(NamedTuple):
    """A table to walk, its column, and the direction."""

    table: str
    column: str
    descending: bool = False


_ORDERS = {
    Sort.FEATURED: _Order("card_place", "position"),
    Sort.NEWEST: _Order("card_place", "created_at", descending=True),
    Sort.CHEAPEST: _Order("card_place", "price"),
    Sort.DEAREST: _Order("card_place", "price", descending=True),
    Sort.NAME: _Order("card_name", "name"),
    Sort.RELEVANCE: _Order("card_place", "rank"),
}


def listing(
    site: Site, language: str, currency: str, query: ListingQuery, product_ids: Sequence[int] | None = None
) -> Listing:
    """A page of a list with its facets: two statements. `product_ids` narrows it to a search's, best first."""
    narrowing = Narrowing(
        site.id, language, site.language, currency, query, tuple(product_ids) if product_ids is not None else None
    )
    cards, following, preceding = _page(narrowing)
    found = facets_of(narrowing)
    return Listing(
        cards=cards, total=found.total, facets=found.facets, available=found.available, price_min=found.price_min, price_max=found.price_max,
        chips=tuple(_chips(query, found)), next=following, previous=preceding, until=_until(cards),
    )  # fmt: skip


def cards_only(site: Site, language: str, currency: str, query: ListingQuery) -> tuple[ShownCard, ...]:
    """The cards of a list without its facets: one statement."""
    cards = _page(Narrowing(site.id, language, site.language, currency, query, None))[0]
    _until(cards)
    return cards


def cards_for(site: Site, language: str, currency: str, product_ids: Sequence[int]) -> dict[int, ShownCard]:
    """The cards of these products that the site shows now, by id; one statement."""
    found = db.rows(
        f"SELECT {CARD_COLUMNS} FROM card c WHERE c.product_id IN ({db.marks(product_ids)}) AND c.site_id = ? AND c.language = ? AND c.currency = ?",
        *product_ids, site.id, language, currency,
    )  # fmt: skip
    return {row[0]: shown_card(row, currency) for row in found}


def _until(cards: Iterable[ShownCard]) -> datetime | None:
    """When the first of these cards ends; so does the page now rendered."""
    until = min((card.until for card in cards if card.until is not None), default=None)
    cache.depends(until=until)
    return until


# -- the page ----------------------------------------------------------------------------------------------------------


def _page(narrowing: Narrowing) -> tuple[tuple[ShownCard, ...], str, str]:
    """The cards, and the cursors after and before them."""
    cache.depends(f"category:{narrowing.category_id}")
    query = narrowing.query
    order = _ORDERS[
        query.sort if narrowing.product_ids is not None or query.sort is not Sort.RELEVANCE else Sort.FEATURED
    ]
    limit = min(max(query.limit, 1), _LARGEST_PAGE)
    after, before = _cursor(query.after, order), _cursor(query.before, order)
    backwards = after is None and before is not None
    rows = _walk(narrowing, order, after or before, backwards=backwards, limit=limit + 1)
    has_more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    cards = tuple(shown_card(row, narrowing.currency) for row in rows)
    is_last = not (backwards or has_more)
    is_first = not has_more if backwards else after is None
    following = "" if is_last or not rows else _cursor_of(rows[-1])
    preceding = "" if is_first or not rows else _cursor_of(rows[0])
    return cards, following, preceding


def _walk(
    narrowing: Narrowing, order: _Order, start: tuple[Any, int] | None, *, backwards: bool, limit: int
) -> list[tuple[Any, ...]]:
    descending = order.descending != backwards
    way = "DESC" if descending else "ASC"
    source = narrowing.source(order.table)
    column = "r.column1" if order.column == "rank" else f"p.{order.column}"
    conditions = [*source.conditions]
    params = [*source.params]
    if start is not None:
        conditions.append(f"({column}, p.product_id) {'<' if descending else '>'} (?, ?)")
        params += start
    return db.rows(
        f"SELECT {CARD_COLUMNS}, {column} FROM {source.tables} WHERE {' AND '.join(conditions)}"
        f" ORDER BY {column} {way}, p.product_id {way} LIMIT ?",
        *params, limit,
    )  # fmt: skip


# -- cursors -----------------------------------------------------------------------------------------------------------


def _cursor_of(row: tuple[Any, ...]) -> str:
    """Where a row stands: the value it is sorted by, and its product."""
    return base64.urlsafe_b64encode(json.dumps([row[-1], row[0]], ensure_ascii=False).encode()).decode().rstrip("=")


def _cursor(text: str, order: _Order) -> tuple[Any, int] | None:
    """The inverse; None for what no list in this order has written."""
    try:
        value, product_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, TypeError):
        return None
    if not isinstance(product_id, int) or abs(product_id) > _LARGEST:
        return None
    if order.column == "name":
        return (value, product_id) if isinstance(value, str) and "\0" not in value else None
    return (value, product_id) if isinstance(value, int) and abs(value) < _LARGEST else None


# -- chips -------------------------------------------------------------------------------------------------------------


def _chips(query: ListingQuery, found: Found) -> Iterable[Chip]:
    names = {(facet.code, value.value): value.name for facet in found.facets for value in facet.values}
    for code, values in query.filters.items():
        for value in values:
            yield Chip(code=code, value=value, name=names.get((code, value), value))
    if query.price_min is not None or query.price_max is not None:
        yield Chip(code="price", value="", name="")
    if query.in_stock:
        yield Chip(code="in_stock", value="", name="")
