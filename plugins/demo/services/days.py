"""The past, lived through in its order: each step at its hour, as if the shop had been open all the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.api import Refused, Site, freeze, speaking

# What happens to one thing: it acts, says how long it is until it acts again, and so on until it ends.
Life = Iterator[timedelta]
_MORNING, _NIGHT = 8, 21


class Begun(Struct, frozen=True, kw_only=True):
    """A life that begins at an hour in a shop."""

    at: datetime
    site: Site
    life: Life


def live(begun: Iterable[Begun], today: datetime) -> list[Refused]:
    """Let everything happen that happened before `today`; what would come later is still to come.

    A life that the shop refuses to go on with ends there; answers the refusals. The clock of this process stands in the
    past meanwhile, so nothing may be served yet. Commits, step by step.
    """
    queue, refusals = [(one.at, place, one) for place, one in enumerate(begun)], list[Refused]()
    heapify(queue)
    while queue and queue[0][0] < today:
        at, place, one = heappop(queue)
        try:
            with freeze(at), speaking(one.site.language, one.site.timezone):
                pause = next(one.life, None)
        except Refused as refusal:
            refusals.append(refusal)
            continue
        if pause is not None:
            heappush(queue, (_awake(at + pause, one.site), place, one))
    return refusals


def hour_of(site: Site, today: datetime, days: int, minute: int) -> datetime:
    """So many days before `today`, at this minute of the shop's own day."""
    local = today.astimezone(ZoneInfo(site.timezone)) - timedelta(days=days)
    return local.replace(hour=minute // 60, minute=minute % 60)


def _awake(at: datetime, site: Site) -> datetime:
    """That hour, or the next morning where people sleep."""
    local = at.astimezone(ZoneInfo(site.timezone))
    if _MORNING <= local.hour < _NIGHT:
        return at
    return local.replace(hour=_MORNING) + timedelta(days=local.hour >= _NIGHT)
