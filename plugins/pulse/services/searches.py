"""What was searched for in a period: how often, how often in vain, and what it found last."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct

from core.api import SearchLead, Site, rows, search_lead
from plugins.pulse.models import WORDS
from plugins.pulse.services import days
from plugins.pulse.services.counting import COUNTERS


class Searched(Struct, kw_only=True):
    """Words of a period. `in_vain` are those of the `times` that found nothing; `results` is None where nobody told."""

    words: str
    times: int = 0
    in_vain: int = 0
    results: int | None = None
    last: date = date.min
    lead: SearchLead | None = None


def searches(site: Site, length: int, *, in_vain: bool = False, holding: str = "") -> list[Searched]:
    """The searches of the last `length` days, today included, the most frequent first.

    `in_vain` are those that found nothing at least once, and they come by how often; `holding` is a part of the words.
    What this process still holds is in it.
    """
    first = (days.today(site) - timedelta(days=length - 1)).isoformat()
    found: dict[str, Searched] = {}
    for name, period, times, empty, results in _rows(site, first):
        if holding.lower() not in name:
            continue
        one = found.setdefault(name, Searched(words=name, lead=search_lead(site, name)))
        one.times, one.in_vain = one.times + times, one.in_vain + empty
        one.last = max(one.last, date.fromisoformat(period))
        one.results = one.results if results is None else results
    chosen = [one for one in found.values() if one.in_vain or not in_vain]
    return sorted(chosen, key=lambda one: (-one.in_vain if in_vain else 0, -one.times, one.words))


def _rows(site: Site, first: str) -> list[tuple[str, str, int, int, int | None]]:
    """(words, day, times, in vain, found last), day by day; what waits comes after what is stored."""
    stored = rows(
        "SELECT name, period, views, visits, results FROM pulse_count WHERE site_id = ? AND what = ? AND period >= ?"
        " AND LENGTH(period) = 10 ORDER BY period, name",
        site.id,
        WORDS,
        first,
    )
    told = COUNTERS.results(site)
    waiting = [
        (key.name, key.period, views, visits, told.get(key))
        for key, (views, visits) in COUNTERS.waiting(site).items()
        if key.what == WORDS and key.period >= first
    ]
    return [(row[0], row[1], int(row[2]), int(row[3]), row[4]) for row in stored] + waiting
