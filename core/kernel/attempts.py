"""Attempts that all processes count together, in the database: for what a stranger must not guess.

A row for each thing that is tried: how many attempts fell into the present window and how many into the one before it,
which counts as far as it still reaches. Check and count are one statement, so that of many at one moment no more pass
than may. Nothing says what was tried: keys are digests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import peewee

from core.kernel import db, jobs, tables
from core.lib import clock, ids


class Attempt(tables.Table):
    """How often one thing was tried. `slot` is the number of the present window since 1970."""

    key = peewee.CharField(max_length=64, primary_key=True)
    slot = peewee.BigIntegerField()
    taken = peewee.IntegerField()
    earlier = peewee.IntegerField(default=0)
    ends_at = tables.InstantField(index=True)


class Bound(NamedTuple):
    """So many attempts within so many seconds, of whatever `words` name."""

    words: tuple[str, ...]
    most: int
    seconds: int

    @property
    def key(self) -> str:
        """What the row is called."""
        return ids.digest("\x1f".join((*self.words, str(self.most), str(self.seconds))))


# A window that has ended counts with the share of it that lies within the last so many seconds.
_COUNT = """
INSERT INTO attempt (key, slot, taken, earlier, ends_at) VALUES (?, ?, 1, 0, ?)
ON CONFLICT (key) DO UPDATE SET
  earlier = CASE attempt.slot WHEN excluded.slot THEN attempt.earlier
    WHEN excluded.slot - 1 THEN attempt.taken ELSE 0 END,
  taken = CASE attempt.slot WHEN excluded.slot THEN attempt.taken + 1 ELSE 1 END,
  slot = excluded.slot, ends_at = excluded.ends_at
WHERE CASE attempt.slot
    WHEN excluded.slot THEN attempt.taken * 1000 + attempt.earlier * ?
    WHEN excluded.slot - 1 THEN attempt.taken * ? ELSE 0 END < ? * 1000
"""


def count(bounds: Sequence[Bound]) -> bool:
    """Count one attempt against all of these, if none of them is reached; False: nothing was counted. Commits."""
    now = clock.micros(clock.now())
    try:
        with db.transaction():
            # In the order of their keys: two attempts at one moment wait for each other, and never in a circle.
            for bound in sorted(bounds, key=lambda one: one.key):
                length = bound.seconds * 1_000_000
                slot, spent = divmod(now, length)
                left, ends = 1000 - spent * 1000 // length, (slot + 2) * length
                _check(db.execute(_COUNT, bound.key, slot, ends, left, left, bound.most))
    except _Reached:
        return False
    return True


def forget(bounds: Sequence[Bound]) -> None:
    """Let these be tried as if they never had been; nothing is written where nothing was counted. Commits."""
    keys = [bound.key for bound in bounds]
    if keys and db.value(f"SELECT 1 FROM attempt WHERE key IN ({db.marks(keys)}) LIMIT 1", *keys):
        with db.transaction():
            db.execute(f"DELETE FROM attempt WHERE key IN ({db.marks(keys)})", *keys)


class _Reached(Exception):
    """It takes the transaction back, and goes no further."""


def _check(counted: int) -> None:
    if not counted:
        raise _Reached


@jobs.job("attempts.forget", every=timedelta(hours=1))
def _forget(running: jobs.Running) -> None:
    """What counts no more goes."""
    del running
    with db.transaction():
        db.execute("DELETE FROM attempt WHERE ends_at < ?", clock.micros(clock.now()))
