"""How the installation did, hour by hour: how long pages took, how many were kept, what broke, how long work waited.

Gathered in this process's memory and added to the database by the worker, once a minute; no request writes.
Times are counted in steps that grow (a histogram), so that the hours of many processes can be added, and halves and
twentieths read from the sum.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import peewee
from msgspec import Struct

from core.kernel import db, tables
from core.lib import clock

FLUSH_EVERY, KEPT_HOURS, SHOWN_HOURS = timedelta(minutes=1), 72, 24
# The upper ends of the steps in milliseconds; what takes longer falls into one more.
STEPS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000)
PAGE, JOB, KEPT, BROKEN = "page", "job", "kept", "broken"
_HOUR_US = 3_600_000_000


class Measure(tables.Table):
    """How often something of an hour (hours since 1970) fell into a step."""

    hour = peewee.IntegerField()
    what = peewee.CharField(max_length=10)
    step = peewee.IntegerField()
    count = peewee.BigIntegerField(default=0)

    class Meta:
        primary_key = peewee.CompositeKey("hour", "what", "step")


Key = tuple[int, str, int]


class Measures:
    """What this process measured and has not stored yet. Safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Key] = Counter()
        self._flushed_us = 0

    def took(self, what: str, seconds: float) -> None:
        """Something took so long."""
        self._add(what, bisect_left(STEPS, seconds * 1000))

    def happened(self, what: str) -> None:
        """Something happened."""
        self._add(what, 0)

    def _add(self, what: str, step: int) -> None:
        hour = clock.now_us() // _HOUR_US
        with self._lock:
            self._counts[hour, what, step] += 1

    def forget(self) -> None:
        """Begin at nothing, in a child process: what its parent counted is not its own."""
        self._lock = threading.Lock()
        self._counts = Counter()

    def waiting(self) -> Mapping[Key, int]:
        """What is not stored yet."""
        with self._lock:
            return dict(self._counts)

    def flush(self) -> bool:
        """Add what was gathered, once a minute, and forget old hours; whether it did. At most some dozens of rows."""
        now = clock.now_us()
        if not self._counts or abs(now - self._flushed_us) < FLUSH_EVERY // timedelta(microseconds=1):
            return False
        self._flushed_us = now
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            with db.transaction():
                _store(counts)
                db.execute("DELETE FROM measure WHERE hour < ?", now // _HOUR_US - KEPT_HOURS)
        except Exception:  # whatever the database says: nothing counted is lost, the next flush tries again
            with self._lock:
                self._counts.update(counts)
            raise
        return True


MEASURES = Measures()


def _store(counts: Mapping[Key, int]) -> None:
    """One statement for all rows; the database adds, whoever else adds at the same time."""
    keys = sorted(counts)
    marks = ", ".join(["(?, ?, ?, ?)"] * len(keys))
    db.execute(
        f"INSERT INTO measure (hour, what, step, count) VALUES {marks}"
        " ON CONFLICT (hour, what, step) DO UPDATE SET count = measure.count + excluded.count",
        *(value for key in keys for value in (*key, counts[key])),
    )


# -- reading -----------------------------------------------------------------------------------------------------------


class Hour(Struct, frozen=True, kw_only=True):
    """One hour. Times are milliseconds, None where nothing was measured; `kept` is the share of pages from memory."""

    begins: datetime
    pages: int
    half_ms: float | None
    most_ms: float | None
    kept: float | None
    broken: int
    faults: int
    jobs: int
    waited_ms: float | None


def last_day() -> list[Hour]:
    """The last 24 hours, the present one included, the oldest first; what this process still holds is in it.

    Two statements.
    """
    last = clock.now_us() // _HOUR_US
    first = last - SHOWN_HOURS + 1
    counts: Counter[Key] = Counter()
    for hour, what, step, count in db.rows("SELECT hour, what, step, count FROM measure WHERE hour >= ?", first):
        counts[hour, what, step] += count
    counts.update(MEASURES.waiting())
    sql = "SELECT at / ?, COUNT(*) FROM plugin_fault WHERE at >= ? GROUP BY 1"
    faults = {int(hour): int(count) for hour, count in db.rows(sql, _HOUR_US, first * _HOUR_US)}
    return [_hour(hour, counts, faults.get(hour, 0)) for hour in range(first, last + 1)]


def _hour(hour: int, counts: Mapping[Key, int], faults: int) -> Hour:
    pages, jobs = ([counts.get((hour, what, step), 0) for step in range(len(STEPS) + 1)] for what in (PAGE, JOB))
    return Hour(
        begins=clock.instant(hour * _HOUR_US),
        pages=sum(pages),
        half_ms=share_ms(pages, 0.5),
        most_ms=share_ms(pages, 0.95),
        kept=counts.get((hour, KEPT, 0), 0) / sum(pages) if any(pages) else None,
        broken=counts.get((hour, BROKEN, 0), 0),
        faults=faults,
        jobs=sum(jobs),
        waited_ms=share_ms(jobs, 0.95),
    )


def share_ms(steps: list[int], share: float) -> float | None:
    """The time within which this share of a histogram lies, as if steps were filled evenly; None for an empty one."""
    wanted, before = sum(steps) * share, 0
    if not wanted:
        return None
    for at, count in enumerate(steps):
        if count and before + count >= wanted:
            low = STEPS[at - 1] if at else 0
            high = STEPS[at] if at < len(STEPS) else STEPS[-1] * 2
            return round(low + (high - low) * (wanted - before) / count, 1)
        before += count
    return None
