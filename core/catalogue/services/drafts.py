"""How a product should be: what the panel, an import and the seed hand to `save_product`.

Everywhere None means: leave it as it is, or take the default if the product is new. Empty means empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from core.lib.money import Money


class TextDraft(Struct, frozen=True, kw_only=True):
    """Words in one language. `body_html` must be sanitised already (`core.lib.text.clean_html`)."""

    name: str | None = None
    summary: str | None = None
    body_html: str | None = None
    seo_title: str | None = None
    seo_description: str | None = None


class ValueDraft(Struct, frozen=True, kw_only=True):
    """A value of an option or attribute: a code that is the same in every language, and words per language.

    Without a code it is made from the first of the words. `number` is for attributes of kind number. `place` is where a
    value of an option stands among the others; None: where the order of the drafts has it, or as it is.
    """

    names: Mapping[str, str]
    code: str = ""
    swatch: str = ""
    number: float | None = None
    place: int | None = None


class OptionDraft(Struct, frozen=True, kw_only=True):
    """A choice to make, with its values in order."""

    names: Mapping[str, str]
    values: tuple[ValueDraft, ...]
    code: str = ""


class AttributeDraft(Struct, frozen=True, kw_only=True):
    """What is said of a product. An attribute of an unknown code is created with `names`, `kind` and `filterable`."""

    code: str
    values: tuple[ValueDraft, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    kind: str = "text"
    filterable: bool = False


class PriceDraft(Struct, frozen=True, kw_only=True):
    """A price on one site, from `starts` until before `ends`. `was` must be higher than `amount`."""

    amount: Money
    was: Money | None = None
    from_qty: int = 1
    starts: datetime | None = None
    ends: datetime | None = None


class VariantDraft(Struct, frozen=True, kw_only=True):
    """Something to buy, found by `id` or else by SKU.

    `values` maps option codes to value codes. `prices` are all public prices on the site of the save in the
    currencies that occur in them, with `every_currency` in all of them; an empty tuple takes all of them away. `stock`
    counts what is there at the first location.
    """

    sku: str
    id: int | None = None
    values: Mapping[str, str] | None = None
    prices: tuple[PriceDraft, ...] | None = None
    every_currency: bool = False
    tracked: bool | None = None
    stock: int | None = None
    backorder_limit: int | None = None
    weight_g: int | None = None
    barcode: str | None = None
    needs_delivery: bool | None = None
    active: bool | None = None
    media_id: int | None = None


class ListingDraft(Struct, frozen=True, kw_only=True):
    """Where the product stands on the site of the save. `paths` maps languages to wanted addresses below /p/.

    With `bounds` an instant that is None means: without bound.
    """

    visible: bool | None = None
    position: int | None = None
    publish_at: datetime | None = None
    withdraw_at: datetime | None = None
    bounds: bool = False
    paths: Mapping[str, str] = field(default_factory=dict)


class ProductDraft(Struct, frozen=True, kw_only=True):
    """A product with its variants: found by `id`, else by the SKUs of its variants, else new.

    `texts` maps languages to words; `site_texts` are this site's own words instead, where empty means: as on all sites.
    `drop_languages` are those whose words for all sites go: shoppers read another language then.
    `version` is the one that was edited: if another edit came between, nothing is stored. With `whole` variants,
    options and attributes that are not named go; without it they stay, and `variants` are added or changed. `reason`
    stands beside the moves of stock.
    """

    id: int | None = None
    version: int | None = None
    returns: str | None = None
    vendor: str | None = None
    tax_class: str | None = None
    texts: Mapping[str, TextDraft] = field(default_factory=dict)
    site_texts: Mapping[str, TextDraft] = field(default_factory=dict)
    drop_languages: tuple[str, ...] = ()
    options: tuple[OptionDraft, ...] | None = None
    variants: tuple[VariantDraft, ...] | None = None
    attributes: tuple[AttributeDraft, ...] | None = None
    category_ids: tuple[int, ...] | None = None
    media_ids: tuple[int, ...] | None = None
    listing: ListingDraft | None = None
    whole: bool = True
    reason: str = ""
