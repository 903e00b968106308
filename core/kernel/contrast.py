"""Which tokens are read on which, and how well: for the check of a theme, and beside the colours a merchant picks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from core.lib.colours import NotAColour, colour, contrast, over, tokens

TEXT, SHAPE = 4.5, 3.0
_CANVAS = "--color-canvas"
_PAPERS = ("--color-canvas", "--color-surface", "--color-sunken")
# Foreground, background, the least ratio.
PAIRS: tuple[tuple[str, str, float], ...] = (
    *((f"--color-{text}", paper, TEXT) for text in ("text", "text-soft", "link") for paper in _PAPERS),
    *((f"--color-{text}", "--color-canvas", TEXT) for text in ("text-faint", "sale", "good", "warn", "bad")),
    *((f"--color-{kind}", f"--color-{kind}-soft", TEXT) for kind in ("sale", "good", "warn", "bad")),
    ("--color-on-accent", "--color-accent", TEXT),
    ("--color-on-accent", "--color-accent-strong", TEXT),
    ("--color-on-buy", "--color-buy", TEXT),
    ("--color-on-buy", "--color-buy-strong", TEXT),
    ("--color-on-band", "--color-band", TEXT),
    *(("--color-focus", paper, SHAPE) for paper in _PAPERS),
    ("--color-line-control", "--color-canvas", SHAPE),
    ("--color-star", "--color-canvas", SHAPE),
)


class Reading(Struct, frozen=True):
    """How well one token reads on another, in light or dark, and how well it must."""

    front: str
    back: str
    dark: bool
    ratio: float
    least: float

    @property
    def is_weak(self) -> bool:
        return self.ratio < self.least


def reading(front: str, back: str, least: float, known: Mapping[str, str], *, dark: bool) -> Reading:
    """The ratio of one pair (WCAG 2.2, 1.4.3 and 1.4.11). Raises NotAColour for what cannot be computed."""
    paper = over(colour(known[back], known, dark=dark), colour(known[_CANVAS], known, dark=dark))
    ratio = contrast(over(colour(known[front], known, dark=dark), paper), paper)
    return Reading(front, back, dark, ratio, least)


def weak_contrasts(css: str) -> list[str]:
    """Pairs of tokens that some people cannot tell apart, in light or in dark."""
    known = tokens(css)
    return [fault for dark in (False, True) for fault in _weak(known, dark=dark)]


def _weak(known: dict[str, str], *, dark: bool) -> Iterator[str]:
    mode = "dark" if dark else "light"
    for front, back, least in PAIRS:
        if front not in known or back not in known:
            continue
        try:
            found = reading(front, back, least, known, dark=dark)
        except NotAColour as error:
            yield f"tokens: {front} on {back} in {mode} cannot be computed: {error}"
            continue
        if found.is_weak:
            yield f"tokens: {front} on {back} in {mode} has a contrast of {found.ratio:.2f}; {least} is needed"
