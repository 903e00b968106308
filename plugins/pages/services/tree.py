"""The tree of pages: which stand below which, and in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

DEEPEST = 3
"""So many levels has the tree."""
Node = tuple[int, int | None]


def children(nodes: Iterable[Node]) -> dict[int | None, list[int]]:
    """The pages below each page (None: at the top), in the order of `nodes`, which are (page, the page it is below).

    A page below one that is not there, or in a circle, stands at the top: nothing is ever lost.
    """
    parents = dict(nodes)
    found: dict[int | None, list[int]] = defaultdict(list)
    for page_id in parents:
        found[_parent(page_id, parents)].append(page_id)
    return dict(found)


def above(page_id: int, nodes: Iterable[Node]) -> list[int]:
    """The pages above a page, the top one first."""
    parents, way = dict(nodes), list[int]()
    parent = _parent(page_id, parents)
    while parent is not None:
        way.append(parent)
        parent = _parent(parent, parents)
    return way[::-1]


def flat(below: Mapping[int | None, Sequence[int]], parent: int | None = None, depth: int = 0) -> list[tuple[int, int]]:
    """(page, depth) of every page, each before those below it."""
    return [line for page_id in below.get(parent, ()) for line in [(page_id, depth), *flat(below, page_id, depth + 1)]]


def height(below: Mapping[int | None, Sequence[int]], page_id: int) -> int:
    """How many levels stand below a page."""
    return max((1 + height(below, one) for one in below.get(page_id, ())), default=0)


def _parent(page_id: int, parents: Mapping[int, int | None]) -> int | None:
    parent = parents.get(page_id)
    if parent not in parents:
        return None
    seen, step = set[int](), parent
    while step is not None and step not in seen:
        if step == page_id:
            return None
        seen.add(step)
        step = parents.get(step)
    return parent
