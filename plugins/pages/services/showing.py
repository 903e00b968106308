"""A page as shoppers read it: its blocks as markup, what search engines are told, and its places on other pages."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup
from msgspec import Struct, field

from core.api import (
    Picture,
    SearchPage,
    Site,
    Slot,
    absolute,
    depends,
    derived_secret,
    instant,
    language,
    media_url,
    micros,
    now,
    part,
    plugin_blocks,
    request,
    stored_pictures,
    url_for,
)
from core.api import gettext as _
from plugins.pages.forms.shapes import Content
from plugins.pages.models import FOOTER, GUIDE, HEADER, PAGE
from plugins.pages.services import reading
from plugins.pages.services.reading import Entry, Words

_LISTED = 12
PREVIEWED = timedelta(days=7)


# -- blocks ------------------------------------------------------------------------------------------------------------


def shown_blocks(site: Site, content: Content) -> list[Markup]:
    """The blocks of a content, without those that have nothing to show or whose plugin is off."""
    known, shown = plugin_blocks(site), list[Markup]()
    for one in content["blocks"]:
        kind = known.get(one["kind"])
        slot = kind.show(site, filled(kind, one["values"])) if kind is not None else None
        if slot is not None:
            depends(*slot.tags, until=slot.until)
            shown.append(slot.html)
    return shown


def filled(kind: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a block with an entry for every field, also for those that came to its kind later."""
    empty: dict[str, Any] = {"picture": 0, "products": []}
    return {**{field.name: empty.get(field.kind, "") for field in kind.fields}, **values}


def said_by_blocks(site: Site, content: Content) -> list[dict[str, Any]]:
    """What the blocks say as things of schema.org: one of each type, its lists joined."""
    known, things = plugin_blocks(site), dict[str, dict[str, Any]]()
    for one in content["blocks"]:
        kind = known.get(one["kind"])
        for thing in kind.json_ld(filled(kind, one["values"])) if kind is not None else ():
            ours = things.setdefault(str(thing.get("@type", "")), {})
            for name, said in thing.items():
                ours[name] = [*ours[name], *said] if isinstance(ours.get(name), list) else said
    return list(things.values())


# -- one page ----------------------------------------------------------------------------------------------------------


class ShownPage(Struct, frozen=True, kw_only=True):
    """All that the template of a page shows. `language` is that of its words, which may be another than the page's."""

    title: str
    summary: str
    seo_title: str
    seo_description: str
    language: str
    kind: str
    author: str
    at: datetime | None
    changed: datetime | None
    minutes: int
    picture: Picture | None
    content: Content
    blocks: list[Markup]
    trail: list[tuple[str, str]]
    below: list[Card] = field(default_factory=list)


def trail_of(site: Site, kind: str, title: str, above: Sequence[Entry] = ()) -> list[tuple[str, str]]:
    """The way down to a page, by the pages above it."""
    guides = [(_("Guides"), url_for("pages.guides"))] if kind == GUIDE else []
    way = [(entry.words(site).title, reading.url_of(site, entry)) for entry in above]
    return [(site.name, url_for("storefront.home")), *guides, *way, (title, "")]


def shown(site: Site, entry: Entry) -> ShownPage | None:
    """A page with its blocks; None if it has just gone."""
    said = entry.words(site)
    content = reading.live(site, said.text_id)
    if content is None:
        return None
    return ShownPage(
        title=content["title"],
        summary=content["summary"],
        seo_title=content["seo_title"],
        seo_description=content["seo_description"],
        language=said.language,
        kind=entry.kind,
        author=entry.author,
        at=entry.publish_at,
        changed=max(said.changed, entry.publish_at),
        minutes=said.minutes,
        picture=_picture(site, entry.media_id),
        content=content,
        blocks=shown_blocks(site, content),
        trail=trail_of(site, entry.kind, content["title"], reading.above(site, entry) if entry.kind == PAGE else ()),
        below=cards(site, reading.below(site, entry), pictured=False),
    )


def _picture(site: Site, media_id: int | None) -> Picture | None:
    return stored_pictures(site, language(), [media_id]).get(media_id) if media_id else None


def facts(site: Site, page: ShownPage, url: str) -> dict[str, Any]:
    """What search engines are told: the article or page, where it stands, and what its blocks say."""
    thing: dict[str, Any] = {
        "@type": "Article" if page.kind == GUIDE else "WebPage",
        "headline" if page.kind == GUIDE else "name": page.title,
        "inLanguage": page.language,
        "url": url,
        "dateModified": _day(page.changed),
    }
    if page.summary:
        thing["description"] = page.summary
    if page.picture is not None:
        thing["image"] = site.origin + media_url(page.picture.name, 1600)
    if page.kind == GUIDE:
        shop = {"@type": "Organization", "name": site.name, "url": f"{site.origin}/"}
        thing["datePublished"] = _day(page.at)
        thing["author"] = {"@type": "Person", "name": page.author} if page.author else shop
        thing["publisher"] = shop
    steps = [
        {"@type": "ListItem", "position": place, "name": name} | ({"item": site.origin + path} if path else {})
        for place, (name, path) in enumerate(page.trail, start=1)
    ]
    things = [thing, {"@type": "BreadcrumbList", "itemListElement": steps}]
    return {"@context": "https://schema.org", "@graph": [*things, *said_by_blocks(site, page.content)]}


def _day(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def alternates(site: Site, entry: Entry) -> dict[str, str]:
    """The addresses of a page in its languages, for hreflang; none where there is only one."""
    known = reading.paths(site, entry)
    return {spoken: absolute(path) for spoken, path in known.items()} if len(known) > 1 else {}


def canonical(site: Site, entry: Entry) -> str:
    """The address of record: that of the language its words are in, if the site speaks it."""
    said = entry.words(site)
    known = reading.paths(site, entry)
    return absolute(known.get(said.language) or reading.url_of(site, entry))


# -- lists and places --------------------------------------------------------------------------------------------------


class Card(Struct, frozen=True, kw_only=True):
    """A page in a list."""

    url: str
    words: Words
    kind: str
    at: datetime
    picture: Picture | None = None


def cards(site: Site, chosen: list[Entry], *, pictured: bool = True) -> list[Card]:
    """Pages as lists show them; one statement for all their pictures."""
    ids = {entry.media_id for entry in chosen if entry.media_id} if pictured else set()
    pictures = stored_pictures(site, language(), ids) if ids else {}
    return [
        Card(
            url=reading.url_of(site, entry),
            words=entry.words(site),
            kind=entry.kind,
            at=entry.publish_at,
            picture=pictures.get(entry.media_id or 0),
        )
        for entry in chosen
    ]


class Shelf(Struct, frozen=True, kw_only=True):
    """A piece of the list of guides, with the ways on, as the theme's part `pager` takes them."""

    cards: list[Card]
    next_url: str
    first_url: str
    seen: int
    total: int


def shelf(site: Site, start: int) -> Shelf:
    """The guides from `start` on."""
    every = reading.guides(site)
    end = start + _LISTED
    here = url_for("pages.guides")
    return Shelf(
        cards=cards(site, every[start:end]),
        next_url=url_for("pages.guides", start=end) if end < len(every) else "",
        first_url=here if start else "",
        seen=min(end, len(every)),
        total=len(every),
    )


def in_slot(site: Site, name: str, subject: object) -> Slot | None:
    """Links to pages in menus, and what the search finds among them."""
    if name == "page.head":
        return _feed(site)
    if name in _MENUS:
        chosen = reading.in_menu(site, FOOTER if name == "footer.links" else HEADER)
        found = cards(site, chosen, pictured=False)
        guides = name != "header.links" and bool(reading.guides(site))
        return Slot(html=part("pages/menu", cards=found, guides=guides, css=_MENUS[name]))
    if name not in _SEARCHES:
        return None
    words = subject.words if isinstance(subject, SearchPage) else str(subject)
    hits = reading.found(site, words) if words.strip() else []
    if not hits:
        return None
    return Slot(html=part(f"pages/{_SEARCHES[name]}", cards=cards(site, hits, pictured=False)))


def _feed(site: Site) -> Slot | None:
    """Where the feed of guides is, on the pages that readers of feeds are pointed to."""
    if request.endpoint not in {"storefront.home", "pages.guides", "pages.guide"} or not reading.guides(site):
        return None
    link = Markup('<link rel="alternate" type="application/atom+xml" title="{}" href="{}">')
    return Slot(html=link.format(_("Guides of %(site)s", site=site.name), url_for("pages.feed_of_guides")))


_MENUS = {"footer.links": "", "header.links": "", "menu.links": "menu__item"}
_SEARCHES = {"search.completion": "completion", "search.bottom": "results", "search.none": "instead"}
PLACES = (*_MENUS, *_SEARCHES, "page.head")
KEPT = tuple(_MENUS)


# -- previews ----------------------------------------------------------------------------------------------------------


def preview_token(text_id: int) -> str:
    """What opens the draft of a text for a week, for whoever is given the link."""
    until = micros(now() + PREVIEWED) // 1_000_000
    return f"{text_id}-{until}-{_signature(text_id, until)}"


def previewed(token: str) -> tuple[int, datetime] | None:
    """The text that a token opens, and until when; None for one that nobody made."""
    text_id, _dash, rest = token.partition("-")
    until, _dash, signature = rest.partition("-")
    if not (text_id.isdecimal() and until.isdecimal() and text_id.isascii() and until.isascii() and len(rest) < 60):
        return None
    if not hmac.compare_digest(_signature(int(text_id), int(until)), signature.encode("utf-8", "replace").decode()):
        return None
    return int(text_id), instant(int(until) * 1_000_000)


def _signature(text_id: int, until: int) -> str:
    return hashlib.sha256(derived_secret("pages.preview", f"{text_id}:{until}").encode()).hexdigest()[:32]
