"""When a carrier is asked where a parcel is: once it has not spoken for some hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.lib import clock

SILENCE = timedelta(hours=6)


def asked_next(now: datetime) -> int:
    """The instant from which it counts as silent."""
    return clock.micros(now + SILENCE)


def first_asked(carrier: str, tracking: str) -> int | None:
    """When a parcel that leaves now is asked for; never where nobody can be asked, or for nothing."""
    return asked_next(clock.now()) if carrier and tracking.strip() else None
