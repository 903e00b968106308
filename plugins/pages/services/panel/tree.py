"""Arranging the tree of pages: step by step, so that a keyboard is enough."""

from __future__ import annotations

from msgspec import Struct

from core.api import NotFound, Site, claim_form, now, record_activity, rows, touch, transaction
from plugins.pages.models import PAGE, Page
from plugins.pages.services import tree
from plugins.pages.services.panel import listing
from plugins.pages.services.reading import tag

UP, DOWN, IN, OUT = "up", "down", "in", "out"
ACTS = (UP, DOWN, IN, OUT)


class Branch(Struct, frozen=True, kw_only=True):
    """A page of the tree with what can be done with it: up, down, below the one before it, out of where it is."""

    row: listing.Row
    depth: int
    acts: frozenset[str]


def branches(site: Site) -> list[Branch]:
    """All pages, each before those below it."""
    below = tree.children(_nodes(site))
    pages = {row.id: row for row in listing.every(site, PAGE)}
    return [
        Branch(row=pages[page_id], depth=depth, acts=_acts(below, page_id, depth))
        for page_id, depth in tree.flat(below)
        if page_id in pages
    ]


def _nodes(site: Site) -> list[tree.Node]:
    found = rows(
        "SELECT id, parent_id FROM pages_page WHERE site_id = ? AND kind = ? AND removed_at IS NULL ORDER BY place, id",
        site.id,
        PAGE,
    )
    return [(row[0], row[1]) for row in found]


def _beside(below: dict[int | None, list[int]], page_id: int) -> tuple[int | None, list[int]]:
    """The page above a page, and all that stand below that. Raises NotFound."""
    found = next(((parent, ids) for parent, ids in below.items() if page_id in ids), None)
    if found is None:
        raise NotFound
    return found


def _acts(below: dict[int | None, list[int]], page_id: int, depth: int) -> frozenset[str]:
    parent, ids = _beside(below, page_id)
    at = ids.index(page_id)
    fits = depth + 1 + tree.height(below, page_id) < tree.DEEPEST
    can = {UP: at > 0, DOWN: at < len(ids) - 1, IN: at > 0 and fits, OUT: parent is not None}
    return frozenset(act for act, may in can.items() if may)


def move(site: Site, page_id: int, act: str, *, actor: str, key: str = "") -> None:
    """Take a step with a page and all below it. Raises NotFound where there is no such step, DoneBefore. Commits."""
    with transaction():
        claim_form(key)
        below = tree.children(_nodes(site))
        depth = dict(tree.flat(below)).get(page_id, 0)
        if act not in _acts(below, page_id, depth):
            raise NotFound
        parent, ids = _beside(below, page_id)
        at = ids.index(page_id)
        ids.remove(page_id)
        if act == IN:
            parent = ids[at - 1]
            ids = below.setdefault(parent, [])
            at = len(ids)
        elif act == OUT:
            passed = parent
            parent, ids = _beside(below, passed or 0)
            at = ids.index(passed or 0) + 1
        else:
            at += 1 if act == DOWN else -1
        ids.insert(at, page_id)
        for place, one in enumerate(ids, start=1):
            Page.update(parent_id=parent, place=place, updated_at=now()).where(
                Page.site_id == site.id, Page.id == one
            ).execute()
        touch(tag(site))
        record_activity(actor, "pages.tree", f"site:{site.id}", site_id=site.id, title=site.name)
