"""SEO: words for search engines, redirects, files of goods for markets, and what there is to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.api import Elsewhere, Head, MenuEntry, Permission, Plugin, Site, Slot, Url, hookimpl
from plugins.seo.models import TABLES
from plugins.seo.services import audit, feeds, heads, linking, redirects
from plugins.seo.services.counting import COUNTS, forget_missed
from plugins.seo.views import panel, shop
from plugins.seo.views.place import PERMISSION
from plugins.seo.views.words import SECTIONS


def count(payload: Mapping[str, Any], site: Site) -> None:
    """Store how often redirects were used."""
    del payload
    COUNTS.flush(site)


def look(payload: Mapping[str, Any], site: Site) -> None:
    """Look at every page, and forget what nobody asks for any more."""
    del payload
    audit.look(site)
    forget_missed(site)


def make(payload: Mapping[str, Any], site: Site) -> None:
    """Write the files of goods."""
    del payload
    feeds.make(site)


PLUGIN = Plugin(
    name="seo",
    version="1.0.0",
    title="SEO and feeds",
    summary="Titles and descriptions by templates, redirects, feeds for Google and Meta, and a list of what to mend.",
    category="marketing",
    author="Stoa contributors",
    slots=("page.head",),
    verbs={
        "redirects": "added redirects: %(title)s",
        "redirect_removed": "removed the redirect of %(title)s",
        "page": "changed the words of %(title)s for search engines",
        "words": "changed the words for search engines",
        "shop": "changed what search engines read of the shop",
        "feeds": "changed the feeds",
    },
    models=TABLES,
    shop=shop,
    panel=panel,
    panel_menu=(MenuEntry(title="SEO and feeds", endpoint="show", icon="search", permission=PERMISSION),),
    panel_sections=SECTIONS,
    permissions=(Permission(code=PERMISSION, title="Edit words for search engines, redirects and feeds"),),
    jobs={"count": count, "look": look, "feeds": make},
    every={"count": 60, "look": 86_400, "feeds": 14_400},
)


@hookimpl
def site_head(site: Site, kind: str, subject: object) -> Head:
    """Title, description and facts by the merchant's words."""
    return heads.head(site, kind, subject)


@hookimpl
def site_moved(site: Site, path: str) -> Elsewhere | None:
    """Where an old address leads."""
    return redirects.elsewhere(site, path)


@hookimpl
def site_slot(site: Site, name: str) -> Slot | None:
    """The feed of new goods."""
    return linking.in_slot(site, name)


@hookimpl
def site_urls(site: Site) -> Sequence[Url]:
    """What is not to be listed."""
    return heads.unlisted(site)
