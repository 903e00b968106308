"""Pages: the shop's own pages of text, and guides, written in blocks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from core.api import (
    Data,
    FirstStep,
    MenuEntry,
    PanelFinder,
    Permission,
    Plugin,
    Refused,
    Site,
    Slot,
    Url,
    command_line,
    hookimpl,
    say,
    site_by_host,
)
from plugins.pages.models import TABLES
from plugins.pages.services import reading, showing
from plugins.pages.services.panel import importing, listing, publishing
from plugins.pages.services.panel.kinds import BLOCKS
from plugins.pages.views.panel import PERMISSION, PUBLISH, panel
from plugins.pages.views.shop import guides, pages


def show_due(payload: Mapping[str, Any], site: Site) -> None:
    """Publish the drafts whose time has come."""
    del payload
    publishing.show_due(site)


def import_file(arguments: list[str]) -> int:
    """`./stoa pages import FILE --site HOST [--publish]`."""
    parser = command_line("pages import", "Make pages from a file of texts.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--site", required=True)
    parser.add_argument("--publish", action="store_true")
    said = parser.parse_args(arguments)
    try:
        count = importing.import_file(site_by_host(said.site), said.file, publish=said.publish, actor="system")
    except (Refused, OSError) as error:
        sys.stderr.write(f"{said.file}: {say(error) if isinstance(error, Refused) else error}\n")
        return 1
    sys.stderr.write(f"{count:,} pages made.\n")
    return 0


PLUGIN = Plugin(
    name="pages",
    version="1.0.0",
    title="Pages",
    summary="About, delivery, returns, privacy, and guides with products in them: written in blocks, with drafts.",
    category="content",
    author="Stoa contributors",
    verbs={
        "created": "began the page %(title)s",
        "saved": "saved the draft of the page %(title)s",
        "published": "published the page %(title)s",
        "withdrawn": "took a language off the page %(title)s",
        "hidden": "hid the page %(title)s",
        "discarded": "let the draft of the page %(title)s go",
        "brought_back": "made an older text of the page %(title)s the draft",
        "removed": "removed the page %(title)s",
        "restored": "brought the page %(title)s back",
        "tree": "changed the order of the pages of %(title)s",
        "menus": "changed which pages stand in the menus of %(title)s",
    },
    models=TABLES,
    shop=(pages, guides),
    slots=showing.PLACES,
    kept_slots=showing.KEPT,
    panel=panel,
    panel_menu=(MenuEntry(title="Pages", endpoint="show", icon="page", permission=PERMISSION),),
    panel_finder=PanelFinder(title="Pages", find=listing.hits, permission=PERMISSION),
    permissions=(
        Permission(code=PERMISSION, title="Write drafts of pages and guides"),
        Permission(code=PUBLISH, title="Publish, hide and remove pages, and arrange them in menus"),
    ),
    first_steps=(
        FirstStep(
            title="Say who you are",
            how="Pages about the shop, delivery, returns and privacy: drafts to begin with are made for you.",
            endpoint="show",
            permission=PERMISSION,
            is_done=listing.has_any,
        ),
    ),
    blocks=BLOCKS,
    commands={"import": import_file},
    jobs={"due": show_due},
    every={"due": 300},
)


@hookimpl
def site_slot(site: Site, name: str, subject: object) -> Slot | None:
    """Links in the menus, what the search finds, and where the feed is."""
    return showing.in_slot(site, name, subject)


@hookimpl
def site_urls(site: Site, since: datetime | None) -> Iterable[Url]:
    """Every page and guide in its languages, for the sitemap."""
    return list(reading.urls(site, since))


@hookimpl
def site_data(site: Site, kind: str, objects: Sequence[int]) -> Mapping[int, Data]:
    """Which pages show a picture."""
    uses = listing.uses_of_pictures(site, objects) if kind == "picture" else {}
    return {media_id: Data(values={"uses": found}) for media_id, found in uses.items()}
