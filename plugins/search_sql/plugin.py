"""Search by the shop's own database: FTS5 on SQLite, a GIN index on PostgreSQL."""

from __future__ import annotations

import sys

from core.api import Delivery, Plugin, ProductChanged, SearchQuery, SearchResult, Site, hookimpl
from plugins.search_sql.models import TABLES
from plugins.search_sql.services.finding import find
from plugins.search_sql.services.keeping import count_words, hear, keep, rebuild_all


def rebuild(_arguments: list[str]) -> int:
    """`./stoa search_sql rebuild`: all sites that have it on."""
    done = rebuild_all(lambda products: _say(f"\r{products:,}") if sys.stderr.isatty() else None)
    _say(f"\r{done:,} products indexed.\n")
    return 0


def _say(words: str) -> None:
    sys.stderr.write(words)
    sys.stderr.flush()


PLUGIN = Plugin(
    name="search_sql",
    version="1.0.0",
    title="Search in the database",
    summary=(
        "Finds goods by words, by beginnings of words and in spite of a typo, in Chinese too. For shops of any size."
    ),
    category="search",
    author="Stoa contributors",
    test=count_words,
    models=TABLES,
    jobs={"keep": keep},
    every={"keep": 60},
    commands={"rebuild": rebuild},
    reads=("products",),
    hears=(ProductChanged,),
)


@hookimpl
def site_search(site: Site, query: SearchQuery) -> SearchResult | None:
    """Products by words; None until the index is there, so that core's plain search answers."""
    return find(site, query)


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Products changed: their words are read again."""
    hear(site, delivery.event)
