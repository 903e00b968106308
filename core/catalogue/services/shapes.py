"""What the catalogue hands to pages, carts and feeds.

Frozen, in one language and one currency, without a database row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from core.kernel.i18n import gettext as _
from core.lib.money import Money

LOW_STOCK = 5  # At most this many left is worth saying.


class Stock(StrEnum):
    """How much of a variant can be sold, in one word."""

    AVAILABLE = "available"
    LOW = "low"
    OUT = "out"


class Picture(Struct, frozen=True, kw_only=True):
    """A stored picture; `name` is what `kernel.files` makes addresses from.

    The focal point in hundredths of its size.
    """

    name: str
    mime: str
    width: int
    height: int
    alt: str = ""
    focal_x: int = 50
    focal_y: int = 50
    media_id: int = 0


class Swatch(Struct, frozen=True, kw_only=True):
    """A colour that a product comes in. `colour` is #rrggbb."""

    name: str
    colour: str


class Rating(Struct, frozen=True, kw_only=True):
    """Stars, of five, and how many people gave them."""

    mean: float
    count: int


class ShownCard(Struct, frozen=True, kw_only=True):
    """A product in a list. `path` goes after /p/. `from_price`: some variant costs more than `price`.

    `variant_id` is set when there is nothing to choose, so that it can be added at once. The list ends at `until`.
    `data` is what the plugins that are on say of it, by their names; `rating` stands in it too.
    """

    product_id: int
    name: str
    path: str
    summary: str
    price: Money
    was: Money | None
    from_price: bool
    until: datetime | None
    picture: Picture | None
    swatches: tuple[Swatch, ...]
    available: bool
    low: bool
    variant_id: int | None
    created_at: datetime
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rating: Rating | None = None

    def __hash__(self) -> int:
        """Of what tells cards apart: a list looks up dozens."""
        return hash((self.product_id, self.price.amount))


class Moved(Struct, frozen=True, kw_only=True):
    """The address was this thing's once; `path` is its present one."""

    path: str


class Crumb(Struct, frozen=True, kw_only=True):
    """A step above a page, from the top category down. `path` goes after /c/."""

    category_id: int
    name: str
    path: str


# -- a product's page --------------------------------------------------------------------------------------------------


class OptionChoice(Struct, frozen=True, kw_only=True):
    """A value that can be chosen. `colour` is #rrggbb or empty."""

    id: int
    code: str
    name: str
    colour: str


class Option(Struct, frozen=True, kw_only=True):
    """A choice to make, with its values in order."""

    id: int
    code: str
    name: str
    values: tuple[OptionChoice, ...]


class PriceTier(Struct, frozen=True, kw_only=True):
    """`amount` for each of at least `from_qty`."""

    from_qty: int
    amount: Money


class PartOfKit(Struct, frozen=True, kw_only=True):
    """What is in a kit, and how many pieces of it."""

    variant_id: int
    sku: str
    name: str
    quantity: int


class ShownVariant(Struct, frozen=True, kw_only=True):
    """What can be bought. `price` None: not sold in this currency. `left` None: not counted.

    `list_price` is the public price, `price` what is asked now; `value_ids` are in the order of the options. `there` of
    those `left` can leave now, the others from `promised_at` on; before `release_at` none does. `parts` are a kit's.
    """

    id: int
    sku: str
    barcode: str
    price: Money | None
    list_price: Money | None
    was: Money | None
    tiers: tuple[PriceTier, ...]
    stock: Stock
    left: int | None
    value_ids: tuple[int, ...]
    media_id: int | None
    weight_g: int
    needs_delivery: bool
    there: int | None = None
    promised_at: datetime | None = None
    release_at: datetime | None = None
    parts: tuple[PartOfKit, ...] = ()

    @property
    def is_backorder(self) -> bool:
        """Whether even one piece is not there yet, but can be ordered."""
        return self.can_be_bought and self.release_at is None and self.there is not None and self.there <= 0

    @property
    def can_be_bought(self) -> bool:
        return self.price is not None and self.stock is not Stock.OUT


class Fact(Struct, frozen=True, kw_only=True):
    """An attribute as shown: its name and its values in words."""

    code: str
    name: str
    values: tuple[str, ...]


class ProductPage(Struct, frozen=True, kw_only=True):
    """All that a product's page says. `text_language` differs from the page's where the words fell back to another.

    `crumbs` lead to its first visible category. `alternates` maps languages to paths. It ends at `until`.
    `returns` is what holds for sending it back (of `services.returns`). `data` is what plugins say of it, by their
    names; `rating` stands in it too. `shown` is the id of the variant that the page was asked for, or else begins with.
    """

    id: int
    version: int
    path: str
    name: str
    summary: str
    body_html: str
    seo_title: str
    seo_description: str
    text_language: str
    vendor: str
    tax_class: str
    options: tuple[Option, ...]
    variants: tuple[ShownVariant, ...]
    pictures: tuple[Picture, ...]
    facts: tuple[Fact, ...]
    crumbs: tuple[Crumb, ...]
    category_ids: frozenset[int]
    alternates: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    until: datetime | None
    returns: str = ""
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rating: Rating | None = None
    shown: int | None = None

    def variant(self, variant_id: int) -> ShownVariant | None:
        """The variant of this id."""
        return next((variant for variant in self.variants if variant.id == variant_id), None)

    def variant_with(self, value_ids: frozenset[int]) -> ShownVariant | None:
        """The variant that has exactly these values."""
        return next((variant for variant in self.variants if frozenset(variant.value_ids) == value_ids), None)

    @property
    def first(self) -> ShownVariant | None:
        """The variant to show before a choice: the first that can be bought, else the first."""
        return next(
            (variant for variant in self.variants if variant.can_be_bought), self.variants[0] if self.variants else None
        )


# -- lists -------------------------------------------------------------------------------------------------------------


class Sort(StrEnum):
    """Orders of a list. RELEVANCE is the order of a search's ids; RATING is there where a plugin gives stars."""

    FEATURED = "featured"
    NEWEST = "newest"
    CHEAPEST = "price"
    DEAREST = "-price"
    NAME = "name"
    RATING = "rating"
    RELEVANCE = "relevance"


class ListingQuery(Struct, frozen=True, kw_only=True):
    """What a shopper asks of a list. `category_id` None: all products of the site.

    `filters` maps a facet's code to values: any of them (OR), all facets (AND). Prices are minor units of the currency.
    `after` and `before` are cursors of a Listing; one that cannot be read means the beginning.
    """

    category_id: int | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price_min: int | None = None
    price_max: int | None = None
    in_stock: bool = False
    sort: Sort = Sort.FEATURED
    after: str = ""
    before: str = ""
    limit: int = 24

    @property
    def is_narrowed(self) -> bool:
        return bool(
            any(self.filters.values()) or self.in_stock or self.price_min is not None or self.price_max is not None
        )


class FacetValue(Struct, frozen=True, kw_only=True):
    """A value to filter by, how many products have it under all other choices, and whether it is chosen."""

    value: str
    name: str
    colour: str
    count: int
    chosen: bool


class Facet(Struct, frozen=True, kw_only=True):
    """A facet with its values, in their order or the most frequent first."""

    code: str
    name: str
    values: tuple[FacetValue, ...]


class Chip(Struct, frozen=True, kw_only=True):
    """A choice that can be taken back. `code` is a facet's, or `price` or `in_stock` with empty `value`."""

    code: str
    value: str
    name: str


class Nearest(Struct, frozen=True, kw_only=True):
    """A choice to give up where a list leaves nothing, and how many products it shows then."""

    chip: Chip
    total: int


class Listing(Struct, frozen=True, kw_only=True):
    """One page of a list. `total` counts all pages. Prices span what the other choices leave; None if nothing is left.

    `available` counts products in stock under the other choices. `next` and `previous` are cursors, empty at the ends.
    `rated`: stars were given on this site, so that the list can be sorted by them. `bars` count the products in equal
    steps from the lowest price to the highest, whatever price is chosen; none of a very long list. `nearest` is there
    where nothing is left, with some goods of the first.
    """

    cards: tuple[ShownCard, ...]
    total: int
    facets: tuple[Facet, ...]
    available: int
    price_min: Money | None
    price_max: Money | None
    chips: tuple[Chip, ...]
    next: str
    previous: str
    until: datetime | None
    rated: bool = False
    bars: tuple[int, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    nearest_cards: tuple[ShownCard, ...] = ()


# -- categories --------------------------------------------------------------------------------------------------------


class CategoryNode(Struct, frozen=True, kw_only=True):
    """A visible category with those below it. `count` is of products sold in the currency asked for, below included."""

    id: int
    code: str
    name: str
    path: str
    count: int
    picture: Picture | None
    children: tuple[CategoryNode, ...]


class SearchPage(Struct, frozen=True, kw_only=True):
    """What a page of results is about. `narrowed`: by filters, sorted, or not its first page."""

    words: str
    total: int
    narrowed: bool = False


class CategoryPage(Struct, frozen=True, kw_only=True):
    """All that a category's page says beside its list. `crumbs` are those above it."""

    id: int
    path: str
    name: str
    body_html: str
    seo_title: str
    seo_description: str
    text_language: str
    picture: Picture | None
    crumbs: tuple[Crumb, ...]
    children: tuple[CategoryNode, ...]
    alternates: Mapping[str, str]


class Home(Struct, frozen=True, kw_only=True):
    """What a site's first page shows of the catalogue."""

    newest: tuple[ShownCard, ...]
    categories: tuple[CategoryNode, ...]
    until: datetime | None


# -- carts -------------------------------------------------------------------------------------------------------------


class CartVariant(Struct, frozen=True, kw_only=True):
    """What a cart line needs of its variant. `price` None: no longer sold here, and `left` None: not counted.

    `tiers` hold list prices per quantity, lowest quantity first; `unit(quantity)` picks. `choices` are (option,
    value) in words. `returns` is what holds for sending it back (of `services.returns`). `supply` (of
    `stock_levels`) is what one unit takes from stock, and how much of that there is.
    """

    id: int
    product_id: int
    sku: str
    name: str
    path: str
    choices: tuple[tuple[str, str], ...]
    picture: Picture | None
    price: Money | None
    was: Money | None
    tiers: tuple[PriceTier, ...]
    stock: Stock
    left: int | None
    tax_class: str
    weight_g: int
    needs_delivery: bool
    category_ids: frozenset[int]
    until: datetime | None
    returns: str = ""
    supply: tuple[Any, ...] = ()
    parts: tuple[PartOfKit, ...] = ()

    @property
    def title(self) -> str:
        """The name with what was chosen of it, as a line of an order is called."""
        choices = " / ".join(value for _option, value in self.choices)
        return _("%(name)s, %(choices)s", name=self.name, choices=choices) if choices else self.name

    def unit(self, quantity: int) -> Money | None:
        """The list price of one of `quantity`."""
        fitting = [tier.amount for tier in self.tiers if tier.from_qty <= quantity]
        return min(fitting, key=lambda money: money.amount) if fitting else self.price


JSON = dict[str, Any]
