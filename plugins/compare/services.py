"""What is compared: a few products, remembered by the browser alone, and the rows of their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.api import (
    NotFound,
    ProductPage,
    Refused,
    ShownCard,
    Site,
    cards_for,
    gettext,
    number,
    product_page,
)

MOST = 4


class ComparesEnough(Refused):
    """More than four columns fit no screen and no head."""

    status = 422
    code = "compares_enough"
    default_message = "You are comparing four products already. Take one away first."


class Column(Struct, frozen=True, kw_only=True):
    """A product of the comparison: its card, and what its own page knows."""

    card: ShownCard
    page: ProductPage


class Row(Struct, frozen=True, kw_only=True):
    """One fact of all products, in their order; empty where a product does not have it."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


def read(cookie: str) -> list[int]:
    """The products that a cookie or an address names; whatever is no number is left out. They are no secret."""
    numbers = [int(text) for text in cookie.split(".") if text.isdecimal() and len(text) < 10]
    return list(dict.fromkeys(numbers))[:MOST]


def written(product_ids: Sequence[int]) -> str:
    """The same as text."""
    return ".".join(map(str, product_ids))


def with_one_more(site: Site, known: list[int], product_id: int, *, language: str, currency: str) -> list[int]:
    """The list with a product that this site shows. Raises NotFound, ComparesEnough. One statement."""
    shown = cards_for(site, language, currency, [*known, product_id])
    if product_id not in shown:
        raise NotFound
    still = [one for one in known if one in shown]
    if product_id in still:
        return still
    if len(still) >= MOST:
        raise ComparesEnough
    return [*still, product_id]


def columns(site: Site, language: str, currency: str, product_ids: Sequence[int]) -> list[Column]:
    """The products that the site shows now. One statement for all, and those of each page."""
    cards = cards_for(site, language, currency, product_ids) if product_ids else {}
    pages = [
        (cards[one], product_page(site, language, currency, cards[one].path)) for one in product_ids if one in cards
    ]
    return [Column(card=card, page=page) for card, page in pages if isinstance(page, ProductPage)]


def table(found: Sequence[Column]) -> list[Row]:
    """The rows: where they are from, what can be chosen, stars, and every attribute that any of them has."""
    named: dict[str, dict[int, str]] = {}
    for place, column in enumerate(found):
        for name, text in _facts(column).items():
            named.setdefault(name, {})[place] = text
    return [
        Row(name=name, values=tuple(texts.get(place, "") for place in range(len(found))))
        for name, texts in named.items()
    ]


def _facts(column: Column) -> Mapping[str, str]:
    page, between = column.page, gettext(", ")
    facts = {gettext("Maker"): page.vendor} if page.vendor else {}
    if page.rating is not None:
        facts[gettext("Stars")] = gettext(
            "%(mean)s of 5 (%(count)s)", mean=number(round(page.rating.mean, 1)), count=number(page.rating.count)
        )
    facts[gettext("In stock")] = gettext("Yes") if column.card.available else gettext("Sold out")
    facts |= {option.name: between.join(value.name for value in option.values) for option in page.options}
    weights = {variant.weight_g for variant in page.variants if variant.weight_g}
    if weights:
        facts[gettext("Weight")] = gettext("%(grams)s g", grams=number(min(weights)))
    return facts | {fact.name: between.join(fact.values) for fact in page.facts}
