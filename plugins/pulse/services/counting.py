"""Counting pages: gathered in this process's memory, then added to the database by one statement.

The statement adds to what is stored, whoever else adds at the same time; nothing is read first and written back.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from core.api import Site, cards_for, execute, now, require_transaction, rows, transaction
from plugins.pulse.forms import Seen
from plugins.pulse.models import ALL, DEVICE, HOST, LANGUAGE, PAGE, PRODUCT, WORDS
from plugins.pulse.services import days
from plugins.pulse.services.visitors import Visitors

PACE = timedelta(seconds=5)
MOST_NAMES = {WORDS: 250, HOST: 100}
"""Different names of a site and a day; what comes after them is not counted by name."""
_AT_ONCE, _DAY = 500, 10


class Key(NamedTuple):
    """What is counted: a row of `pulse_count`."""

    site_id: int
    period: str
    what: str
    name: str


class Counters:
    """What this process has counted and not yet stored. Safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visitors = Visitors()
        self._views: Counter[Key] = Counter()
        self._visits: Counter[Key] = Counter()
        self._results: dict[Key, int] = {}
        self._sites: dict[int, Site] = {}
        self._next = now()

    def count(self, site: Site, seen: Seen, *, device: str, form: str, language: str) -> None:
        """Count one page. `device` tells visits apart and is forgotten; `form` is phone or desk."""
        day = days.today(site).isoformat()
        with self._lock:
            is_visit, is_first = self._visitors.first(site.id, day, device, seen.kind)
            self._sites[site.id] = site
            for what, name, visits in (
                (PAGE, ALL, is_visit),
                (PAGE, seen.kind, is_first),
                (DEVICE, form, is_visit),
                (LANGUAGE, language, is_visit),
                (HOST, seen.host, is_visit),
                (WORDS, seen.words, seen.found == 0),
                (PRODUCT, str(seen.product_id or ""), False),
            ):
                if name or what == PAGE:
                    key = Key(site.id, day, what, name)
                    self._views[key] += 1
                    self._visits[key] += visits
            if seen.words and seen.found is not None:
                self._results[Key(site.id, day, WORDS, seen.words)] = seen.found

    def is_due(self) -> bool:
        """Whether it is time to store what was counted."""
        return now() >= self._next

    def forget_visitors(self, site: Site) -> None:
        """Forget who was here before today."""
        with self._lock:
            self._visitors.forget(site.id, days.today(site).isoformat())

    def waiting(self, site: Site) -> dict[Key, tuple[int, int]]:
        """(views, visits) of a site that are not yet stored."""
        with self._lock:
            return {key: (views, self._visits[key]) for key, views in self._views.items() if key.site_id == site.id}

    def results(self, site: Site) -> dict[Key, int]:
        """What the newest searches of a site found that are not yet stored."""
        with self._lock:
            return {key: found for key, found in self._results.items() if key.site_id == site.id}

    def flush(self) -> None:
        """Store what was counted; if that fails, it is counted again with the next. Commits."""
        with self._lock:
            views, visits, self._views, self._visits = self._views, self._visits, Counter(), Counter()
            results, self._results = self._results, {}
            sites = dict(self._sites)
            self._next = now() + PACE
        try:
            known = _goods(sites, views)
            kept = {key: (views[key], visits[key]) for key in views if key.what != PRODUCT or key in known}
            if kept:
                with transaction():
                    store(kept, results)
        except BaseException:
            with self._lock:
                self._views.update(views)
                self._visits.update(visits)
                self._results = results | self._results
            raise


def _goods(sites: Mapping[int, Site], keys: Iterable[Key]) -> set[Key]:
    """The products that their site shows; others were made up by somebody."""
    wanted = [key for key in keys if key.what == PRODUCT]
    shown = {
        (site_id, product_id)
        for site_id in {key.site_id for key in wanted}
        for site in [sites[site_id]]
        for product_id in cards_for(
            site, site.language, site.currency, [int(key.name) for key in wanted if key.site_id == site_id]
        )
    }
    return {key for key in wanted if (key.site_id, int(key.name)) in shown}


def store(counted: Mapping[Key, tuple[int, int]], results: Mapping[Key, int] | None = None) -> None:
    """Add these (views, visits) to what is stored, and keep what searches found last. Inside a transaction.

    Pages go first, in the same order everywhere: their rows make processes queue, so that names are counted out one
    process after the other and no two wait for each other.
    """
    require_transaction()
    found = results or {}
    _add([(*key, *counted[key], None) for key in sorted(counted) if key.what == PAGE])
    named = [key for key in sorted(counted) if key.what != PAGE]
    left_out = _too_many(named)
    _add([(*key, *counted[key], found.get(key)) for key in named if key not in left_out])


def _too_many(keys: Iterable[Key]) -> set[Key]:
    """The names that no longer fit into their day."""
    groups: dict[tuple[int, str, str], list[Key]] = {}
    for key in keys:
        if key.what in MOST_NAMES and len(key.period) == _DAY:
            groups.setdefault(key[:3], []).append(key)
    left_out: set[Key] = set()
    for (site_id, period, what), found in groups.items():
        sql = "SELECT name FROM pulse_count WHERE site_id = ? AND period = ? AND what = ?"
        known = {name for (name,) in rows(sql, site_id, period, what)}
        left_out.update([key for key in found if key.name not in known][max(0, MOST_NAMES[what] - len(known)) :])
    return left_out


def _add(found: list[tuple[object, ...]]) -> None:
    for at in range(0, len(found), _AT_ONCE):
        part = found[at : at + _AT_ONCE]
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(part))
        execute(
            f"INSERT INTO pulse_count (site_id, period, what, name, views, visits, results) VALUES {places}"
            " ON CONFLICT (site_id, period, what, name) DO UPDATE SET views = pulse_count.views + excluded.views,"
            " visits = pulse_count.visits + excluded.visits, results = COALESCE(excluded.results, pulse_count.results)",
            *(value for row in part for value in row),
        )


COUNTERS = Counters()
