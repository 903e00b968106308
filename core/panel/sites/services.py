"""The list of sites, and the facts of one for its form."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib import clock


class SiteLine(Struct, frozen=True):
    """A site in the list, with its orders of the last 30 days."""

    site: Site
    open: bool
    orders: int

    @property
    def panel_url(self) -> str:
        return f"{self.site.origin}/panel/"


def all_sites() -> list[SiteLine]:
    """Every site in the merchant's order."""
    since = clock.micros(clock.now() - timedelta(days=30))
    orders: dict[int, int] = dict(
        db.rows("SELECT site_id, COUNT(*) FROM orders WHERE placed_at > ? GROUP BY site_id", since)
    )
    return [SiteLine(state.site, state.open, orders.get(state.site.id, 0)) for state in installation().sites.all()]


def silence_of(state: SiteState) -> str:
    """What to say of languages that were chosen and whose pack is off; empty if all are spoken."""
    if not state.silent:
        return ""
    names = i18n.enumerated(i18n.language_name(tag) for tag in state.silent)
    left = state.site.language
    instead = i18n.language_name("en" if left in state.silent else left)
    if state.chosen[0] in state.silent:
        return _(
            "No language pack for %(names)s is on here. Until one is, shoppers read %(instead)s.",
            names=names,
            instead=instead,
        )
    return _("No language pack for %(names)s is on here, so it is not offered to shoppers.", names=names)


def domains_of(site_id: int) -> list[str]:
    """The further host names of a site."""
    return [row[0] for row in db.rows("SELECT host FROM site_domain WHERE site_id = ? ORDER BY host", site_id)]
