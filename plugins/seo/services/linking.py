"""What stands in the head of a page beside core's: where its feed of new goods is."""

from __future__ import annotations

from markupsafe import Markup

from core.api import Site, Slot, request
from core.api import gettext as _
from plugins.seo.services import novelties


def in_slot(site: Site, name: str) -> Slot | None:
    """The link to the feed, on the start page and on categories."""
    if name != "page.head" or request.endpoint not in {"storefront.home", "storefront.category"}:
        return None
    path = (request.view_args or {}).get("path", "")
    link = Markup('<link rel="alternate" type="application/atom+xml" title="{}" href="{}">')
    return Slot(html=link.format(_("New at %(site)s", site=site.name), novelties.address(path)))
