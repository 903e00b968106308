"""What every page of the shop shows around its content: the tree of categories, and the way to other languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import g, url_for
from msgspec import Struct

from core.catalogue.services.category_pages import category_tree
from core.catalogue.services.shapes import CategoryNode
from core.kernel import i18n, previews
from core.kernel.kept import kept
from core.kernel.messages import sends_messages
from core.kernel.outside import in_language
from core.kernel.respond import absolute, currency
from core.kernel.sites import current


class LanguageLink(Struct, frozen=True, kw_only=True):
    """A language of the site: its tag, its own name, and where to go for it."""

    tag: str
    name: str
    url: str
    current: bool


def menu() -> tuple[CategoryNode, ...]:
    """The visible categories of this site.

    Kept until a category or what stands in it changes: then the tree costs no statement.
    """
    site, language, priced_in = current().site, i18n.language(), currency()
    return kept("categories", lambda: category_tree(site, language, priced_in), language, priced_in)


def languages(alternates: Mapping[str, str] | None = None) -> tuple[LanguageLink, ...]:
    """The languages of this site.

    `alternates` maps tags to the address of this page in them; without one it is the start page.
    """
    site, spoken, known = current().site, i18n.language(), alternates or {}
    return tuple(
        LanguageLink(
            tag=tag,
            name=i18n.language_name(tag),
            url=previews.within(known.get(tag) or in_language(site, tag, "/"), site.origin),
            current=tag == spoken,
        )
        for tag in site.languages
    )


def alternates(prefix: str, paths: Mapping[str, str]) -> dict[str, str]:
    """Absolute addresses of one page per language, for hreflang, from its paths below `prefix`.

    Empty where there is only one language.
    """
    site = current().site
    found = {
        tag: absolute(in_language(site, tag, prefix + quote(path)))
        for tag, path in paths.items()
        if tag in site.languages
    }
    return found if len(found) > 1 else {}


def product_url(path: str) -> str:
    """`url_for` of a product without its price: a list asks for dozens."""
    return _base("storefront.product") + quote(path)


def category_url(path: str) -> str:
    """`url_for` of a category without its price: every page asks for dozens."""
    return _base("storefront.category") + quote(path)


def _base(endpoint: str) -> str:
    """What stands before the path, worked out once per request."""
    bases: dict[str, str] = g.setdefault("bases", {})
    if endpoint not in bases:
        bases[endpoint] = url_for(endpoint, path="-").removesuffix("-")
    return bases[endpoint]


def sends_mail() -> bool:
    """Whether a plugin carries messages to shoppers; where none does, pages must not promise any."""
    return sends_messages(current())


NAMES: dict[str, Any] = {
    "sends_mail": sends_mail,
    "menu": menu,
    "languages": languages,
    "product_url": product_url,
    "category_url": category_url,
}
