"""What shoppers may read now: one list per site, kept in memory, from which menus, lists, search and sitemap are told.

Whatever is shown depends on the site's tag, and ends when the next page begins or ends to be shown by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from core.api import JSONField, Site, Url, depends, fold, instant, kept, language, now, one, rows, url_for
from plugins.pages.forms.shapes import Content
from plugins.pages.models import GUIDE, HEADER, PAGE
from plugins.pages.services import contents, tree

_MOST_FOUND = 3


class Words(Struct, frozen=True, kw_only=True):
    """A page in one language, without its blocks. `found_in` is folded."""

    text_id: int
    language: str
    title: str
    slug: str
    summary: str
    minutes: int
    changed: datetime
    found_in: str


class Entry(Struct, frozen=True, kw_only=True):
    """A page that is shown now or will be, with its texts by language."""

    id: int
    kind: str
    publish_at: datetime
    unpublish_at: datetime | None
    media_id: int | None
    author: str
    header: int | None
    footer: int | None
    parent: int | None
    place: int
    texts: Mapping[str, Words]

    def words(self, site: Site, tag: str = "") -> Words:
        """Its text in a language, else in the site's, else in any: better than a page that is not there."""
        texts = self.texts
        return texts.get(tag or language()) or texts.get(site.language) or next(iter(texts.values()))


def tag(site: Site) -> str:
    """What is touched when anything about the pages of a site changes."""
    return f"pages:{site.id}"


def entries(site: Site) -> list[Entry]:
    """The pages that are shown now, by their ids. No statement until one changes."""
    every: tuple[Entry, ...] = kept(tag(site), lambda: _read(site))
    at = now()
    edges = [edge for entry in every for edge in (entry.publish_at, entry.unpublish_at) if edge is not None]
    depends(tag(site), until=min((edge for edge in edges if edge > at), default=None))
    return [
        entry for entry in every if entry.publish_at <= at and (entry.unpublish_at is None or at < entry.unpublish_at)
    ]


def _read(site: Site) -> tuple[Entry, ...]:
    found = rows(
        "SELECT p.id, p.kind, p.publish_at, p.unpublish_at, p.media_id, p.author, p.header, p.footer, t.id, t.language,"
        " t.live, t.live_at, p.parent_id, p.place FROM pages_page p JOIN pages_text t ON t.page_id = p.id"
        " WHERE p.site_id = ? AND p.published AND p.removed_at IS NULL AND t.live IS NOT NULL"
        " ORDER BY p.id, t.language",
        site.id,
    )
    pages: dict[int, tuple[Any, ...]] = {row[0]: row for row in found}
    texts: dict[int, dict[str, Words]] = {}
    for row in found:
        texts.setdefault(row[0], {})[row[9]] = _words(row)
    return tuple(
        Entry(
            id=row[0],
            kind=row[1],
            publish_at=instant(row[2]),
            unpublish_at=None if row[3] is None else instant(row[3]),
            media_id=row[4],
            author=row[5],
            header=row[6],
            footer=row[7],
            parent=row[12],
            place=row[13],
            texts=texts[row[0]],
        )
        for row in pages.values()
    )


def _words(row: tuple[Any, ...]) -> Words:
    content: Content = decoded(row[10])
    return Words(
        text_id=row[8],
        language=row[9],
        title=content["title"],
        slug=content["slug"],
        summary=content["summary"],
        minutes=contents.minutes(content),
        changed=instant(row[11]),
        found_in=fold(contents.found_in(content)),
    )


def decoded(stored: str) -> Any:
    """JSON as a column of models holds it, for rows that were read without them."""
    return JSONField().python_value(stored)


def live(site: Site, text_id: int) -> Content | None:
    """What a text says to shoppers, with its blocks. One statement."""
    found = one("SELECT live FROM pages_text WHERE site_id = ? AND id = ?", site.id, text_id)
    return decoded(found[0]) if found is not None and found[0] is not None else None


# -- addresses ---------------------------------------------------------------------------------------------------------


def address(kind: str, slug: str) -> str:
    """The path of a page in the present language."""
    return url_for("pages.guide" if kind == GUIDE else "pages.show", slug=slug)


def url_of(site: Site, entry: Entry) -> str:
    """The path of a page as the present reader gets it."""
    return address(entry.kind, entry.words(site).slug)


def prefix(site: Site, in_language: str) -> str:
    """What stands before the paths of a language."""
    return "" if in_language == site.language else f"/{in_language.lower()}"


def path_in(site: Site, entry: Entry, in_language: str) -> str:
    """The path of a page in any language, without the request's."""
    place = "guides" if entry.kind == GUIDE else "pages"
    return f"{prefix(site, in_language)}/{place}/{quote(entry.texts[in_language].slug)}"


def paths(site: Site, entry: Entry) -> dict[str, str]:
    """Its paths in the languages that it is written in and the site speaks."""
    return {known: path_in(site, entry, known) for known in entry.texts if known in site.languages}


def found_at(site: Site, slug: str) -> Entry | None:
    """The page that has this slug, now or before, in the reader's language or the one it falls back to."""
    shown = entries(site)
    for entry in shown:
        if entry.words(site).slug == slug:
            return entry
    known = one(
        "SELECT page_id FROM pages_address WHERE site_id = ? AND slug = ? ORDER BY language = ? DESC, is_current DESC",
        site.id,
        slug,
        language(),
    )
    return next((entry for entry in shown if known is not None and entry.id == known[0]), None)


# -- menus, lists, search ----------------------------------------------------------------------------------------------


def in_menu(site: Site, menu: str) -> list[Entry]:
    """The pages that stand in a menu, in the merchant's order."""
    placed = [(entry.header if menu == HEADER else entry.footer, entry) for entry in entries(site)]
    return [entry for place, entry in sorted(placed, key=lambda one: (one[0] or 0, one[1].id)) if place is not None]


def above(site: Site, entry: Entry) -> list[Entry]:
    """The pages above a page that are shown, the top one first; of those that are not, nothing is said."""
    return [one for page_id in tree.above(entry.id, _nodes(site)) for one in pages(site) if one.id == page_id]


def below(site: Site, entry: Entry) -> list[Entry]:
    """The pages right below a page, in the merchant's order."""
    ids = tree.children(_nodes(site)).get(entry.id, []) if entry.kind == PAGE else []
    shown = {one.id: one for one in pages(site)}
    return [shown[page_id] for page_id in ids]


def pages(site: Site) -> list[Entry]:
    """All pages that are no guides, in the merchant's order within each branch of the tree."""
    shown = [entry for entry in entries(site) if entry.kind == PAGE]
    return sorted(shown, key=lambda entry: (entry.place, entry.id))


def _nodes(site: Site) -> list[tree.Node]:
    return [(entry.id, entry.parent) for entry in pages(site)]


def guides(site: Site) -> list[Entry]:
    """All guides, the newest first."""
    shown = [entry for entry in entries(site) if entry.kind == GUIDE]
    return sorted(shown, key=lambda entry: (entry.publish_at, entry.id), reverse=True)


def found(site: Site, words: str, most: int = _MOST_FOUND) -> list[Entry]:
    """The pages that hold all the words, those that hold them in their titles first, guides before pages."""
    folded = fold(words).split()
    if not folded:
        return []
    ranked: list[tuple[tuple[bool, bool, int], Entry]] = []
    for entry in entries(site):
        said = entry.words(site)
        if all(word in said.found_in for word in folded):
            title = fold(said.title)
            rank = (not all(word in title for word in folded), entry.kind != GUIDE, -entry.id)
            ranked.append((rank, entry))
    return [entry for _rank, entry in sorted(ranked, key=lambda one: one[0])[:most]]


def urls(site: Site, since: datetime | None) -> Iterator[Url]:
    """What the sitemap lists: every page in each of its languages, and the list of guides."""
    shown: Sequence[Entry] = entries(site)
    for entry in shown:
        known = paths(site, entry)
        for spoken, path in known.items():
            changed = max(entry.texts[spoken].changed, entry.publish_at)
            if since is None or changed > since:
                yield Url(path=path, changed=changed, alternates=known if len(known) > 1 else {})
    dates = [_changed(entry) for entry in shown if entry.kind == GUIDE]
    listed = {known: f"{prefix(site, known)}/guides" for known in site.languages}
    for path in listed.values() if dates else ():
        yield Url(path=path, changed=max(dates), alternates=listed if len(listed) > 1 else {})


def _changed(entry: Entry) -> datetime:
    return max(entry.publish_at, *(text.changed for text in entry.texts.values()))
