"""Templates of titles and descriptions: variables filled in, and how long the result is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from core.api import CategoryPage, ProductPage, Site, closest, money, plain, shorten

TITLE_WIDTH, DESCRIPTION_WIDTH = 60, 160
"""About what search engines show, in letters; a Chinese character takes the room of two."""
HOME, CATEGORY, PRODUCT = "home", "category", "product"
Words = tuple[str, str]
"""A title and a description; empty is what nobody wrote."""
NONE: Words = ("", "")
KINDS = (HOME, CATEGORY, PRODUCT)
VARIABLES: Mapping[str, tuple[str, ...]] = {
    HOME: ("site",),
    CATEGORY: ("name", "site", "parent", "text"),
    PRODUCT: ("name", "site", "brand", "category", "price", "sku", "summary", "text"),
}
_PART = re.compile(r"\[([^\[\]]*)\]")
_VARIABLE = re.compile(r"\{(\w*)\}")
# What is left when a variable in the middle or at an end says nothing.
_DOUBLED = re.compile(r"(\s*[|·–—:,/-]\s*){2,}")
_DANGLING = re.compile(r"^[\s|·–—:,/-]+|[\s|·–—:,/-]+$")
_LONGEST_TEXT = 300


def width(text: str) -> int:
    """How much room a text takes: one for a letter, two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def unknown_variable(kind: str, template: str) -> tuple[str, str]:
    """(the first variable that pages of this kind do not have, the nearest one that they have), both empty if all are.

    The nearest may be empty.
    """
    for name in _VARIABLE.findall(template):
        if name not in VARIABLES[kind]:
            return name or "{}", closest(name, [(known, 1) for known in VARIABLES[kind]])
    return "", ""


def filled(template: str, values: Mapping[str, str]) -> str:
    """The text with its variables. A [part in brackets] goes with its variable; so do separators beside it."""
    template = _PART.sub(lambda found: found[1] if _says(found[1], values) else "{}", template)
    text = " ".join(_VARIABLE.sub(lambda found: values.get(found[1], ""), template).split())
    if not _says(template, values):
        text = _DANGLING.sub("", _DOUBLED.sub(lambda found: f" {found[0].split()[0]} ", text))
    return text


def _says(template: str, values: Mapping[str, str]) -> bool:
    """Whether each of its variables says something."""
    return all(values.get(name) for name in _VARIABLE.findall(template))


def values_of(site: Site, subject: object) -> dict[str, str]:
    """What the variables say on the page of `subject`."""
    values = {"site": site.name}
    if isinstance(subject, ProductPage):
        first = subject.first
        return values | {
            "name": subject.name,
            "brand": subject.vendor,
            "category": subject.crumbs[-1].name if subject.crumbs else "",
            "price": money(first.price) if first is not None and first.price is not None else "",
            "sku": first.sku if first is not None else "",
            "summary": subject.summary,
            "text": _text(subject.body_html),
        }
    if isinstance(subject, CategoryPage):
        parent = subject.crumbs[-1].name if subject.crumbs else ""
        return values | {"name": subject.name, "parent": parent, "text": _text(subject.body_html)}
    return values


def _text(html: str) -> str:
    return shorten(plain(html), _LONGEST_TEXT) if html else ""
