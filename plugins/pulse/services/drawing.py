"""The chart of one measure by days, for a wide page and for a phone."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Box, Chart, charts
from plugins.pulse.services.reading import Day

_BOXES = (Box("broad", 1080, 260, 48, 5), Box("narrow", 340, 190, 48, 3))


def drawings(days: Sequence[Day], measure: str, unit: int) -> list[Chart]:
    """The chart in both sizes. `unit`: how many of what is counted make 1 on the axis (cents of a euro)."""
    return charts(
        _BOXES,
        [day.day for day in days],
        [day.now.of(measure) / unit for day in days],
        [day.before.of(measure) / unit for day in days],
        whole=unit == 1,
    )
