"""Rows that every cart asks for and that hardly ever change: kept in this process, true in every process.

The cache clock, which every request reads anyway, tells: what was read when it stood somewhere is still so as long as
its tag has not been touched since.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct

from core.kernel import cache, db
from core.kernel.here import environ, is_a_look
from core.kernel.installation import installation
from core.kernel.sites import current

_Answer = TypeVar("_Answer")


class _Known(Struct, frozen=True):
    """What was read, when, and under which tags."""

    answer: Any
    clock: int
    tags: tuple[str, ...]
    until: datetime | None = None


def once_a_look(key: tuple[object, ...], read: Callable[[], _Answer]) -> _Answer:
    """What `read` answers, asked once within a GET: a look writes nothing, so its second answer would be the same.

    For facts that a page and several plugins' parts on it read alike. Anywhere else it is read anew.
    """
    if not is_a_look() or db.in_transaction():
        return read()
    seen: dict[object, _Answer] = environ().setdefault("stoa.seen", {})
    if key not in seen:
        seen[key] = read()
    return seen[key]


def kept(tag: str, read: Callable[[], _Answer], *more: str) -> _Answer:
    """What `read` answers about this request's site, without a statement until `tag` is touched.

    For a merchant's rules: rates, zones, taxes. Whoever changes what `read` reads calls `touch(tag)` in the same
    transaction; a page that shows the answer depends on `tag`. `more` tells answers under the same tag apart. An
    answer is shared by requests: nobody may change it. Inside a transaction, outside a request, and after this request
    has touched something, it is read anew.
    """
    cache.depends(tag)
    return _remembered(("kept", tag, *more), read, (tag,))


def kept_still(key: str, read: Callable[[], _Answer]) -> _Answer:
    """`kept()` for what many changes can make untrue: read anew after any touch of anything."""
    cache.depends(key)
    return _remembered(("still", key), read, None)


def _remembered(key: tuple[str, ...], read: Callable[[], _Answer], tags: tuple[str, ...] | None) -> _Answer:
    now = cache.clock_to_keep()
    if now is None or db.in_transaction():
        return read()
    memory = current().extra
    known: _Known | None = memory.get(key)
    if known is None or not _is_true(known, now, by_tags=tags is not None):
        # The clock was read first: rows that are younger than it are read again with the next request.
        known = memory[key] = _Known(read(), now, tags or ())
    answer: _Answer = known.answer
    return answer


def _is_true(known: _Known, now: int, *, by_tags: bool) -> bool:
    return installation().versions.are_true(known, now) if by_tags else known.clock == now
