"""What the merchant said, as every page asks for it: read once, and kept while the cache clock stands still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.api import Site, kept, record_activity, touch, transaction
from plugins.seo.forms.filling import Words
from plugins.seo.models import SeoPage, SeoSite

PLUGIN = "seo"


class OwnPage(Struct, frozen=True, kw_only=True):
    """What one page says instead of the templates."""

    words: Mapping[str, Words]
    noindex: bool


class Rules(Struct, frozen=True, kw_only=True):
    """Templates by (kind, language), single pages by (kind, id), facts of the shop, and what feeds are made."""

    words: Mapping[tuple[str, str], Words] = field(default_factory=dict)
    pages: Mapping[tuple[str, int], OwnPage] = field(default_factory=dict)
    shop: Mapping[str, Any] = field(default_factory=dict)
    feeds: Mapping[str, Any] = field(default_factory=dict)

    def page(self, kind: str, object_id: int) -> OwnPage:
        """What a page says of its own; nothing where nobody wrote anything."""
        return self.pages.get((kind, object_id), _NOTHING)


_NOTHING = OwnPage(words={}, noindex=False)


def rules_of(site: Site) -> Rules:
    """The rules of a site. No statement on most pages; two after anything in the shop has changed."""
    return kept(tag_of(site), lambda: read_rules(site))


def tag_of(site: Site) -> str:
    """The tag of every page that shows these rules."""
    return f"seo:{site.id}"


def read_rules(site: Site) -> Rules:
    """The rules as they are stored; two statements."""
    found = SeoSite.for_site(site).first()
    pages = {
        (row.kind, row.object_id): OwnPage(words=_pairs(row.words), noindex=row.noindex)
        for row in SeoPage.for_site(site)
    }
    if found is None:
        return Rules(pages=pages)
    words = {(kind, tag): pair for kind, said in found.words.items() for tag, pair in _pairs(said).items()}
    return Rules(words=words, pages=pages, shop=found.shop, feeds=found.feeds)


def _pairs(said: Mapping[str, Any]) -> dict[str, Words]:
    return {tag: (str(pair[0]), str(pair[1])) for tag, pair in said.items()}


# -- verbs -------------------------------------------------------------------------------------------------------------


def save_site(site: Site, part: str, said: Mapping[str, Any], *, actor: str) -> None:
    """Keep one part of a site's row: `words`, `shop` or `feeds`. Commits."""
    with transaction():
        row = SeoSite.for_site(site).first() or SeoSite(site_id=site.id, words={}, shop={}, feeds={})
        before = getattr(row, part)
        setattr(row, part, dict(said))
        row.save()
        touch(tag_of(site))
        record_activity(
            actor, f"{PLUGIN}.{part}", f"site:{site.id}", before={part: before}, after={part: dict(said)},
            site_id=site.id, title=site.name,
        )  # fmt: skip


def save_page(
    site: Site, kind: str, object_id: int, words: Mapping[str, Words], *, noindex: bool, title: str, actor: str
) -> None:
    """Keep what one page says; without words and with search engines let in, it says nothing of its own. Commits."""
    said = {tag: list(pair) for tag, pair in words.items() if any(pair)}
    with transaction():
        row = SeoPage.for_site(site).where(SeoPage.kind == kind, SeoPage.object_id == object_id).first()
        before = {"words": row.words, "noindex": row.noindex} if row is not None else {}
        SeoPage.delete().where(
            SeoPage.site_id == site.id, SeoPage.kind == kind, SeoPage.object_id == object_id
        ).execute()
        if said or noindex:
            SeoPage.create(site_id=site.id, kind=kind, object_id=object_id, words=said, noindex=noindex)
        touch(tag_of(site))
        record_activity(
            actor, f"{PLUGIN}.page", f"{kind}:{object_id}", before=before, after={"words": said, "noindex": noindex},
            site_id=site.id, title=title,
        )  # fmt: skip
