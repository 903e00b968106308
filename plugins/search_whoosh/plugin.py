"""Search by Whoosh: a full-text index in files, written by one job."""

from __future__ import annotations

import sys

from core.api import Delivery, Plugin, ProductChanged, SearchQuery, SearchResult, Site, hookimpl
from plugins.search_whoosh.models import TABLES
from plugins.search_whoosh.services import find, keep, note, rebuild_all, write


def rebuild(_arguments: list[str]) -> int:
    """`./stoa search_whoosh rebuild`: all sites that have it on."""
    sys.stderr.write(f"{rebuild_all():,} products indexed.\n")
    return 0


PLUGIN = Plugin(
    name="search_whoosh",
    version="1.0.0",
    title="Search with Whoosh",
    summary=(
        "Finds goods by words, ranked by how well they fit, in Chinese too. For shops of up to about 5,000 products."
    ),
    category="search",
    author="Stoa contributors",
    models=TABLES,
    jobs={"keep": keep, "write": write},
    every={"keep": 60},
    commands={"rebuild": rebuild},
    reads=("products",),
    hears=(ProductChanged,),
)


@hookimpl
def site_search(site: Site, query: SearchQuery) -> SearchResult | None:
    """Products by words; None while there is no sound index, so that core's plain search answers."""
    return find(site, query)


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Products changed: they wait for the writer."""
    note(site, delivery)
