"""The pages that every shop needs, as drafts with our words to complete: what is to be filled in is in brackets."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.api import NotFound, Site
from plugins.pages.models import FOOTER, PAGE
from plugins.pages.services.panel import editing
from plugins.pages.services.panel.importing import content_of

FILE = Path(__file__).parents[2] / "starters.toml"
_SPOKEN = "en"


@lru_cache(1)
def _read() -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = tomllib.loads(FILE.read_text("utf-8"))["page"]
    return pages


def _no_picture(*_said: str) -> int:
    raise NotFound


def make(site: Site, *, actor: str, key: str = "") -> int:
    """Drafts of all of them, in the languages of the site that we speak, else in English; answers how many. Commits."""
    pages = []
    for place, page in enumerate(_read(), start=1):
        texts = {tag: words for tag, words in page["text"].items() if tag in site.languages}
        texts = texts or {site.language: page["text"][_SPOKEN]}
        contents = {tag: content_of(words, _no_picture) for tag, words in texts.items()}
        pages.append(editing.Whole(kind=PAGE, texts=contents, settings={FOOTER: place}))
    return len(editing.create_whole(site, pages, actor=actor, key=key))
