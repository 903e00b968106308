"""Lists: one statement for totals, facets and their words, one for the cards.

A list as it is walks an index and reads kept counters, so it costs the same in a large shop as in a small one.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from core.catalogue.services.card_data import RATED
from core.catalogue.services.facets import Found, facets_of
from core.catalogue.services.narrowing import Narrowing
from core.catalogue.services.prices import state_for
from core.catalogue.services.reading import CARD_COLUMNS, shown_card
from core.catalogue.services.relaxing import nearest, without
from core.catalogue.services.shapes import Chip, Listing, ListingQuery, ShownCard, Sort
from core.hookspecs.site import Site
from core.kernel import cache, db
from core.kernel.fragments import kept_facts
from core.kernel.kept import kept

_LARGEST_PAGE = 100
_FEW = 1000  # Of this many, sorting costs less than walking past others.
_LARGEST = 2**53


class _Order(NamedTuple):
    """The column to sort by, as in the card's place or its name, and the direction."""

    column: str
    descending: bool = False


_ORDERS = {
    Sort.FEATURED: _Order("p.position"),
    Sort.NEWEST: _Order("p.created_at", descending=True),
    Sort.CHEAPEST: _Order("p.price"),
    Sort.DEAREST: _Order("p.price", descending=True),
    Sort.NAME: _Order("n.name"),
    Sort.RATING: _Order("p.rating", descending=True),
}


def listing(
    site: Site, language: str, currency: str, query: ListingQuery, product_ids: Sequence[int] | None = None
) -> Listing:
    """A page of a list with its facets: two statements. `product_ids` narrows it to a search's, best first.

    Now and then one statement more where a plugin may give stars (whether it does), and for the bars of prices of a
    list without choices. Two more where nothing is left: what is nearest.
    """
    ids = tuple(product_ids) if product_ids is not None else None
    rated = _is_rated(site, currency)
    if query.sort is Sort.RATING and not rated:
        query = replace(query, sort=Sort.FEATURED if ids is None else Sort.RELEVANCE)
    narrowing = Narrowing(site.id, language, site.language, currency, query, ids)
    if ids is not None or query.is_narrowed:
        return _listing(site, narrowing, rated=rated)
    key = ("listing", *narrowing.place, language, site.languages, *_asked(query), rated)
    found = kept_facts(key, frozenset({_tag(narrowing)}), lambda: _listing(site, narrowing, rated=rated), _room)
    cache.depends(_tag(narrowing), until=found.until)
    return found


def _asked(query: ListingQuery) -> tuple[object, ...]:
    """What tells pages of one list without choices apart."""
    return query.sort, query.after, query.before, query.limit


def _tag(narrowing: Narrowing) -> str:
    """Touched with the places and cards of the list, whatever of them changes."""
    return f"category:{narrowing.category_id}"


def _room(found: Listing) -> int:
    return 1500 * len(found.cards) + 200 * sum(len(facet.values) for facet in found.facets)


def _listing(site: Site, narrowing: Narrowing, *, rated: bool) -> Listing:
    query = narrowing.query
    found = facets_of(narrowing)
    page = _page(site, narrowing, found.total)
    chips = tuple(_chips(query, found))
    near = nearest(narrowing, chips) if not found.total else ()
    return Listing(
        cards=page.cards,
        total=found.total,
        facets=found.facets,
        available=found.available,
        price_min=found.price_min,
        price_max=found.price_max,
        chips=chips,
        next=page.following,
        previous=page.preceding,
        until=_until(page.cards),
        rated=rated,
        bars=found.bars,
        nearest=near,
        nearest_cards=_some(site, narrowing, near[0].chip) if near else (),
    )


def _some(site: Site, narrowing: Narrowing, chip: Chip) -> tuple[ShownCard, ...]:
    """Some goods of the list without one choice."""
    query = replace(without(narrowing.query, chip), limit=4)
    return _page(site, replace(narrowing, query=query), None).cards


def _is_rated(site: Site, currency: str) -> bool:
    """Whether the plugins that are on give stars to anything sold here."""
    if not state_for(site).hooks.answering("site_data"):
        return False
    return kept(RATED, lambda: db.value(_ANY_RATED, site.id, currency) is not None, str(site.id), currency)


_ANY_RATED = (
    "SELECT 1 FROM card_place p WHERE p.site_id = ? AND p.category_id = 0 AND p.currency = ? AND p.rating > 0 LIMIT 1"
)


def cards_only(site: Site, language: str, currency: str, query: ListingQuery) -> tuple[ShownCard, ...]:
    """The cards of a list without its facets: one statement."""
    cards = _page(site, Narrowing(site.id, language, site.language, currency, query, None), None).cards
    _until(cards)
    return cards


def cards_for(site: Site, language: str, currency: str, product_ids: Sequence[int]) -> dict[int, ShownCard]:
    """The cards of these products that the site shows now, by id; one statement."""
    found = db.rows(
        f"SELECT {CARD_COLUMNS} FROM card c WHERE c.product_id IN ({db.marks(product_ids)}) AND c.site_id = ? AND"
        " c.language = ? AND c.currency = ?",
        *product_ids,
        site.id,
        language,
        currency,
    )
    on = state_for(site).runtime.plugins
    return {row[0]: shown_card(row, currency, on) for row in found}


def _until(cards: Iterable[ShownCard]) -> datetime | None:
    """When the first of these cards ends; so does the page now rendered."""
    until = min((card.until for card in cards if card.until is not None), default=None)
    cache.depends(until=until)
    return until


# -- the page ----------------------------------------------------------------------------------------------------------


class _Page(NamedTuple):
    """Cards, and the cursors after and before them."""

    cards: tuple[ShownCard, ...]
    following: str
    preceding: str


def _page(site: Site, narrowing: Narrowing, total: int | None) -> _Page:
    """A page of what the query leaves; `total` of them, if that was counted."""
    cache.depends(_tag(narrowing))
    query = narrowing.query
    ranked = query.sort is Sort.RELEVANCE and narrowing.product_ids is not None
    order = _ORDERS.get(query.sort, _ORDERS[Sort.FEATURED])
    limit = min(max(query.limit, 1), _LARGEST_PAGE)
    after, before = _cursor(query.after, order), _cursor(query.before, order)
    backwards = after is None and before is not None
    step = _Step(after or before, backwards=backwards, limit=limit + 1)
    rows = (
        _ranked(narrowing, step)
        if ranked
        else _sorted(narrowing, order, step, is_few=total is not None and total <= _FEW)
    )
    has_more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    is_last = not (backwards or has_more)
    is_first = not has_more if backwards else after is None
    on = state_for(site).runtime.plugins
    return _Page(
        tuple(shown_card(row, narrowing.currency, on) for row in rows),
        "" if is_last or not rows else _cursor_of(rows[-1]),
        "" if is_first or not rows else _cursor_of(rows[0]),
    )


class _Step(NamedTuple):
    """From where to go on (a sorted value and a product), which way, and how far."""

    start: tuple[Any, int] | None
    backwards: bool
    limit: int


_CARDS = f"""
SELECT {CARD_COLUMNS}, {{column}} FROM card_place p
JOIN card c ON c.product_id = p.product_id AND c.site_id = p.site_id AND c.currency = p.currency AND c.language = ?
"""
_BY_NAME = f"""
SELECT {CARD_COLUMNS}, n.name FROM card_name n
JOIN card_place p ON p.product_id = n.product_id AND p.site_id = n.site_id AND p.category_id = n.category_id
JOIN card c ON c.product_id = p.product_id AND c.site_id = p.site_id AND c.currency = p.currency
  AND c.language = n.language
"""


def _sorted(narrowing: Narrowing, order: _Order, step: _Step, *, is_few: bool) -> list[tuple[Any, ...]]:
    """Cards in an order of the database.

    Few are looked up and sorted; of many an index is walked until the page is full.
    """
    where = narrowing.where(walking=not is_few)
    by_name = order.column == "n.name"
    column, descending = order.column, order.descending != step.backwards
    # By name, too, the product breaks ties in the index that is walked.
    tie = "n.product_id" if by_name else "p.product_id"
    conditions, params = [where.sql], [*where.params]
    if by_name:
        conditions.append("n.site_id = ? AND n.category_id = ? AND n.language = ?")
        params += [narrowing.site_id, narrowing.category_id, narrowing.language]
    else:
        params.insert(0, narrowing.language)
    if step.start is not None:
        conditions.append(f"({column}, {tie}) {'<' if descending else '>'} (?, ?)")
        params += step.start
    way = "DESC" if descending else "ASC"
    source = _BY_NAME if by_name else _CARDS.format(column=column)
    return db.rows(
        f"{source} WHERE {' AND '.join(conditions)} ORDER BY {column} {way}, {tie} {way} LIMIT ?", *params, step.limit
    )


_RANKED = f"""
SELECT {CARD_COLUMNS}, n.key FROM (
  SELECT p.product_id, r.key AS key FROM {{ranks}} r CROSS JOIN card_place p
  WHERE {{where}} ORDER BY r.key {{way}} LIMIT ?
) n JOIN card c ON c.product_id = n.product_id AND c.site_id = ? AND c.currency = ? AND c.language = ?
ORDER BY n.key {{way}}
"""
_RANKS_SQLITE = "json_each(?)"
_RANKS_POSTGRES = (
    "(SELECT CAST(o.id AS BIGINT) AS value, o.place - 1 AS key"
    " FROM json_array_elements_text(CAST(? AS JSON)) WITH ORDINALITY AS o(id, place))"
)


def _ranked(narrowing: Narrowing, step: _Step) -> list[tuple[Any, ...]]:
    """Cards in the order of a search: those of its products that are left, best first, until the page is full."""
    where = narrowing.where(walking=True)
    conditions, params = [where.sql], [json.dumps(narrowing.product_ids), *where.params]
    if step.start is not None:
        conditions.append(f"r.key {'<' if step.backwards else '>'} ?")
        params.append(step.start[0])
    sql = _RANKED.format(
        ranks=_RANKS_SQLITE if db.is_sqlite() else _RANKS_POSTGRES,
        where=" AND ".join(conditions),
        way="DESC" if step.backwards else "ASC",
    )
    return db.rows(sql, *params, step.limit, narrowing.site_id, narrowing.currency, narrowing.language)


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
    if order.column == "n.name":
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
