"""Products, categories and lists of them."""

from __future__ import annotations

from datetime import datetime

from plugins.api.services.shapes.base import Money, Shown


class Picture(Shown, frozen=True, kw_only=True):
    """A picture at about 1,200 pixels; `width` and `height` are those of the original."""

    url: str
    width: int
    height: int
    alt: str


class Card(Shown, frozen=True, kw_only=True):
    """A product in a list. `from_price`: some variant costs more. `variant_id`: set if there is nothing to choose."""

    id: int
    name: str
    path: str
    url: str
    summary: str
    price: Money
    was: Money | None
    from_price: bool
    available: bool
    variant_id: int | None
    picture: Picture | None
    created_at: datetime


class FacetValue(Shown, frozen=True, kw_only=True):
    """A value to filter by, and how many products have it."""

    value: str
    name: str
    count: int


class Facet(Shown, frozen=True, kw_only=True):
    """A facet with its values: `filter=<code>:<value>`."""

    code: str
    name: str
    values: tuple[FacetValue, ...]


class ProductList(Shown, frozen=True, kw_only=True):
    """A page of products. `total` counts all pages; `next` and `previous` are cursors, empty at the ends."""

    items: tuple[Card, ...]
    total: int
    facets: tuple[Facet, ...]
    next: str
    previous: str


class SearchResult(ProductList, frozen=True, kw_only=True):
    """What a search finds. `suggestion` is a spelling that finds more."""

    suggestion: str


class OptionValue(Shown, frozen=True, kw_only=True):
    """A value that can be chosen; `colour` is #rrggbb or empty."""

    id: int
    code: str
    name: str
    colour: str


class Option(Shown, frozen=True, kw_only=True):
    """A choice to make."""

    id: int
    code: str
    name: str
    values: tuple[OptionValue, ...]


class Tier(Shown, frozen=True, kw_only=True):
    """The price of each of at least `from_quantity`."""

    from_quantity: int
    price: Money


class Variant(Shown, frozen=True, kw_only=True):
    """What is bought. `price` null: not sold in this currency. `stock`: available, low or out."""

    id: int
    sku: str
    barcode: str
    price: Money | None
    list_price: Money | None
    was: Money | None
    tiers: tuple[Tier, ...]
    stock: str
    value_ids: tuple[int, ...]
    weight_g: int
    needs_delivery: bool


class Fact(Shown, frozen=True, kw_only=True):
    """An attribute in words."""

    code: str
    name: str
    values: tuple[str, ...]


class Step(Shown, frozen=True, kw_only=True):
    """A category on the way to a product or category, from the top."""

    id: int
    name: str
    path: str


class Product(Shown, frozen=True, kw_only=True):
    """All that the product's page says."""

    id: int
    name: str
    path: str
    url: str
    language: str
    summary: str
    body_html: str
    vendor: str
    options: tuple[Option, ...]
    variants: tuple[Variant, ...]
    pictures: tuple[Picture, ...]
    facts: tuple[Fact, ...]
    categories: tuple[Step, ...]
    created_at: datetime
    updated_at: datetime


class CategoryNode(Shown, frozen=True, kw_only=True):
    """A category with those below it; `count` is of products, below included."""

    id: int
    code: str
    name: str
    path: str
    url: str
    count: int
    children: tuple[CategoryNode, ...]


class CategoryTree(Shown, frozen=True, kw_only=True):
    """The top categories."""

    items: tuple[CategoryNode, ...]


class Category(Shown, frozen=True, kw_only=True):
    """A category's own words. `above` leads to it from the top."""

    id: int
    name: str
    path: str
    url: str
    language: str
    body_html: str
    picture: Picture | None
    above: tuple[Step, ...]
    children: tuple[CategoryNode, ...]
