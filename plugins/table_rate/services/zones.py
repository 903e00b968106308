"""Which zone an address lies in: the most specific area wins.

A post code is more specific than a region, a region than a country, a country than everywhere. Of two beginnings of a
post code the longer wins; a range counts as what its ends have in common and a little more, so it beats the beginning
around it, and of two such ranges the narrower. What is still alike is decided by the order of the zones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from core.api import Address
from plugins.table_rate.forms import Area, areas_of
from plugins.table_rate.forms.areas import normal_code
from plugins.table_rate.models import Zone


class Found(NamedTuple):
    """The zone of an address, and the area by which it was found."""

    zone: Zone
    area: Area


def find_area(zones: Sequence[Zone], address: Address) -> Found | None:
    """The zone of an address, whose country must be filled in; `zones` in their order. None: it lies in none."""
    country, region = address.country.upper(), _folded(address.region)
    code = normal_code(address.postcode)
    matching = [
        (specificity(area), -place, Found(zone, area))
        for place, zone in enumerate(zones)
        for area in _areas(zone.areas)
        if _holds(area, country, region, code)
    ]
    return max(matching, key=lambda match: match[:2])[2] if matching else None


@lru_cache(maxsize=256)
def _areas(text: str) -> tuple[Area, ...]:
    return tuple(areas_of(text))


def _folded(region: str) -> str:
    return " ".join(region.casefold().split())


def _holds(area: Area, country: str, region: str, code: str) -> bool:
    return (
        area.country in {"", country}
        and (not area.region or _folded(area.region) == region)
        and (not area.low or _holds_code(area, code))
    )


def _holds_code(area: Area, code: str) -> bool:
    """A longer code, such as one with an extension, lies in a range if its beginning does."""
    if not area.high:
        return code.startswith(area.low)
    return len(code) >= len(area.low) and area.low <= code[: len(area.low)] <= area.high


def specificity(area: Area) -> tuple[int, int, int]:
    """The higher, the more specific."""
    level = 4 * bool(area.low) + 2 * bool(area.region) + bool(area.country)
    if not area.high:
        return level, 2 * len(area.low), 0
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(area.low, area.high, strict=True))))
    width = int(area.high, 36) - int(area.low, 36)
    return level, 2 * shared + 1, -width


def asks_for_more(zones: Sequence[Zone], address: Address) -> bool:
    """Whether the country is known, but a post code or region that is still missing decides."""
    country = address.country.upper()
    here = [area for zone in zones for area in _areas(zone.areas) if area.country == country]
    return any((area.low and not address.postcode) or (area.region and not address.region) for area in here)
