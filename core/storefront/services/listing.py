"""A list with its links.

The state of every filter is in the address, so each chip and page is an address without or with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import urlencode

from babel.numbers import get_currency_symbol
from msgspec import Struct

from core.catalogue.services.shapes import Chip, Facet, Listing, ShownCard, Sort
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib.money import Money
from core.storefront.forms import typed_amount

Pair = tuple[str, str]


class ChipLink(Struct, frozen=True, kw_only=True):
    """A chosen filter; `url` is the page without it."""

    name: str
    url: str


class Suggestion(Struct, frozen=True, kw_only=True):
    """Words to search for instead, and where."""

    words: str
    url: str


class SortChoice(Struct, frozen=True, kw_only=True):
    """An order to choose."""

    value: str
    name: str
    chosen: bool


class Bar(Struct, frozen=True):
    """How many products cost so much, in hundredths of the highest bar; `on`: within what was typed."""

    height: int
    on: bool


class NearLink(Struct, frozen=True, kw_only=True):
    """A filter to give up where nothing has them all: its name, the page without it, and how much that shows."""

    name: str
    url: str
    total: int


class PriceRange(Struct, frozen=True, kw_only=True):
    """The two boxes: what was typed, and as hints the span of what is found. `sign` is the currency's."""

    least: str
    most: str
    lowest: str
    highest: str
    sign: str
    bars: tuple[Bar, ...] = ()


class ShownListing(Struct, frozen=True, kw_only=True):
    """All that a page with a list of goods shows. `seen` counts goods up to the end of this page."""

    action: str
    words: str
    cards: tuple[ShownCard, ...]
    total: int
    available: int
    in_stock: bool
    facets: tuple[Facet, ...]
    range: PriceRange
    chips: tuple[ChipLink, ...]
    clear: str
    sorts: tuple[SortChoice, ...]
    seen: int
    next_url: str
    first_url: str
    nearest: tuple[NearLink, ...] = ()
    nearest_cards: tuple[ShownCard, ...] = ()


def shown_listing(
    found: Listing, action: str, asked: Iterable[Pair], *, currency: str, sort: Sort, words: str = ""
) -> ShownListing:
    """`found` with links. `asked` are the pairs of the query string, `action` the page's path."""
    pairs = [pair for pair in asked if pair[1]]
    state = [pair for pair in pairs if pair[0] not in {"after", "before", "seen"}]
    seen = min(_number(pairs, "seen") + len(found.cards), found.total)
    return ShownListing(
        action=action,
        words=words,
        cards=found.cards,
        total=found.total,
        available=found.available,
        in_stock=("stock", "1") in state,
        facets=found.facets,
        range=_range(found, state, currency),
        chips=tuple(
            ChipLink(name=_chip_name(chip, state, currency), url=link(action, _without(state, chip)))
            for chip in found.chips
        ),
        clear=link(action, [pair for pair in state if pair[0] in {"q", "sort"}]),
        sorts=_sorts(sort, searching=bool(words), rated=found.rated),
        seen=seen,
        next_url=link(action, [*state, ("after", found.next), ("seen", str(seen))]) if found.next else "",
        first_url=link(action, state) if found.previous else "",
        nearest=tuple(
            NearLink(
                name=_chip_name(one.chip, state, currency), url=link(action, _without(state, one.chip)), total=one.total
            )
            for one in found.nearest
        ),
        nearest_cards=found.nearest_cards,
    )


def link(action: str, pairs: Iterable[Pair]) -> str:
    """A path with its query string."""
    query = urlencode(list(pairs))
    return f"{action}?{query}" if query else action


def _number(pairs: Iterable[Pair], name: str) -> int:
    text = next((value for known, value in pairs if known == name), "")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def _without(state: list[Pair], chip: Chip) -> list[Pair]:
    if chip.code == "price":
        return [pair for pair in state if pair[0] not in {"min", "max"}]
    if chip.code == "in_stock":
        return [pair for pair in state if pair[0] != "stock"]
    return [pair for pair in state if pair != (f"f.{chip.code}", chip.value)]


def _chip_name(chip: Chip, state: list[Pair], currency: str) -> str:
    if chip.code == "price":
        return _span(dict(state), currency)
    return _("In stock") if chip.code == "in_stock" else chip.name


def _span(typed: Mapping[str, str], currency: str) -> str:
    """The chosen prices in words."""
    amounts = (typed_amount(typed.get(name, ""), currency) for name in ("min", "max"))
    least, most = ("" if amount is None else i18n.money(Money(amount, currency)) for amount in amounts)
    if least and most:
        return _("%(least)s to %(most)s", least=least, most=most)
    return _("From %(amount)s", amount=least) if least else _("Up to %(amount)s", amount=most)


def _range(found: Listing, state: list[Pair], currency: str) -> PriceRange:
    typed = dict(state)
    return PriceRange(
        least=typed.get("min", ""),
        most=typed.get("max", ""),
        lowest=found.price_min.decimal if found.price_min else "",
        highest=found.price_max.decimal if found.price_max else "",
        sign=_sign(currency, i18n.language()),
        bars=_bars(found, typed, currency),
    )


@lru_cache(maxsize=256)
def _sign(currency: str, language: str) -> str:
    """`€`, as the language writes it: Babel looks for it anew each time."""
    return str(get_currency_symbol(currency, locale=language.replace("-", "_")))


def _bars(found: Listing, typed: Mapping[str, str], currency: str) -> tuple[Bar, ...]:
    """The bars of prices, those within the typed span marked."""
    if not found.bars or found.price_min is None or found.price_max is None:
        return ()
    low, most = found.price_min.amount, max(found.bars)
    step = (found.price_max.amount - low + 1) / len(found.bars)
    least, highest = typed_amount(typed.get("min", ""), currency), typed_amount(typed.get("max", ""), currency)
    return tuple(
        Bar(
            height=-(-100 * count // most),
            on=(least is None or low + step * (place + 1) > least)
            and (highest is None or low + step * place <= highest),
        )
        for place, count in enumerate(found.bars)
    )


def _sorts(chosen: Sort, *, searching: bool, rated: bool) -> tuple[SortChoice, ...]:
    """The orders to choose from; by stars only where some are given."""
    names = {
        Sort.FEATURED: _("Recommended"),
        Sort.NEWEST: _("Newest"),
        Sort.CHEAPEST: _("Price, low to high"),
        Sort.DEAREST: _("Price, high to low"),
        Sort.NAME: _("Name"),
    }
    first = {Sort.RELEVANCE: _("Best match")} if searching else {}
    last = {Sort.RATING: _("Best rated")} if rated else {}
    return tuple(
        SortChoice(value=str(sort), name=name, chosen=sort is chosen)
        for sort, name in {**first, **names, **last}.items()
    )
