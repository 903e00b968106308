"""The words for a thing in a language, or in the nearest one there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from core.lib.ids import digest
from core.lib.text import slugify


class TextFact(NamedTuple):
    """Words in one language, for all sites (`site_id` None) or for one."""

    language: str
    site_id: int | None
    name: str
    summary: str


def spoken(names: Mapping[str, str] | None, language: str, fallback: str) -> str:
    """The name in `language`, else in `fallback`, else in any; empty if there is none."""
    if not names:
        return ""
    return names.get(language) or names.get(fallback) or next((name for name in names.values() if name), "")


def best_text(texts: Iterable[TextFact], site_id: int, language: str, fallback: str) -> TextFact | None:
    """The words to show: the language before the fallback before any other; the site's own before those of all."""

    def distance(text: TextFact) -> tuple[int, bool]:
        far = 0 if text.language == language else 1 if text.language == fallback else 2
        return far, text.site_id is None

    return min((text for text in texts if text.site_id in {None, site_id}), key=distance, default=None)


def code_of(names: Mapping[str, str], code: str = "") -> str:
    """The code of a thing: `code`, or the first of its names, as a slug; never empty."""
    text = code or next((name for name in names.values() if name), "")
    return slugify(text) or f"x-{digest(text)[:8]}"
