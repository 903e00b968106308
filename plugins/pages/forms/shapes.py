"""The shapes of a page: a content, which is one language of it, and what a form wants of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import uid

Content = dict[str, Any]
PLUGIN = "pages"
TEXTS = ("title", "slug", "summary", "seo_title", "seo_description")
MOST_BLOCKS = 100


def blank() -> Content:
    """A content that says nothing yet."""
    return {**dict.fromkeys(TEXTS, ""), "blocks": []}


def is_empty(content: Content) -> bool:
    """Whether no words are left; an address alone says nothing."""
    return not content["blocks"] and not any(content[name] for name in TEXTS if name != "slug")


def block(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A new block; `kind` is the full name, such as `pages.text`."""
    return {"id": uid()[:10], "kind": kind, "values": dict(values)}


class Wanted(Struct, frozen=True, kw_only=True):
    """A page as its form says it: `content` of one language, and what holds in all of them."""

    content: Content
    kind: str
    author: str = ""
    media_id: int | None = None
    publish_at: datetime | None = None
    unpublish_at: datetime | None = None
    draft_at: datetime | None = None
    header: bool = False
    footer: bool = False
