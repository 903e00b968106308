"""The geometry of a chart of days: a line, the line of the days before it, a grid of four lines, a few days below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct

_END, _FOOT, _TOP, _LINES = 8, 24, 12, 4


class Box(NamedTuple):
    """How large it is drawn, where its lines begin, and the most days below it."""

    name: str
    width: int
    height: int
    start: int
    days: int


class Chart(Struct, frozen=True, kw_only=True):
    """The chart at one size: paths in its own units, ticks as (y, value), labels as (x, place, day)."""

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


def charts(
    boxes: Sequence[Box], days: Sequence[date], now: Sequence[float], then: Sequence[float], *, whole: bool = False
) -> list[Chart]:
    """The chart in each size, of a value per day and per day before. `whole`: halves of what is counted are not."""
    step = _step(max(*now, *then), whole=whole)
    return [_chart(box, days, now, then, step) for box in boxes]


def _step(highest: float, *, whole: bool) -> float:
    """The distance of the grid lines: 1, 2, 2.5 or 5 times a power of ten, so that the highest value fits."""
    size = 1.0
    while True:
        for times in (1, 2, 2.5, 5):
            step = size * times
            if step * _LINES >= highest and not (whole and step % 1):
                return step
        size *= 10


def _chart(box: Box, days: Sequence[date], now: Sequence[float], then: Sequence[float], step: float) -> Chart:
    foot, scale = box.height - _FOOT, (box.height - _FOOT - _TOP) / (_LINES * step)
    across = (box.width - box.start - _END) / max(1, len(days) - 1)
    xs = [round(box.start + at * across, 1) for at in range(len(days))]
    points = [(x, round(foot - value * scale, 1)) for x, value in zip(xs, now, strict=True)]
    before = [(x, round(foot - value * scale, 1)) for x, value in zip(xs, then, strict=True)]
    return Chart(
        name=box.name,
        width=box.width,
        height=box.height,
        left=box.start,
        area=f"M{box.start} {foot}L{_path(points)}V{foot}z",
        now=f"M{_path(points)}",
        then=f"M{_path(before)}",
        dot=points[-1],
        ticks=[(round(foot - line * step * scale, 1), line * step) for line in range(_LINES + 1)],
        labels=_labels(xs, days, box.days),
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x} {y}" for x, y in points)


def _labels(xs: Sequence[float], days: Sequence[date], most: int) -> list[tuple[float, str, date]]:
    """A few days, the first and the last among them, evenly apart where the number of days allows."""
    last = len(days) - 1
    count = next((count for count in range(most, 2, -1) if last % (count - 1) == 0), most)
    wanted = sorted({round(last * at / (count - 1)) for at in range(count)})
    ends = {0: "start", last: "end"}
    return [(xs[at], ends.get(at, "middle"), days[at]) for at in wanted]
