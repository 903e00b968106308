"""What a page said before: its revisions, and what each of them changed, block by block and word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import NotFound, Site, plugin_blocks
from core.api import gettext as _
from plugins.pages.forms import shapes
from plugins.pages.forms.shapes import Content
from plugins.pages.models import PageRevision, PageText

_PIECES = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff]|\w+|\s+|[^\w\s]")
_MOST_PIECES = 6000
Piece = tuple[str, str]
"""(`same`, `gone` or `new`; the words)."""


class Past(Struct, frozen=True, kw_only=True):
    """A revision in the list."""

    id: int
    at: datetime
    actor: str
    title: str
    changes: int
    is_live: bool


class Change(Struct, frozen=True, kw_only=True):
    """What changed in one place: its name, how (`new`, `gone`, `changed`, `moved`), and its words."""

    name: str
    how: str
    pieces: Sequence[Piece]


def revisions(site: Site, text: PageText) -> list[Past]:
    """All of them, the newest first, each with the number of places where it differs from the one before."""
    found = list(PageRevision.for_site(site).where(PageRevision.text_id == text.id).order_by(PageRevision.id.desc()))
    before = [*found[1:], None]
    live = next((one.id for one in found if one.content == text.live), 0)
    return [
        Past(
            id=one.id,
            at=one.created_at,
            actor=one.actor,
            title=one.content["title"],
            changes=len(list(changes(site, old.content if old is not None else shapes.blank(), one.content))),
            is_live=one.id == live,
        )
        for one, old in zip(found, before, strict=True)
    ]


def compared(site: Site, text: PageText, revision_id: int) -> tuple[PageRevision, list[Change]]:
    """A revision, and what it changed of the one before. Raises NotFound."""
    of_text = PageRevision.for_site(site).where(PageRevision.text_id == text.id)
    revision = of_text.where(PageRevision.id == revision_id).first()
    if revision is None:
        raise NotFound
    older = of_text.where(PageRevision.id < revision_id).order_by(PageRevision.id.desc()).first()
    before = older.content if older is not None else shapes.blank()
    return revision, list(changes(site, before, revision.content))


def changes(site: Site, before: Content, after: Content) -> Iterator[Change]:
    """Where two contents differ, in the order of the page. Blocks are told by their ids, wherever they stand."""
    names = {
        "title": _("Title"), "slug": _("Address"), "summary": _("Summary"), "seo_title": _("Title for search engines"),
        "seo_description": _("Description for search engines"),
    }  # fmt: skip
    for name, title in names.items():
        if before[name] != after[name]:
            yield Change(name=title, how="changed", pieces=told(before[name], after[name]))
    known = plugin_blocks(site)
    old, new = ({one["id"]: one for one in content["blocks"]} for content in (before, after))
    stayed = [one for one in old if one in new]
    moved = set(stayed) - set(_in_order(stayed, [one for one in new if one in old]))
    for block_id in [*new, *(one for one in old if one not in new)]:
        one = new.get(block_id) or old[block_id]
        name = known[one["kind"]].title if one["kind"] in known else one["kind"]
        was, now_is = _words(old.get(block_id)), _words(new.get(block_id))
        if block_id not in old or block_id not in new:
            yield Change(name=name, how="new" if block_id in new else "gone", pieces=told(was, now_is))
        elif was != now_is:
            yield Change(name=name, how="changed", pieces=told(was, now_is))
        elif block_id in moved:
            yield Change(name=name, how="moved", pieces=told(was, now_is))


def _in_order(old: list[str], new: list[str]) -> list[str]:
    """The ids that kept their order among each other."""
    matched = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [one for match in matched for one in old[match.a : match.a + match.size]]


def _words(block: Any) -> str:
    """What a block says, field by field; what is made from another field is left out."""
    if block is None:
        return ""
    said = {name: value for name, value in block["values"].items() if not name.endswith("_html")}
    return "\n".join(
        ", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in said.values() if value
    )


def told(before: str, after: str) -> list[Piece]:
    """Two texts as one, with what is gone and what is new."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    if len(old) + len(new) > _MOST_PIECES:
        return [("gone", before), ("new", after)]
    pieces: list[Piece] = []
    for how, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if how == "equal":
            pieces.append(("same", "".join(old[start:end])))
            continue
        if end > start:
            pieces.append(("gone", "".join(old[start:end])))
        if last > first:
            pieces.append(("new", "".join(new[first:last])))
    return pieces
