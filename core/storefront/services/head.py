"""What plugins say in the head of a page (`site_head`), put together with what core says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from core.hookspecs.site import Head
from core.kernel import cache
from core.kernel.installation import installation
from core.kernel.sites import current
from core.storefront.services import facts

_MOST_LETTERS = 20_000


class Meta(Struct, frozen=True, kw_only=True):
    """What templates show: empty is what nobody said, so that the theme says it."""

    title: str = ""
    description: str = ""
    noindex: bool = False


def with_answers(kind: str, subject: object, ours: facts.Facts) -> Mapping[str, Any]:
    """`meta` and `facts` of a page, for its template. Asks `site_head`; the page depends on the answers' tags."""
    state = current()
    meta, graph = Meta(), ours
    for plugin, answer in state.hooks.each("site_head", site=state.site, kind=kind, subject=subject):
        cache.depends(*answer.tags, until=answer.until)
        meta = _joined(meta, answer)
        for thing in answer.json_ld:
            try:
                _check(thing)
            except (TypeError, ValueError) as error:
                installation().faults.report(state.site.id, plugin, "site_head", error)
            else:
                graph = facts.added(graph, thing)
    return {"meta": meta, "facts": graph}


def _joined(meta: Meta, answer: Head) -> Meta:
    return Meta(
        title=meta.title or answer.title,
        description=meta.description or answer.description,
        noindex=meta.noindex or answer.noindex,
    )


def _check(thing: Mapping[str, object]) -> None:
    """Raise TypeError or ValueError for what is no thing of schema.org, has no JSON, or too much of it."""
    if not isinstance(thing.get("@type"), str):
        raise TypeError("a thing in json_ld has its @type")
    if len(json.dumps(dict(thing), allow_nan=False)) > _MOST_LETTERS:
        raise ValueError(f"more than {_MOST_LETTERS} letters in one thing")
