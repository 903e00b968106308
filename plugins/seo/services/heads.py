"""The head of a page: title, description, whether it may be listed, and facts that core does not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from core.api import (
    CategoryPage,
    Head,
    ProductPage,
    Site,
    Url,
    cards_for,
    category_tree,
    language,
    now,
)
from plugins.seo.forms.filling import CATEGORY, HOME, NONE, PRODUCT, Words, filled, values_of
from plugins.seo.services import walking
from plugins.seo.services.rules import OwnPage, Rules, read_rules, rules_of

_GTIN = (8, 12, 13, 14)
_ADDRESS = {"street": "streetAddress", "city": "addressLocality", "postcode": "postalCode", "country": "addressCountry"}


def head(site: Site, kind: str, subject: object) -> Head:
    """What the page of `subject` says, in the present language."""
    rules = rules_of(site)
    own = rules.page(kind, getattr(subject, "id", 0))
    title, description = words(site, rules, own, kind, subject, language())
    facts = tuple(_facts(site, rules.shop, subject))
    return Head(title=title, description=description, noindex=own.noindex, json_ld=facts)


def words(site: Site, rules: Rules, own: OwnPage, kind: str, subject: object, tag: str) -> Words:
    """Title and description in a language: the page's own, else those written at the product, else the template's.

    Empty is what core says as it would without this plugin.
    """
    mine, template = own.words.get(tag, NONE), rules.words.get((kind, tag), NONE)
    written = (getattr(subject, "seo_title", ""), getattr(subject, "seo_description", ""))
    title, description = (mine[at] or ("" if written[at] else template[at]) for at in range(len(NONE)))
    if not title and not description:
        return title, description
    values = values_of(site, subject)
    return filled(title, values), filled(description, values)


# -- facts -------------------------------------------------------------------------------------------------------------


def _facts(site: Site, shop: Mapping[str, Any], subject: object) -> Iterator[dict[str, Any]]:
    if subject is None and (organisation := _organisation(site, shop)):
        yield {"@type": "Organization", **organisation}
    if isinstance(subject, ProductPage) and (more := _product(subject)):
        yield {"@type": "Product", **more}


def _organisation(site: Site, shop: Mapping[str, Any]) -> dict[str, Any]:
    """What the merchant wrote of the shop; nothing where nothing is written."""
    said: dict[str, Any] = {
        name: shop[key]
        for key, name in (("legal_name", "legalName"), ("phone", "telephone"), ("vat", "vatID"), ("email", "email"))
        if shop.get(key)
    }
    if shop.get("logo"):
        said["logo"] = shop["logo"] if "://" in shop["logo"] else site.origin + shop["logo"]
    if links := shop.get("links"):
        said["sameAs"] = links
    if address := {name: shop[key] for key, name in _ADDRESS.items() if shop.get(key)}:
        said["address"] = {"@type": "PostalAddress", **address}
    return said


def _product(page: ProductPage) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if len(page.variants) == 1 and is_gtin(page.variants[0].barcode):
        said["gtin"] = page.variants[0].barcode
    if page.crumbs:
        said["category"] = " > ".join(crumb.name for crumb in page.crumbs)
    return said


def is_gtin(code: str) -> bool:
    """Whether a barcode is a GTIN: 8, 12, 13 or 14 digits, the last of which checks the others (GS1)."""
    if len(code) not in _GTIN or not (code.isascii() and code.isdigit()):
        return False
    weighed = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(code)))
    return weighed % 10 == 0


# -- the sitemap -------------------------------------------------------------------------------------------------------


def unlisted(site: Site) -> list[Url]:
    """The pages that search engines shall not list, so that the sitemap leaves them out."""
    hidden = [key for key, page in read_rules(site).pages.items() if page.noindex]
    product_ids = [object_id for kind, object_id in hidden if kind == PRODUCT]
    category_ids = {object_id for kind, object_id in hidden if kind == CATEGORY}
    paths: list[str] = []
    for tag in site.languages if hidden else ():
        prefix = "" if tag == site.language else f"/{tag.lower()}"
        cards = cards_for(site, tag, site.currency, product_ids) if product_ids else {}
        paths += [f"{prefix}/p/{quote(card.path)}" for card in cards.values()]
        nodes = walking.nodes(category_tree(site, tag, site.currency)) if category_ids else ()
        paths += [f"{prefix}/c/{quote(node.path)}" for node in nodes if node.id in category_ids]
    return [Url(path=path, changed=now(), listed=False) for path in paths]


def shown_kind(subject: object) -> str:
    """The kind of page that a subject has."""
    return PRODUCT if isinstance(subject, ProductPage) else CATEGORY if isinstance(subject, CategoryPage) else HOME
