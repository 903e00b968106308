"""The whole-page cache: anonymous pages kept in this process's memory, true in every process.

Whoever changes something a page shows calls `touch("product:5")` in its transaction. Touching gives the tag the next
value of one clock (`epoch.touched`), as the transaction's last statement: the clock's row is held until the commit,
so values become visible in their order. A page remembers the clock that was read before it was rendered; it is true
as long as none of its tags is younger.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

import peewee
from flask import has_request_context, request

from core.kernel import db
from core.kernel.installation import installation
from core.lib import clock

_TOUCHED = "stoa.has_touched"
# The cookie of a visitor who chose light or dark: like the currency, it tells kept pages apart.
SCHEME, SCHEMES = "scheme", frozenset({"light", "dark"})


class TagVersion(db.Table):
    """When (by the cache clock) something that pages show last changed."""

    tag = peewee.CharField(max_length=120, primary_key=True)
    version = peewee.BigIntegerField(default=0)


_AT_ONCE = 100


def touch(*tags: str) -> None:
    """Pages that carry one of `tags` end with this transaction."""
    db.require_transaction()
    if has_request_context():
        request.environ[_TOUCHED] = True
    db.at_commit("cache.touch", _raise, set(tags))


def has_touched() -> bool:
    """Whether this request has changed something, so that the clock it began with says nothing about what it reads."""
    return has_request_context() and _TOUCHED in request.environ


def clock_seen() -> int | None:
    """Where the clock stood when this request began; None outside a request."""
    return request.environ.get("stoa.touched") if has_request_context() else None


def _raise(tags: set[str]) -> None:
    version = db.value("UPDATE epoch SET touched = touched + 1 RETURNING touched")
    ordered = sorted(tags)
    for start in range(0, len(ordered), _AT_ONCE):
        part = ordered[start : start + _AT_ONCE]
        db.execute(
            f"INSERT INTO tag_version (tag, version) VALUES {', '.join(['(?, ?)'] * len(part))}"
            " ON CONFLICT (tag) DO UPDATE SET version = excluded.version",
            *(value for tag in part for value in (tag, version)),
        )


@dataclass
class Recording:
    """What the page now being rendered depends on."""

    tags: set[str] = field(default_factory=set)
    until: datetime | None = None
    personal: str = ""
    declared: bool = False


_recording: ContextVar[Recording | None] = ContextVar("stoa_recording", default=None)


def depends(*tags: str, until: datetime | None = None) -> None:
    """The page now rendered shows these; it ends at `until`, if that comes first. Nothing outside a cacheable page."""
    recording = _recording.get()
    if recording is None:
        return
    recording.tags.update(tags)
    if until is not None and (recording.until is None or until < recording.until):
        recording.until = until


class PersonalOnSharedPage(RuntimeError):
    """A page that is declared the same for every visitor read something of one of them: a mistake of its author."""


def personal(what: str) -> None:
    """Something of one visitor was read.

    The page now rendered may not be kept. In tests, a shared page may not do it.
    """
    recording = _recording.get()
    if recording is None:
        return
    if recording.declared and installation().config.testing:
        raise PersonalOnSharedPage(what)
    recording.personal = recording.personal or what


@contextmanager
def recorded() -> Iterator[Recording]:
    """What the block depends on, told apart from the rest of the page, which takes it over afterwards."""
    within = Recording(declared=bool((outer := _recording.get()) and outer.declared))
    token = _recording.set(within)
    try:
        yield within
    finally:
        _recording.reset(token)
        depends(*within.tags, until=within.until)
        if within.personal:
            personal(within.personal)


def declare_shared() -> None:
    """The view that renders now says that its page is the same for every visitor."""
    recording = _recording.get()
    if recording is not None:
        recording.declared = True


@dataclass(frozen=True, slots=True)
class Page:
    """A kept answer; `packed` is its body for browsers that read gzip, made once."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    clock: int
    tags: tuple[str, ...]
    until: datetime | None
    packed: bytes = b""

    @property
    def size(self) -> int:
        """The room it takes, about."""
        return len(self.body) + len(self.packed) + 1024


Key = tuple[object, ...]


class PageCache:
    """The last used pages of this process, up to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Page | None:
        """The page, if it is still true now: one statement, none if nothing has been touched since it was rendered."""
        with self._lock:
            page = self._pages.get(key)
            if page is None:
                return None
            self._pages.move_to_end(key)
        if page.until is not None and page.until <= clock.now():
            self.drop(key)
            return None
        if page.tags and _youngest(page.tags) > page.clock:
            self.drop(key)
            return None
        return page

    def put(self, key: Key, page: Page) -> None:
        """Keep a page; the least used go when the room is full."""
        if len(page.body) > self._limit // 8:
            return
        with self._lock:
            self._forget(key)
            self._pages[key] = page
            self._size += page.size
            while self._size > self._limit:
                self._forget(next(iter(self._pages)))

    def drop(self, key: Key) -> None:
        """Forget a page."""
        with self._lock:
            self._forget(key)

    def _forget(self, key: Key) -> None:
        page = self._pages.pop(key, None)
        if page is not None:
            self._size -= page.size


def _youngest(tags: Iterable[str]) -> int:
    listed = list(tags)
    sql = f"SELECT MAX(version) FROM tag_version WHERE tag IN ({db.marks(listed)})"
    return int(db.value(sql, *listed) or 0)


def recording() -> ContextVar[Recording | None]:
    """The variable that holds the present recording; for the front alone."""
    return _recording
