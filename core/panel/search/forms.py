"""What staff say of a search: the words, and where they lead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from core.catalogue.services.search_leads import Lead, plain_words
from core.hookspecs.site import Site
from core.kernel.i18n import gettext as _
from core.lib.addresses import one_line

Problems = list[tuple[str, str]]
ALSO, CATEGORY, PAGE = "also", "category", "page"
_LONGEST, _MOST, _LONGEST_PATH = 100, 20, 500
_BETWEEN = re.compile(r"[,，、;；\n]")


def kind_of(lead: Lead) -> str:
    """Which of the three a lead says."""
    return ALSO if lead.also else PAGE if lead.path else CATEGORY


def typed(lead: Lead) -> dict[str, str]:
    """A lead as the form says it."""
    return {
        "words": lead.typed,
        "kind": kind_of(lead),
        "also": lead.also,
        "category": str(lead.category_id or ""),
        "path": lead.path,
    }


def read(form: Mapping[str, str], site: Site, categories: Mapping[int, str], wrong: Problems) -> list[Lead]:
    """The leads that a form says, one for each of its words; what cannot be read goes to `wrong`."""
    every = _words(form, wrong)
    also, category_id, path = "", None, ""
    kind = form.get("kind", "")
    if kind == CATEGORY:
        category_id = _category(form, categories, wrong)
    elif kind == PAGE:
        path = _path(form, site, wrong)
    else:
        also = _also(form, every, wrong)
    return [Lead(typed=words, also=also, category_id=category_id, path=path) for words in every]


def _words(form: Mapping[str, str], wrong: Problems) -> list[str]:
    lines = (one_line(part, _LONGEST + 1) for part in _BETWEEN.split(form.get("words", "")))
    every = {plain_words(line): line for line in lines if plain_words(line)}
    if not every:
        wrong.append(("words", _("Fill this in.")))
    if len(every) > _MOST or any(len(line) > _LONGEST for pair in every.items() for line in pair):
        wrong.append(
            ("words", _("At most %(most)s searches, each of at most %(n)s characters.", most=_MOST, n=_LONGEST))
        )
    return list(every.values())


def _also(form: Mapping[str, str], every: list[str], wrong: Problems) -> str:
    also = one_line(form.get("also", ""), _LONGEST)
    if not plain_words(also):
        wrong.append(("also", _("Fill this in.")))
    elif plain_words(also) in map(plain_words, every):
        wrong.append(("also", _("These are the same words.")))
    return also


def _category(form: Mapping[str, str], categories: Mapping[int, str], wrong: Problems) -> int | None:
    chosen = form.get("category", "")
    if chosen.isdecimal() and int(chosen) in categories:
        return int(chosen)
    wrong.append(("category", _("Choose one.")))
    return None


def _path(form: Mapping[str, str], site: Site, wrong: Problems) -> str:
    """A path of this site in its first language; of an address that was copied whole, the path."""
    text = form.get("path", "").strip()
    parts = urlsplit(text)
    if parts.netloc in {site.host, urlsplit(site.origin).netloc} and parts.scheme in {"http", "https"}:
        text = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not text.startswith("/") or text.startswith("//") or "\\" in text or any(ord(sign) < 33 for sign in text):
        wrong.append(("path", _("Write a path of this shop such as /pages/delivery.")))
    elif len(text) > _LONGEST_PATH:
        wrong.append(("path", _("At most %(count)s characters.", count=_LONGEST_PATH)))
    elif re.match(r"/(search|panel)(?=[/?#]|\Z)", text):
        wrong.append(("path", _("A search leads to a page of the shop, not to a search or the panel.")))
    return text
