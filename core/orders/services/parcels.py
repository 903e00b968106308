"""Where a parcel can be followed."""

from __future__ import annotations

from core.hookspecs.site import Site
from core.kernel.sites import state_of


def tracking_link(site: Site, carrier: str, tracking: str) -> str:
    """The carrier's page for a parcel, or nothing: the carrier is gone, or has no such page. Asks `fulfil_carriers`."""
    if not tracking:
        return ""
    for _, offered in state_of(site.id).hooks.each("fulfil_carriers", draining=True, site=site):
        for one in offered:
            if one.code == carrier:
                return str(one.tracking_url(tracking))
    return ""
