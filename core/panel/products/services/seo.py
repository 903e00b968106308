"""How a search engine would show a product's page: made from the words like the page itself makes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from core.hookspecs.site import Site
from core.panel.products.forms import TextForm

# About so much is shown; letters as wide as two (Chinese) count twice.
TITLE = 60
DESCRIPTION = 155
_TAGS = re.compile(r"<[^>]*>")


class Preview(Struct, frozen=True, kw_only=True):
    """A hit in a list of results. `place` is the address up to its last part; lengths count wide letters twice."""

    place: str
    path: str
    title: str
    description: str
    title_width: int
    description_width: int


def previews(site: Site, texts: Sequence[TextForm]) -> dict[str, Preview]:
    """One per language that the site speaks."""
    return {text.language: _preview(site, text, texts) for text in texts if text.language in site.languages}


def _preview(site: Site, text: TextForm, texts: Sequence[TextForm]) -> Preview:
    # A language without a name borrows the words of the site's own, as the page does.
    spoken = text if text.said("name") else next((other for other in texts if other.said("name")), text)
    title = spoken.said("seo_title") or spoken.said("name")
    body = " ".join(_TAGS.sub(" ", spoken.said("body_html")).split())
    described = spoken.said("seo_description") or ". ".join(
        part for part in (spoken.said("name"), spoken.said("summary"), body) if part
    )
    shown = cut(described, DESCRIPTION)
    prefix = "" if text.language == site.language else f"{text.language.lower()} › "
    return Preview(
        place=f"{site.host} › {prefix}p › ",
        path=text.slug or "…",
        title=f"{title} · {site.name}",
        description=shown,
        title_width=width(title),
        # What is made from the words is cut to fit; what somebody wrote is as long as it is.
        description_width=width(described if spoken.said("seo_description") else shown),
    )


def width(text: str) -> int:
    """How wide a text is in letters; a wide one (Chinese, Japanese, Korean) counts twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def cut(text: str, most: int) -> str:
    """At most so wide, with an ellipsis where something is left out."""
    if width(text) <= most:
        return text
    shown, left = "", most
    for letter in text:
        left -= width(letter)
        if left < 0:
            break
        shown += letter
    return shown.rstrip() + "…"
