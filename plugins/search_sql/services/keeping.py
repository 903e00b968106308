"""Keeping the index true: after every change of a product, and anew where it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from core.api import (
    Event,
    ProductChanged,
    Refused,
    SearchText,
    Site,
    enumerated,
    execute,
    micros,
    number,
    rows,
    search_texts,
    sites_with,
    touch,
    transaction,
    value,
)
from core.api import gettext as _
from plugins.search_sql.services.preparing import Prepared, prepare
from plugins.search_sql.services.storing import Span, hold, scopes_tag, store, stored_between

_AT_ONCE = 200
Progress = Callable[[int], None]


def hear(site: Site, event: Event) -> None:
    """A change of products is written at once, in one transaction per language."""
    if isinstance(event, ProductChanged):
        for language in site.languages:
            _update(site, language, event.product_ids)


def _update(site: Site, language: str, product_ids: Collection[int]) -> None:
    with transaction():
        span = hold(site, language)
        texts = search_texts(site, language, product_ids)
        store(span, {**dict.fromkeys(product_ids), **_prepared(texts)})


def keep(_payload: Any, site: Site) -> None:
    """Build what is not complete: after the plugin was switched on, or the site learned a language."""
    for here, since in sites_with("search_sql"):
        if here.id == site.id:
            for language in here.languages:
                if not _is_complete(here, language, since):
                    rebuild(here, language, since)


def _is_complete(site: Site, language: str, since: datetime) -> bool:
    built = value("SELECT since FROM search_sql_scope WHERE site_id = ? AND language = ?", site.id, language)
    return bool(built == micros(since))


def rebuild_all(progress: Progress = lambda _: None) -> int:
    """Build the index of every site that has the plugin on; answers how many words of products were looked at."""
    return sum(
        rebuild(site, language, since, progress)
        for site, since in sites_with("search_sql")
        for language in site.languages
    )


def rebuild(site: Site, language: str, since: datetime, progress: Progress = lambda _: None) -> int:
    """Read all words of a site's language anew, in short transactions; answers of how many products.

    Products that were sold before and are no more go out. Searches and sales go on meanwhile.
    """
    after, done = 0, 0
    while True:
        texts = _rebuild_next(site, language, after)
        if not texts:
            break
        after, done = texts[-1].product_id, done + len(texts)
        progress(done)
    with transaction():
        hold(site, language)
        execute(
            "UPDATE search_sql_scope SET since = ? WHERE site_id = ? AND language = ?",
            micros(since),
            site.id,
            language,
        )
        touch(scopes_tag(site))
    return done


def _rebuild_next(site: Site, language: str, after: int) -> list[SearchText]:
    """Write the next products, and take out those between them that are not sold any more."""
    with transaction():
        span = hold(site, language)
        texts = search_texts(site, language, after=after, limit=_AT_ONCE)
        old = stored_between(span, after, texts[-1].product_id if texts else None)
        store(span, {**dict.fromkeys(old), **_prepared(texts)})
    return texts


def _prepared(texts: Iterable[SearchText]) -> dict[int, Prepared]:
    return {text.product_id: prepare(text) for text in texts}


# -- for whoever asks --------------------------------------------------------------------------------------------------


class NotBuilt(Refused):
    """An index that is not there yet."""

    code = "not_built"
    default_message = "The index is not built yet for %(languages)s. It is being built; look again in a minute."


def count_words(site: Site, email: str) -> str:
    """How many products each language of the site finds, for whoever tries the plugin. Raises NotBuilt."""
    del email
    spans: dict[str, int] = dict(
        rows("SELECT language, id FROM search_sql_scope WHERE site_id = ? AND since IS NOT NULL", site.id)
    )
    if missing := [tag for tag in site.languages if tag not in spans]:
        raise NotBuilt(languages=enumerated(missing))
    counted = []
    for tag in site.languages:
        span = Span(int(spans[tag]), site.id, tag)
        sql = "SELECT COUNT(*) FROM search_sql_words WHERE site_id = ? AND id > ? AND id <= ?"
        counted.append(f"{tag} {number(int(value(sql, site.id, span.first, span.last)))}")
    return _("So many products can be found: %(counts)s.", counts=enumerated(counted))
