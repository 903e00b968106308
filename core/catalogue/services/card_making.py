"""From facts to the rows of cards: a pure function of facts, plugins' answers and the instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from core.catalogue.services.availability import together
from core.catalogue.services.card_answers import Answers
from core.catalogue.services.card_data import Said, rank, rating_in
from core.catalogue.services.card_facts import Facts, ListingFact, ProductFact, SiteFact
from core.catalogue.services.prices import Promotions, card_query, current, sooner
from core.catalogue.services.words import TextFact, best_text, spoken
from core.catalogue.services.writing import encoded
from core.lib import clock
from core.lib.money import Money
from core.lib.text import fold, shorten

_SUMMARY = 160
_SORT_NAME = 100
_SWATCHES = 12
Key = tuple[object, ...]
Row = tuple[object, ...]
Counts = dict[Key, tuple[int, int]]  # (site, category, currency, code, value) to (cards, available ones)


class Shape(NamedTuple):
    """A table of cards: its columns, of which the first `key` are the primary key.

    Product and site are always among them.
    """

    table: str
    columns: tuple[str, ...]
    key: int

    @property
    def key_columns(self) -> tuple[str, ...]:
        return self.columns[: self.key]


CARD = Shape(
    "card",
    (
        "product_id",
        "site_id",
        "language",
        "currency",
        "variant_id",
        "name",
        "path",
        "summary",
        "price",
        "was",
        "from_price",
        "until",
        "picture",
        "swatches",
        "available",
        "low",
        "created_at",
        "position",
        "data",
    ),
    4,
)
PLACE = Shape(
    "card_place",
    ("product_id", "site_id", "category_id", "currency", "position", "price", "created_at", "rating", "available"),
    4,
)
NAME = Shape("card_name", ("product_id", "site_id", "category_id", "language", "name"), 4)
WORDS = Shape("card_words", ("product_id", "site_id", "language", "words"), 3)
FACET = Shape("card_facet", ("product_id", "site_id", "code", "value"), 4)
DUE = Shape("card_due", ("product_id", "site_id", "at"), 2)
SHAPES = (CARD, PLACE, NAME, WORDS, FACET, DUE)


class Made(Struct):
    """Rows by table and key, and the products that plugins were not asked about."""

    rows: dict[Shape, dict[Key, Row]] = field(default_factory=lambda: {shape: {} for shape in SHAPES})
    unasked: set[int] = field(default_factory=set)

    def add(self, shape: Shape, *row: object) -> None:
        self.rows[shape][row[: shape.key]] = row

    def counts(self) -> Counts:
        """What these rows add to the counters."""
        facets: dict[tuple[object, object], list[tuple[object, object]]] = {}
        for product_id, site_id, code, value in self.rows[FACET]:
            facets.setdefault((product_id, site_id), []).append((code, value))
        counts: Counts = {}
        for product_id, site_id, category_id, currency, *_, available in self.rows[PLACE].values():
            for code, value in [("", ""), *facets.get((product_id, site_id), ())]:
                total, sold = counts.get((site_id, category_id, currency, code, value), (0, 0))
                counts[site_id, category_id, currency, code, value] = (total + 1, sold + bool(available))
        return counts


def make(facts: Facts, answers: Answers, at: int) -> Made:
    """All rows of these products at the instant `at` (microseconds)."""
    made = Made()
    for product in facts.products.values():
        for listing in product.listings:
            site = facts.sites.get(listing.site_id)
            if site is not None and listing.visible:
                _on_site(made, facts, product, listing, site, answers, at)
    return made


def _on_site(
    made: Made,
    facts: Facts,
    product: ProductFact,
    listing: ListingFact,
    site: SiteFact,
    answers: Answers,
    at: int,
) -> None:
    due = sooner(*(turn for turn in (listing.publish_at, listing.withdraw_at) if turn is not None and turn > at))
    is_shown = (listing.publish_at is None or listing.publish_at <= at) and (
        listing.withdraw_at is None or at < listing.withdraw_at
    )
    sales = {currency: _sale(made, product, site.id, currency, answers.promotions, at) for currency in site.currencies}
    said = answers.data.about(site.id, product.id, at)
    due = sooner(due, said.until, *(sale.until for sale in sales.values()))
    if due is not None:
        made.add(DUE, product.id, site.id, due)
    sold = {currency: sale for currency, sale in sales.items() if sale.offers} if is_shown else {}
    if not sold or not _has_words(product, site):
        return
    if not answers.data.knows(site.id, product.id):
        made.unasked.add(product.id)
    places = {0: listing.position, **facts.tree.places(site.id, product.categories)}
    for currency, sale in sold.items():
        for category_id, position in places.items():
            made.add(
                PLACE,
                product.id,
                site.id,
                category_id,
                currency,
                position,
                sale.cheapest.amount,
                product.created_at,
                rank(rating_in(said.values)),
                sale.available,
            )
    for code, value in _facets(product, {offer.variant_id for sale in sold.values() for offer in sale.offers}):
        made.add(FACET, product.id, site.id, code, value)
    for language in site.languages:
        _in_language(made, product, listing, site, language, sold, places, said)


def _has_words(product: ProductFact, site: SiteFact) -> bool:
    """A name and an address to fall back to in every language."""
    own = site.languages[0]
    return best_text(product.texts, site.id, own, own) is not None and (site.id, own) in product.paths


# -- prices ------------------------------------------------------------------------------------------------------------


class _Offer(NamedTuple):
    variant_id: int
    amount: int
    was: int | None


class _Sale(NamedTuple):
    """The offers of a product in one currency; `until` is when one of them may change."""

    offers: tuple[_Offer, ...]
    until: int | None
    available: bool
    low: bool

    @property
    def cheapest(self) -> _Offer:
        return min(self.offers, key=lambda offer: offer.amount)


def _sale(made: Made, product: ProductFact, site_id: int, currency: str, promotions: Promotions, at: int) -> _Sale:
    prices = product.prices.get((site_id, currency), {})
    offers: list[_Offer] = []
    until: int | None = None
    for variant in product.variants:
        price = current(prices.get(variant.id, ()), at)
        until = sooner(until, price.until)
        if price.amount is None:
            continue
        offer, ends = _promoted(
            made, product.id, site_id, _Offer(variant.id, price.amount, price.was), currency, promotions, at
        )
        offers.append(offer)
        until = sooner(until, ends)
    sold = {offer.variant_id for offer in offers}
    levels = [variant.level(site_id) for variant in product.variants if variant.id in sold]
    available, low = together(levels)
    until = sooner(until, *(level.release_at for level in levels))
    return _Sale(tuple(offers), until, available, low)


def _promoted(
    made: Made, product_id: int, site_id: int, offer: _Offer, currency: str, promotions: Promotions, at: int
) -> tuple[_Offer, int | None]:
    query = card_query(product_id, offer.variant_id, Money(offer.amount, currency))
    if not promotions.knows(site_id, query):
        made.unasked.add(product_id)
    answer = promotions.answer(site_id, query)
    if answer is None:
        return offer, None
    ends = None if answer.until is None else clock.micros(answer.until)
    if ends is not None and ends <= at:
        return offer, None
    if answer.amount.amount >= offer.amount:  # Nothing yet, but from `ends` on.
        return offer, ends
    return _Offer(offer.variant_id, answer.amount.amount, offer.amount), ends


# -- words and values --------------------------------------------------------------------------------------------------


def _in_language(
    made: Made,
    product: ProductFact,
    listing: ListingFact,
    site: SiteFact,
    language: str,
    sold: Mapping[str, _Sale],
    places: Mapping[int, int],
    said: Said,
) -> None:
    own = site.languages[0]
    text = best_text(product.texts, site.id, language, own)
    if text is None:
        return
    path = product.paths.get((site.id, language), product.paths[site.id, own])
    made.add(WORDS, product.id, site.id, language, _searchable(product, text))
    for category_id in places:
        made.add(NAME, product.id, site.id, category_id, language, fold(text.name)[:_SORT_NAME])
    picture, swatches = _picture(product, text, language, own), _swatches(product, language, own)
    data = encoded(said.values)
    for currency, sale in sold.items():
        cheapest = sale.cheapest
        made.add(
            CARD,
            product.id,
            site.id,
            language,
            currency,
            sale.offers[0].variant_id if len(product.variants) == 1 else None,
            text.name,
            path,
            shorten(text.summary, _SUMMARY),
            cheapest.amount,
            cheapest.was,
            any(offer.amount > cheapest.amount for offer in sale.offers),
            sooner(sale.until, said.until),
            picture,
            swatches,
            sale.available,
            sale.low,
            product.created_at,
            listing.position,
            data,
        )


def _searchable(product: ProductFact, text: TextFact) -> str:
    """Name and summary, maker and SKUs, folded, one per line, so that a word is not found across two of them."""
    return fold("\n".join([text.name, text.summary, product.vendor, *(variant.sku for variant in product.variants)]))


def _picture(product: ProductFact, text: TextFact, language: str, fallback: str) -> str | None:
    if product.picture is None:
        return None
    return encoded({**product.picture, "alt": spoken(product.picture["alt"], language, fallback) or text.name})


def _swatches(product: ProductFact, language: str, fallback: str) -> str:
    colours = {value.swatch: spoken(value.names, language, fallback) for value in product.values if value.swatch}
    return encoded([{"name": name, "colour": colour} for colour, name in list(colours.items())[:_SWATCHES]])


def _facets(product: ProductFact, sold: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Values of what is sold, and of the product itself; each once."""
    of_variants = {(value.code, value.value) for value in product.values if value.variant_id in sold}
    yield from sorted(of_variants | set(product.attributes))
