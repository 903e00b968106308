"""Pieces of pages that many pages show alike, rendered once: a header, a card. And facts of one product among many.

A piece is what its template makes of the site, the language, the currency and the values it was given, so those are
its key. Like a page it remembers the clock before it was rendered, its tags and its end, and is true as long as a page
would be. The least used go when the room is full.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from markupsafe import Markup
from msgspec import Struct

from core.kernel import cache, db, i18n
from core.kernel.cache import Key, Versions
from core.kernel.here import environ
from core.kernel.installation import installation

_ASIDE = 600  # What an entry takes beside its text, about.
_LONG = 4000  # Pieces of more bytes are kept packed, a fifth as long; to unpack one takes a hundredth of a millisecond.


class Fragment(Struct, frozen=True):
    """A rendered piece, or facts; with the room they take, about, in bytes, and what they depend on."""

    made: Any
    size: int
    clock: int
    tags: tuple[str, ...]
    until: datetime | None
    is_packed: bool = False


def kept_piece(
    key: Key, currency: str, make: Callable[[], Markup | None], *, about_the_page: bool = False
) -> Markup | None:
    """What `make` answers, kept under `key` for this site, language and currency unless it is None or personal.

    It may depend on nothing else of the request. With `about_the_page` the key only names what the page was made of,
    so that the piece ends with all that the page has shown so far. A piece in which a plugin said something that may
    depend on more, is not kept. Outside a request, in a preview, after this request has touched something, and
    where a key has no hash, it is made anew.
    """
    now = cache.clock_to_keep()
    if now is None:
        return make()
    here, kept = environ(), installation().fragments
    state = here["stoa.state"]
    whole = (*key, state.site.id, state.epoch, here.get("SCRIPT_NAME"), i18n.language(), currency)
    try:
        known = kept.get(whole, now)
    except TypeError:
        return make()
    if known is None:
        with cache.recorded() as recording:
            html = make()
        if html is not None and not recording.personal and not recording.passing:
            around = cache.shown_so_far() if about_the_page else set[str]()
            text = html.encode()
            made = zlib.compress(text, 1) if len(text) > _LONG else text
            tags = cache.to_keep(recording.tags | around)
            kept.put(whole, Fragment(made, len(made), now, tags, recording.until, made is not text))
        return html
    cache.depends(*known.tags, until=known.until)
    text = zlib.decompress(known.made) if known.is_packed else known.made
    return Markup(text.decode())  # noqa: S704 -- it was one


class Dated(Protocol):
    """Facts that say when they end."""

    @property
    def until(self) -> datetime | None: ...


_Facts = TypeVar("_Facts", bound=Dated | None)


def kept_facts(key: Key, tags: frozenset[str], read: Callable[[], _Facts], size: Callable[[Any], int]) -> _Facts:
    """What `read` answers about one thing of many, kept until one of `tags` is touched or it ends by itself.

    `key` says the site, language and currency itself where they matter; `size` is in bytes, about. None is not kept.
    It ends also when a site or a plugin changes, as pieces do. An answer is shared by requests: nobody may change it.
    Where nothing may be kept, it is read anew.
    """
    now = cache.clock_to_keep()
    if now is None or db.in_transaction():
        return read()
    fragments, whole = installation().fragments, (*key, environ()["stoa.state"].epoch)
    known = fragments.get(whole, now)
    if known is not None:
        kept: _Facts = known.made
        return kept
    facts = read()
    if facts is not None:
        fragments.put(whole, Fragment(facts, size(facts), now, cache.to_keep(tags), facts.until))
    return facts


class Fragments:
    """The last used pieces of this process, up to `limit` bytes.

    Two generations: new ones and used ones go into the young; when that has half the room, it becomes the old one.
    """

    def __init__(self, limit: int, versions: Versions) -> None:
        self._half = limit // 2
        self._versions = versions
        self._young: dict[Key, Fragment] = {}
        self._old: dict[Key, Fragment] = {}
        self._size = 0

    def get(self, key: Key, now: int) -> Fragment | None:
        """The piece, if it is still true when the clock stands at `now`."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                return None
            self.put(key, found)
        return found if self._versions.are_true(found, now) else None

    def put(self, key: Key, fragment: Fragment) -> None:
        """Keep a piece."""
        self._young[key] = fragment
        self._size += fragment.size + _ASIDE
        if self._size > self._half:
            self._old, self._young, self._size = self._young, {}, 0
