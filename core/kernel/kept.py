"""Rows that every cart asks for and that hardly ever change: kept in this process, true in every process.

The cache clock, which every request reads anyway, tells: as long as it stands still, nothing that anybody shows or
reckons with has changed, so what was read under it is still so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import has_request_context, request

from core.kernel import cache, db
from core.kernel.sites import current

_Answer = TypeVar("_Answer")


def once_a_look(key: tuple[object, ...], read: Callable[[], _Answer]) -> _Answer:
    """What `read` answers, asked once within a GET: a look writes nothing, so its second answer would be the same.

    For facts that a page and several plugins' parts on it read alike. Anywhere else it is read anew.
    """
    if not has_request_context() or request.method not in {"GET", "HEAD"} or db.in_transaction():
        return read()
    seen: dict[object, _Answer] = request.environ.setdefault("stoa.seen", {})
    if key not in seen:
        seen[key] = read()
    return seen[key]


def kept(tag: str, read: Callable[[], _Answer]) -> _Answer:
    """What `read` answers about this request's site, without a statement while the clock stands still.

    For a merchant's rules: rates, zones, taxes. Whoever changes what `read` reads calls `touch(tag)` in the same
    transaction; a page that shows the answer depends on `tag`. The answer is shared by requests: nobody may change it.
    Inside a transaction, outside a request, and after this request has touched something, it is read anew.
    """
    cache.depends(tag)
    if not has_request_context() or db.in_transaction() or cache.has_touched():
        return read()
    memory, clock, key = current().extra, request.environ["stoa.touched"], ("kept", tag)
    known: tuple[int, _Answer] | None = memory.get(key)
    if known is None or known[0] != clock:
        # The clock was read first: rows that are younger than it are read again with the next request.
        known = memory[key] = (clock, read())
    return known[1]
