"""Pieces of pages that many pages show alike, rendered once: a header, a card.

A piece is what its template makes of the site, the language, the currency and the values it was given, so those are
its key. Like a page it remembers the clock before it was rendered, its tags and its end, and is true as long as a page
would be. The least used go when the room is full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from core.kernel import cache, i18n
from core.kernel.cache import Key, Versions
from core.kernel.here import environ
from core.kernel.installation import installation

_ASIDE = 600  # What an entry takes beside its text, about.


@dataclass(frozen=True, slots=True)
class Fragment:
    """A rendered piece, with what it depends on."""

    html: Markup
    clock: int
    tags: frozenset[str]
    until: datetime | None


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
            kept.put(whole, Fragment(html, now, frozenset(recording.tags | around), recording.until))
        return html
    cache.depends(*known.tags, until=known.until)
    return known.html


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
        self._size += 2 * len(fragment.html) + _ASIDE
        if self._size > self._half:
            self._old, self._young, self._size = self._young, {}, 0
