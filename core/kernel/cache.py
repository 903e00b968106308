"""The whole-page cache: anonymous pages kept in this process's memory, true in every process.

Whoever changes something a page shows calls `touch("product:5")` in its transaction. Touching gives the tag the next
value of one clock (`epoch.touched`), as the transaction's last statement: the clock's row is held until the commit,
so values become visible in their order. A page remembers the clock that was read before it was rendered; it is true
as long as none of its tags is younger.
"""

from __future__ import annotations

import gzip
import sys
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Protocol

import peewee
from msgspec import Struct, field

from core.kernel import db, tables
from core.kernel.here import environ_or_none
from core.kernel.installation import installation
from core.lib import clock

# That this request has changed something: the clock it began with says nothing about what it reads then.
_TOUCHED = "stoa.has_touched"
# The cookie of a visitor who chose light or dark: like the currency, it tells kept pages apart.
SCHEME, SCHEMES = "scheme", frozenset({"light", "dark"})


class TagVersion(tables.Table):
    """When (by the cache clock) something that pages show last changed."""

    tag = peewee.CharField(max_length=120, primary_key=True)
    version = peewee.BigIntegerField(default=0, index=True)


_AT_ONCE = 100


def touch(*tags: str) -> None:
    """Pages that carry one of `tags` end with this transaction."""
    db.require_transaction()
    if (here := environ_or_none()) is not None:
        here[_TOUCHED] = True
    db.at_commit("cache.touch", _raise, set(tags))


def clock_to_keep() -> int | None:
    """The clock that this request began with, if what it renders may be kept."""
    here = environ_or_none()
    return None if here is None or _TOUCHED in here else here.get("stoa.touched")


def keep_nothing(environ: dict[str, Any]) -> None:
    """Let this request read and render all anew, as if it had touched something: for a preview."""
    environ[_TOUCHED] = True


def clock_seen() -> int | None:
    """Where the clock stood when this request began; None outside a request."""
    here = environ_or_none()
    return here.get("stoa.touched") if here is not None else None


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


class Recording(Struct):
    """What the page now being rendered, or a piece of it, depends on.

    `personal` was read of one visitor: neither page nor piece is kept. What is in `passing` may depend on the rest of
    the request: the page may be kept under its address, a piece of it that many pages share may not.
    """

    tags: set[str] = field(default_factory=set)
    until: datetime | None = None
    personal: str = ""
    passing: bool = False
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


def shown_so_far() -> set[str]:
    """The tags of the page now being rendered, as far as it has come."""
    recording = _recording.get()
    return recording.tags if recording else set()


def to_keep(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags of what is kept. Hundreds of pages and pieces carry the same ones: each is held once, and no set."""
    return tuple(sys.intern(tag) for tag in sorted(tags))


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


def passing() -> None:
    """Something may depend on more of this request than the site, the language and the currency."""
    recording = _recording.get()
    if recording is not None:
        recording.passing = True


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
        if within.passing:
            passing()
        if within.personal:
            personal(within.personal)


def declare_shared() -> None:
    """The view that renders now says that its page is the same for every visitor."""
    recording = _recording.get()
    if recording is not None:
        recording.declared = True


class Page(Struct, frozen=True):
    """A kept answer. Its body is kept packed, a fifth of its length: every browser reads it so."""

    status: str
    headers: tuple[tuple[str, str], ...]
    packed: bytes
    clock: int
    tags: tuple[str, ...]
    until: datetime | None

    @property
    def body(self) -> bytes:
        """Unpacked, for who reads no gzip; a tenth of a millisecond."""
        return gzip.decompress(self.packed)

    @property
    def size(self) -> int:
        """The room it takes, about: its body, and a hundred bytes for each of the small texts around it."""
        return (
            len(self.packed)
            + _TEXT * (2 * len(self.headers) + len(self.tags))
            + sum(len(text) for header in self.headers for text in header)
        )


Key = tuple[object, ...]
_TEXT = 100
_MANY = 5000


class Versions:
    """The versions of tags as far as this process has read them; what is kept is true if they are not younger.

    They are read when the clock has moved and something kept before that is asked for: one statement, whatever is kept.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._known: dict[str, int] = {}
        self._floor = 0
        self._lock = threading.Lock()

    def are_true(self, kept: Kept, now: int) -> bool:
        """Whether what was kept is still so for a request that began when the clock stood at `now`."""
        if kept.until is not None and kept.until <= clock.now():
            return False
        if kept.clock >= now or not kept.tags:
            return True
        self._catch_up(now)
        known = self._known
        return kept.clock >= self._floor and all(known.get(tag, 0) <= kept.clock for tag in kept.tags)

    def _catch_up(self, now: int) -> None:
        """Read what has been touched since; after very much of it, everything older counts as touched."""
        if now <= self._seen:
            return
        with self._lock:
            if now <= self._seen:
                return
            found = db.rows("SELECT tag, version FROM tag_version WHERE version > ? LIMIT ?", self._seen, _MANY + 1)
            if len(found) > _MANY or len(self._known) > 10 * _MANY:
                self._floor = now  # First: who sees the empty map must see the floor, too.
                self._known = {}
            else:
                self._known.update(found)
            self._seen = now


class Kept(Protocol):
    """What is kept: the clock before it was made, what it shows, and when it ends."""

    @property
    def clock(self) -> int: ...
    @property
    def tags(self) -> Collection[str]: ...
    @property
    def until(self) -> datetime | None: ...


class PageCache:
    """The last used pages of this process, up to `limit` bytes."""

    def __init__(self, limit: int, versions: Versions) -> None:
        self._limit = limit
        self._versions = versions
        self._size = 0
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, now: int) -> Page | None:
        """The page, if it is still true when the clock stands at `now`."""
        with self._lock:
            page = self._pages.get(key)
            if page is None:
                return None
            self._pages.move_to_end(key)
        if self._versions.are_true(page, now):
            return page
        self.drop(key)
        return None

    def put(self, key: Key, page: Page) -> None:
        """Keep a page; the least used go when the room is full."""
        if page.size > self._limit // 8:
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


def recording() -> ContextVar[Recording | None]:
    """The variable that holds the present recording; for the front alone."""
    return _recording
