"""The chart of one measure by days: paths in the drawing's own units, for a wide page and for a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from plugins.pulse.services.reading import Day

_BOXES = ((1080, 260, "broad", 5), (340, 190, "narrow", 3))
_START, _END, _FOOT, _TOP, _LINES = 48, 8, 24, 12, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Ticks are (y, value), labels (x, place, day)."""

    name: str
    width: int
    height: int
    left: int
    area: str
    now: str
    then: str
    dot: tuple[float, float]
    ticks: list[tuple[float, float]]
    labels: list[tuple[float, str, date]]


def drawings(days: Sequence[Day], measure: str, unit: int) -> list[Drawing]:
    """The chart in both sizes. `unit`: how many of what is counted make 1 on the axis (cents of a euro)."""
    now = [day.now.of(measure) / unit for day in days]
    then = [day.before.of(measure) / unit for day in days]
    step = _nice(max(*now, *then), whole=unit == 1)
    return [_drawing([day.day for day in days], now, then, step, *box) for box in _BOXES]


def _nice(highest: float, *, whole: bool) -> float:
    """The distance of the four grid lines, such that the highest value fits; a whole number where halves are not."""
    size = 1.0
    while True:
        for times in (1, 2, 2.5, 5):
            step = size * times
            if step * _LINES >= highest and not (whole and step % 1):
                return step
        size *= 10


def _drawing(
    days: Sequence[date],
    now: Sequence[float],
    then: Sequence[float],
    step: float,
    width: int,
    height: int,
    name: str,
    most: int,
) -> Drawing:
    foot = height - _FOOT
    scale, across = (foot - _TOP) / (_LINES * step), (width - _START - _END) / (len(days) - 1)
    xs = [round(_START + at * across, 1) for at in range(len(days))]
    points = [(x, round(foot - value * scale, 1)) for x, value in zip(xs, now, strict=True)]
    before = [(x, round(foot - value * scale, 1)) for x, value in zip(xs, then, strict=True)]
    return Drawing(
        name=name,
        width=width,
        height=height,
        left=_START,
        area=f"M{_START} {foot}L{_path(points)}V{foot}z",
        now=f"M{_path(points)}",
        then=f"M{_path(before)}",
        dot=points[-1],
        ticks=[(round(foot - line * step * scale, 1), line * step) for line in range(_LINES + 1)],
        labels=_labels(xs, days, most),
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x} {y}" for x, y in points)


def _labels(xs: Sequence[float], days: Sequence[date], most: int) -> list[tuple[float, str, date]]:
    """A few days below the chart, the first and the last among them."""
    last = len(days) - 1
    count = next((count for count in range(most, 2, -1) if last % (count - 1) == 0), most)
    ends = {0: "start", last: "end"}
    wanted = sorted({round(last * at / (count - 1)) for at in range(count)})
    return [(xs[at], ends.get(at, "middle"), days[at]) for at in wanted]
