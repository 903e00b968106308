"""What a file says about products, in one neutral shape whatever the file's format.

Everywhere None means that the file says nothing about it: what the shop has is left as it is. Empty means empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, field

from core.lib.money import Money


class TextRow(Struct, frozen=True, kw_only=True):
    """The words of a product in one language. `body_html` has been sanitised."""

    language: str
    name: str | None = None
    summary: str | None = None
    body_html: str | None = None
    seo_title: str | None = None
    seo_description: str | None = None


class PictureRow(Struct, frozen=True, kw_only=True):
    """A picture to fetch, or one of this shop's own; `alt` describes it in the site's language."""

    url: str
    alt: str = ""


class PriceRow(Struct, frozen=True, kw_only=True):
    """A price from `starts` until before `ends` (None: without bound); `was` is the price it is compared with."""

    amount: Money
    was: Money | None = None
    starts: datetime | None = None
    ends: datetime | None = None


class VariantRow(Struct, frozen=True, kw_only=True):
    """Something that can be bought. `options` are (name, value) pairs in the product's order.

    `prices` replace all public prices of the site in its currency. `stock` counts pieces and implies that they are
    tracked; `tracked=False` sells without counting. `backorders` allows orders beyond the stock.
    """

    line: int
    sku: str
    options: tuple[tuple[str, str], ...] | None = None
    prices: tuple[PriceRow, ...] | None = None
    tracked: bool | None = None
    stock: int | None = None
    backorders: bool | None = None
    weight_g: int | None = None
    barcode: str | None = None
    needs_delivery: bool | None = None
    active: bool | None = None
    picture: PictureRow | None = None


class ProductRow(Struct, frozen=True, kw_only=True):
    """A product with its variants, whole. `line` is its first line in the file.

    `categories` are paths from the root, by name. `attributes` map a name to its texts. `published` None leaves an
    existing listing as it is and lists a new product, unless `hidden_if_new`.
    """

    line: int
    variants: tuple[VariantRow, ...]
    texts: tuple[TextRow, ...] = ()
    path: str | None = None
    vendor: str | None = None
    tax_class: str | None = None
    returns: str | None = None
    categories: tuple[tuple[str, ...], ...] | None = None
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: tuple[PictureRow, ...] | None = None
    published: bool | None = None
    hidden_if_new: bool = False


class Said(NamedTuple):
    """What went wrong and what to do about it: lazy texts with `%(name)s` places."""

    what: object
    fix: object


class Problem(Struct, frozen=True, kw_only=True):
    """One remark about one cell. A warning leaves the product in; an error keeps the whole product out."""

    line: int
    column: str
    said: Said
    params: Mapping[str, object] = field(default_factory=dict)
    warning: bool = False

    @property
    def what(self) -> str:
        """What is wrong, in the present language."""
        return str(self.said.what) % self.params

    @property
    def fix(self) -> str:
        """What to do about it, in the present language."""
        return str(self.said.fix) % self.params
