"""The list of pages in the panel, and what its search finds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from core.api import PanelHit, Site, instant, marks, media_url, micros, now, rows, url_for
from core.api import gettext as _
from plugins.pages.models import GUIDE, KINDS, Page, PageText
from plugins.pages.services.contents import pictures_in
from plugins.pages.services.panel import finding

PAGE = 50
SHOWN, PLANNED, ENDED, HIDDEN, DRAFT = "shown", "planned", "ended", "hidden", "draft"
VIEWS = ("", SHOWN, PLANNED, HIDDEN, "changed")
_HITS = 8


class Row(Struct, frozen=True, kw_only=True):
    """A page in the list. `languages`: it is shown in these; `changed`: a draft waits beside what is shown."""

    id: int
    kind: str
    title: str
    state: str
    changed: bool
    languages: Sequence[str]
    picture: str
    updated: datetime


class Query(Struct, frozen=True, kw_only=True):
    """What is asked of the list."""

    text: str = ""
    view: str = ""
    kind: str = ""
    before: int | None = None


_SHOWS = {
    SHOWN: "p.published AND p.publish_at <= {now} AND (p.unpublish_at IS NULL OR p.unpublish_at > {now})",
    PLANNED: "((p.published AND p.publish_at > {now}) OR EXISTS (SELECT 1 FROM pages_text d WHERE d.page_id = p.id AND"
    " d.draft_at IS NOT NULL))",
    HIDDEN: "(NOT p.published OR p.unpublish_at <= {now})",
    "changed": "EXISTS (SELECT 1 FROM pages_text d WHERE d.page_id = p.id AND d.draft IS NOT NULL AND d.live IS NOT"
    " NULL)",
}


def listed(site: Site, query: Query) -> tuple[list[Row], int | None]:
    """A page of the list, the newest first, and the id to go on from. Two statements."""
    where = ["p.site_id = ?", "p.removed_at IS NULL", "p.id < ?"]
    values: list[object] = [site.id, query.before or 2**31]
    if query.view in _SHOWS:
        where.append(_SHOWS[query.view].format(now=int(micros(now()))))
    if query.kind in KINDS:
        where.append("p.kind = ?")
        values.append(query.kind)
    if query.text:
        where.append("EXISTS (SELECT 1 FROM pages_text t WHERE t.page_id = p.id AND LOWER(t.title) LIKE ? ESCAPE '!')")
        values.append(_like(query.text))
    found = rows(
        "SELECT p.id, p.kind, p.published, p.publish_at, p.unpublish_at, p.updated_at, m.name FROM pages_page p"
        f" LEFT JOIN media m ON m.id = p.media_id WHERE {' AND '.join(where)} ORDER BY p.id DESC LIMIT ?",
        *values,
        PAGE + 1,
    )
    shown = found[:PAGE]
    texts = _texts(site, [row[0] for row in shown])
    listed_rows = [_row(site, row, texts.get(row[0], [])) for row in shown]
    return listed_rows, shown[-1][0] if len(found) > PAGE else None


def every(site: Site, kind: str) -> list[Row]:
    """All of a kind, the newest first. Two statements."""
    found = rows(
        "SELECT p.id, p.kind, p.published, p.publish_at, p.unpublish_at, p.updated_at, NULL FROM pages_page p"
        " WHERE p.site_id = ? AND p.removed_at IS NULL AND p.kind = ? ORDER BY p.id DESC",
        site.id,
        kind,
    )
    texts = _texts(site, [row[0] for row in found])
    return [_row(site, row, texts.get(row[0], [])) for row in found]


def _like(text: str) -> str:
    escaped = text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def _texts(site: Site, page_ids: list[int]) -> dict[int, list[tuple[str, str, bool, bool]]]:
    """By page: (language, title, is live, has a draft)."""
    found: dict[int, list[tuple[str, str, bool, bool]]] = {}
    if page_ids:
        for page_id, *said in rows(
            "SELECT page_id, language, title, live IS NOT NULL, draft IS NOT NULL FROM pages_text"
            f" WHERE site_id = ? AND page_id IN ({marks(page_ids)}) ORDER BY id",
            site.id,
            *page_ids,
        ):
            found.setdefault(page_id, []).append((said[0], said[1], bool(said[2]), bool(said[3])))
    return found


def _row(site: Site, row: tuple[int, str, bool, int, int, int, str], texts: list[tuple[str, str, bool, bool]]) -> Row:
    titles = {language: title for language, title, _live, _draft in texts if title}
    live = [language for language, _title, is_live, _draft in texts if is_live]
    return Row(
        id=row[0],
        kind=row[1],
        title=titles.get(site.language) or next(iter(titles.values()), _("Without a title")),
        state=state_of(
            published=bool(row[2]),
            publish_at=None if row[3] is None else instant(row[3]),
            unpublish_at=None if row[4] is None else instant(row[4]),
            was_live=bool(live),
        ),
        changed=any(is_live and has_draft for _language, _title, is_live, has_draft in texts),
        languages=live,
        picture=media_url(row[6], 192) if row[6] else "",
        updated=instant(row[5]),
    )


def state_of(*, published: bool, publish_at: datetime | None, unpublish_at: datetime | None, was_live: bool) -> str:
    """Where a page stands."""
    at = now()
    if not published:
        return HIDDEN if was_live else DRAFT
    if unpublish_at is not None and unpublish_at <= at:
        return ENDED
    return PLANNED if publish_at is not None and publish_at > at else SHOWN


def hits(site: Site, words: str) -> list[PanelHit]:
    """What the search of the panel finds."""
    found, _further = listed(site, Query(text=words[:100]))
    return [
        PanelHit(
            title=row.title,
            note=finding.kind_words(row.kind),
            url=url_for("pages.panel.edit", page_id=row.id),
            icon="leaf" if row.kind == GUIDE else "page",
        )
        for row in found[:_HITS]
    ]


def has_any(site: Site) -> bool:
    """Whether the shop has a page that was published once: its first step is taken then."""
    return bool(rows("SELECT 1 FROM pages_page WHERE site_id = ? AND publish_at IS NOT NULL LIMIT 1", site.id))


def uses_of_pictures(site: Site, media_ids: Sequence[int]) -> dict[int, list[dict[str, str]]]:
    """Which pages show these pictures, for the library: by their own pictures and by those in their blocks."""
    wanted, uses = set(media_ids), dict[int, list[dict[str, str]]]()
    pages = {page.id: page for page in Page.for_site(site)}
    shown: dict[int, set[int]] = {page.id: {page.media_id} for page in pages.values() if page.media_id in wanted}
    titles: dict[int, str] = {}
    for text in PageText.for_site(site) if pages else ():
        titles.setdefault(text.page_id, text.title)
        within = (pictures_in(text.live, site) | pictures_in(text.draft, site)) & wanted
        if text.page_id in pages and within:
            shown.setdefault(text.page_id, set()).update(within)
    for page_id, found in shown.items():
        use = {"title": titles.get(page_id, ""), "url": url_for("pages.panel.edit", page_id=page_id)}
        for media_id in found:
            uses.setdefault(media_id, []).append({**use, "title": use["title"] or _("Without a title")})
    return uses
