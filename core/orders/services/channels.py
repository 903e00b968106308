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
    """From one name to the next in the index, so that it takes no longer when there are many orders."""
    return tuple(
        row[0]
        for row in db.rows(
            "WITH RECURSIVE known(channel) AS (SELECT MIN(channel) FROM orders WHERE site_id = ? AND channel > ''"
            " UNION ALL SELECT (SELECT MIN(o.channel) FROM orders o WHERE o.site_id = ? AND o.channel > known.channel)"
            " FROM known WHERE known.channel IS NOT NULL)"
            " SELECT channel FROM known WHERE channel IS NOT NULL LIMIT 100",
            site.id, site.id,
        )
    )  # fmt: skip
