"""Goods as markets take them: one item per variant, and why a market would refuse it.

The fields are those of Google's product data specification and of Meta's catalogue fields; so are the limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from core.api import Picture, ProductPage, ShownVariant, Site, link, media_url, plain, shorten
from plugins.seo.forms.filling import PRODUCT
from plugins.seo.services.finding import GOOGLE, META, Findings, Found
from plugins.seo.services.heads import is_gtin

LONGEST_ID, LONGEST_DESCRIPTION = 50, 5000
LONGEST_TITLE = {GOOGLE: 150, META: 200}
SMALLEST_PICTURE = {GOOGLE: 100, META: 500}
REFUSED = ("no_price", "no_picture", "small_picture", "no_text", "long_id")
WARNED = ("no_brand", "no_gtin", "wrong_gtin", "long_title")
CODES = (*REFUSED, *WARNED)
COLOURS, SIZES = {"colour", "color", "farbe"}, {"size", "groesse", "grosse"}
_MOST_PICTURES = 10


class Good(Struct, frozen=True, kw_only=True):
    """One variant with all that a market may ask for. Empty is what the shop does not know."""

    id: str
    group: str
    title: str
    description: str
    link: str
    pictures: tuple[Picture, ...]
    is_available: bool
    price: str
    sale_price: str
    brand: str
    gtin: str
    type: str
    colour: str
    size: str
    weight_g: int
    barcode: str


def goods(site: Site, page: ProductPage, tag: str, currency: str = "") -> Iterator[Good]:
    """The variants of a product, as this site sells them in its first currency; those without a price too.

    With a further `currency`, in which `page` was read, those that have a price in it; their pages open in it.
    """
    asked = {"currency": currency} if currency and currency != site.currency else {}
    is_many = len(page.variants) > 1
    for variant in page.variants:
        if asked and variant.price is None:
            continue
        chosen = _chosen(page, variant)
        query = asked | ({"v": variant.sku} if is_many else {})
        full = variant.was if variant.was is not None and variant.price and variant.was > variant.price else None
        yield Good(
            id=variant.sku,
            group=str(page.id) if is_many else "",
            title=" – ".join([page.name, *chosen.values()]),
            description=_description(page),
            link=link(site, "storefront.product", language=tag, path=page.path, **query),
            pictures=_pictures(page, variant),
            is_available=variant.can_be_bought,
            price=_money(full or variant.price),
            sale_price=_money(variant.price) if full else "",
            brand=page.vendor,
            gtin=variant.barcode if is_gtin(variant.barcode) else "",
            type=" > ".join(crumb.name for crumb in page.crumbs),
            colour=next((value for code, value in chosen.items() if code in COLOURS), ""),
            size=next((value for code, value in chosen.items() if code in SIZES), ""),
            weight_g=variant.weight_g if variant.needs_delivery else 0,
            barcode=variant.barcode,
        )


def _chosen(page: ProductPage, variant: ShownVariant) -> dict[str, str]:
    """What was chosen to get this variant: the option's code to the value in words."""
    chosen = {}
    for option, value_id in zip(page.options, variant.value_ids, strict=False):
        name = next((value.name for value in option.values if value.id == value_id), "")
        if name:
            chosen[option.code.lower()] = name
    return chosen


def _description(page: ProductPage) -> str:
    return shorten(plain(page.body_html) or page.summary, LONGEST_DESCRIPTION)


def _pictures(page: ProductPage, variant: ShownVariant) -> tuple[Picture, ...]:
    """The variant's picture first, then the product's."""
    return tuple(sorted(page.pictures, key=lambda picture: picture.media_id != variant.media_id))[: _MOST_PICTURES + 1]


def _money(amount: Any) -> str:
    return f"{amount.decimal} {amount.currency}" if amount is not None else ""


def picture_address(site: Site, picture: Picture) -> str:
    """The address of a picture in its largest size."""
    return site.origin + media_url(picture.name, 1600)


def problems(good: Good, market: str) -> list[str]:
    """The codes of what is wrong with an item for this market; those in REFUSED keep it out of the file."""
    found = []
    if not good.price or good.price.split()[0].strip("0.") == "":
        found.append("no_price")
    if not good.pictures:
        found.append("no_picture")
    elif min(good.pictures[0].width, good.pictures[0].height) < SMALLEST_PICTURE[market]:
        found.append("small_picture")
    if not good.description:
        found.append("no_text")
    if len(good.id) > LONGEST_ID:
        found.append("long_id")
    if not good.brand:
        found.append("no_brand")
    if good.barcode and not good.gtin:
        found.append("wrong_gtin")
    elif not good.gtin:
        found.append("no_gtin")
    if len(good.title) > LONGEST_TITLE[market]:
        found.append("long_title")
    return found


def is_taken(good: Good, market: str, findings: Findings, page: ProductPage, tag: str) -> bool:
    """Note what is wrong with an item; whether it goes into the file all the same."""
    wrong = problems(good, market)
    for code in wrong:
        findings.add(Found(code=code, kind=PRODUCT, object_id=page.id, language=tag, name=good.title, detail=good.id))
    return not set(wrong) & set(REFUSED)


# -- as a market writes them -------------------------------------------------------------------------------------------


def google(site: Site, good: Good, options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The elements of an item in Google's namespace, in order."""
    pictures = [picture_address(site, picture) for picture in good.pictures]
    said = [
        ("id", good.id),
        ("title", shorten(good.title, LONGEST_TITLE[GOOGLE])),
        ("description", good.description),
        ("link", good.link),
        ("image_link", pictures[0]),
        *(("additional_image_link", address) for address in pictures[1:]),
        ("availability", "in_stock" if good.is_available else "out_of_stock"),
        ("price", good.price),
        ("sale_price", good.sale_price),
        ("condition", str(options.get("condition") or "new")),
        ("brand", good.brand),
        ("gtin", good.gtin),
        ("mpn", good.id if good.brand and not good.gtin else ""),
        ("identifier_exists", "" if good.gtin or good.brand else "no"),
        ("google_product_category", str(options.get("category") or "")),
        ("product_type", good.type[:750]),
        ("item_group_id", good.group),
        ("color", good.colour),
        ("size", good.size),
        ("shipping_weight", f"{good.weight_g} g" if good.weight_g else ""),
    ]
    return [(name, text) for name, text in said if text]


META_COLUMNS = (
    "id",
    "title",
    "description",
    "availability",
    "condition",
    "price",
    "sale_price",
    "link",
    "image_link",
    "additional_image_link",
    "brand",
    "gtin",
    "mpn",
    "item_group_id",
    "google_product_category",
    "product_type",
    "color",
    "size",
)


def meta(site: Site, good: Good, options: Mapping[str, Any]) -> list[str]:
    """The cells of an item in the order of META_COLUMNS."""
    pictures = [picture_address(site, picture) for picture in good.pictures]
    said = {
        **dict(google(site, good, options)),
        "title": shorten(good.title, LONGEST_TITLE[META]),
        "availability": "in stock" if good.is_available else "out of stock",
        "additional_image_link": ",".join(pictures[1:]),
        "mpn": "" if good.gtin else good.id,
    }
    return [said.get(column, "") for column in META_COLUMNS]
