"""The only place that reads the time. Instants are aware UTC; they are stored as microseconds since 1970."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_frozen: list[datetime] = []


def now() -> datetime:
    """The present instant, or the frozen one in a test."""
    return _frozen[-1] if _frozen else datetime.now(UTC)


def micros(at: datetime) -> int:
    """Microseconds since 1970; exact, since timedelta division by a microsecond is integer arithmetic."""
    return (at - EPOCH) // _MICROSECOND


def instant(micros_since_1970: int) -> datetime:
    """The inverse of `micros`."""
    return EPOCH + timedelta(microseconds=micros_since_1970)


def now_us() -> int:
    """`micros(now())`, the form that prebuilt SQL compares with."""
    return micros(now())


class Frozen:
    """A clock that stands still until told otherwise."""

    def move(self, **delta: float) -> datetime:
        """Move on by `timedelta(**delta)` and answer the new instant."""
        _frozen[-1] += timedelta(**delta)
        return _frozen[-1]

    def set(self, at: datetime) -> None:
        """Jump to `at`."""
        _frozen[-1] = at


@contextmanager
def freeze(at: datetime) -> Iterator[Frozen]:
    """Stop the clock of this whole process at `at`: for tests, and to seed a past before anything is served."""
    _frozen.append(at)
    try:
        yield Frozen()
    finally:
        _frozen.pop()
