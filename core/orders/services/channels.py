"""The channels from which orders came in, beside the shop itself."""

from __future__ import annotations

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.kept import kept

TAG = "channels"


def known_channels(site: Site) -> tuple[str, ...]:
    """The channels of a site by name, at most a hundred. At most one statement, none while nothing changes."""
    return kept(TAG, lambda: _read(site))


def _read(site: Site) -> tuple[str, ...]:
    return tuple(
        row[0]
        for row in db.rows(
            "SELECT DISTINCT channel FROM orders WHERE site_id = ? AND channel <> '' ORDER BY channel LIMIT 100",
            site.id,
        )
    )
