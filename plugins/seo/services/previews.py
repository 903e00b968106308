"""How a page stands among a search engine's results, for the forms that change it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from core.api import (
    CategoryPage,
    ListingQuery,
    ProductPage,
    Site,
    Sort,
    cards_for,
    cards_only,
    category_page,
    category_tree,
    language,
    link,
    named_products,
    plain,
    product_page,
    shorten,
    speaking,
)
from plugins.seo.forms.filling import CATEGORY, DESCRIPTION_WIDTH, HOME, KINDS, PRODUCT, TITLE_WIDTH, width
from plugins.seo.services import walking
from plugins.seo.services.heads import words
from plugins.seo.services.rules import OwnPage, Rules, read_rules


class Result(Struct, frozen=True, kw_only=True):
    """A page in a language as it would stand in a list of results, with how much room its words take."""

    language: str
    title: str
    description: str
    address: str

    @property
    def title_width(self) -> int:
        return width(self.title)

    @property
    def description_width(self) -> int:
        return width(self.description)

    @property
    def is_long(self) -> bool:
        return self.title_width > TITLE_WIDTH or self.description_width > DESCRIPTION_WIDTH


def result(site: Site, rules: Rules, own: OwnPage, subject: object, tag: str) -> Result:
    """The result of one page."""
    kind = PRODUCT if isinstance(subject, ProductPage) else CATEGORY if isinstance(subject, CategoryPage) else HOME
    with speaking(tag, site.timezone):
        title, description = words(site, rules, own, kind, subject, tag)
    if isinstance(subject, ProductPage | CategoryPage):
        title = title or f"{subject.seo_title or subject.name} · {site.name}"
        said = [getattr(subject, "summary", ""), plain(subject.body_html)]
        description = (
            description or subject.seo_description or shorten(". ".join(filter(None, said)), DESCRIPTION_WIDTH)
        )
        address = link(site, f"storefront.{kind}", language=tag, path=subject.path)
    else:
        title, address = title or site.name, link(site, "storefront.home", language=tag)
    return Result(language=tag, title=title, description=description, address=address)


def samples(site: Site, rules: Rules) -> dict[tuple[str, str], Result]:
    """For each kind of page and language one page as an example: the newest product, the first category."""
    found = {}
    for tag in site.languages:
        for kind in KINDS:
            subject = _sample(site, kind, tag)
            if subject is not None or kind == HOME:
                own = rules.page(kind, getattr(subject, "id", 0))
                found[kind, tag] = result(site, rules, own, subject, tag)
    return found


def _sample(site: Site, kind: str, tag: str) -> object:
    if kind == CATEGORY:
        return next(walking.categories(site, tag), None)
    if kind == PRODUCT:
        newest = cards_only(site, tag, site.currency, ListingQuery(sort=Sort.NEWEST, limit=1))
        return product_page(site, tag, site.currency, newest[0].path) if newest else None
    return None


def section(site: Site, kind: str, object_id: int) -> dict[str, Any]:
    """What the card on a product's or category's page in the panel shows; two statements."""
    own = read_rules(site).page(kind, object_id)
    return {"kind": kind, "texts": own.words, "noindex": own.noindex, "errors": {}}


def results(site: Site, kind: str, object_id: int) -> list[Result]:
    """A page that the site shows as it stands among results, in each language; empty for one that it does not show."""
    rules = read_rules(site)
    own = rules.page(kind, object_id)
    subjects = [(tag, _subject(site, kind, object_id, tag)) for tag in site.languages]
    return [result(site, rules, own, subject, tag) for tag, subject in subjects if subject is not None]


def _subject(site: Site, kind: str, object_id: int, tag: str) -> object:
    if kind == PRODUCT:
        card = cards_for(site, tag, site.currency, [object_id]).get(object_id)
        page: object = product_page(site, tag, site.currency, card.path) if card is not None else None
        return page if isinstance(page, ProductPage) else None
    tree = category_tree(site, tag, site.currency)
    node = next((node for node in walking.nodes(tree) if node.id == object_id), None)
    page = category_page(site, tag, site.currency, node.path, tree) if node is not None else None
    return page if isinstance(page, CategoryPage) else None


def name_of(site: Site, kind: str, object_id: int) -> str | None:
    """What the staff call it; None for what is not there."""
    if kind == PRODUCT:
        named = named_products(site, language(), [object_id]).get(object_id)
        return named.name if named is not None else None
    tree = category_tree(site, language(), site.currency)
    return next((node.name for node in walking.nodes(tree) if node.id == object_id), None)
