"""What the forms of words and of the shop's facts may say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from core.api import Unfit, form_lines
from core.api import gettext as _
from plugins.seo.forms.filling import KINDS, VARIABLES, Words, unknown_variable

LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_FACT = 255, 1000, 300
PARTS = (("title", LONGEST_TITLE), ("description", LONGEST_DESCRIPTION))
FACTS = ("legal_name", "logo", "phone", "email", "vat", "street", "postcode", "city", "country")
CONDITIONS = ("new", "refurbished", "used")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_MOST_LINKS = 20


def read_words(form: Mapping[str, str], kind: str, tag: str, errors: dict[str, str], *, prefix: str = "") -> Words:
    """Title and description as typed for one kind of page and language; what is wrong goes into `errors`."""
    typed = []
    for part, most in PARTS:
        field = f"{prefix}{part}-{tag}"
        text = " ".join(form.get(field, "").split())
        unknown, near = unknown_variable(kind, text)
        if unknown and near:
            errors[field] = _("There is no {%(name)s} here. Did you mean {%(near)s}?", name=unknown, near=near)
        elif unknown:
            errors[field] = _("There is no {%(name)s} here. There are: %(known)s.", name=unknown, known=known(kind))
        elif len(text) > most:
            errors[field] = _("At most %(count)s characters.", count=most)
        typed.append(text)
    return typed[0], typed[1]


def known(kind: str) -> str:
    """The variables of a kind of page, as they are typed."""
    return " ".join(f"{{{name}}}" for name in VARIABLES[kind])


def read_templates(form: Mapping[str, str], languages: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """The templates of all kinds of pages. Raises Unfit."""
    errors: dict[str, str] = {}
    said: dict[str, dict[str, list[str]]] = {}
    tags = list(languages)
    for kind in KINDS:
        for tag in tags:
            pair = read_words(form, kind, tag, errors, prefix=f"{kind}-")
            if any(pair):
                said.setdefault(kind, {})[tag] = list(pair)
    if errors:
        raise Unfit(errors)
    return said


def read_shop(form: Mapping[str, str]) -> dict[str, Any]:
    """The facts of the shop. Raises Unfit."""
    errors: dict[str, str] = {}
    said: dict[str, Any] = {name: form.get(name, "").strip() for name in FACTS}
    said["country"] = said["country"].upper()
    for name in FACTS:
        if len(said[name]) > LONGEST_FACT:
            errors[name] = _("At most %(count)s characters.", count=LONGEST_FACT)
    if said["country"] and not _COUNTRY.match(said["country"]):
        errors["country"] = _("Two letters, such as DE.")
    if said["logo"] and not (said["logo"].startswith("/") or is_address(said["logo"])):
        errors["logo"] = _("A path such as /media/logo.png/800, or a whole address.")
    said["links"] = form_lines(form.get("links", ""))
    if any(not is_address(link) for link in said["links"]) or len(said["links"]) > _MOST_LINKS:
        errors["links"] = _(
            "One address in each line, each beginning with https://; at most %(count)s.", count=_MOST_LINKS
        )
    if errors:
        raise Unfit(errors)
    return {name: value for name, value in said.items() if value}


def is_address(text: str) -> bool:
    """Whether a text is a whole address of the web."""
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and " " not in text


def read_feeds(form: Mapping[str, str]) -> dict[str, Any]:
    """Which files are made. Raises Unfit."""
    category, condition = form.get("category", "").strip(), form.get("condition", "new")
    errors = {}
    if len(category) > LONGEST_FACT:
        errors["category"] = _("At most %(count)s characters.", count=LONGEST_FACT)
    if condition not in CONDITIONS:
        errors["condition"] = _("Choose one of these.")
    if errors:
        raise Unfit(errors)
    return {
        "google": bool(form.get("google")),
        "meta": bool(form.get("meta")),
        "category": category,
        "condition": condition,
    }
