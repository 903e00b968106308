"""Which tokens are read on which, and how well."""

from __future__ import annotations

from collections.abc import Iterator

from core.testing.themes.colour import NotAColour, colour, contrast, over, tokens

TEXT, SHAPE = 4.5, 3.0
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
            paper = over(colour(known[back], known, dark=dark), colour(known["--color-canvas"], known, dark=dark))
            ratio = contrast(over(colour(known[front], known, dark=dark), paper), paper)
        except NotAColour as error:
            yield f"tokens: {front} on {back} in {mode} cannot be computed: {error}"
            continue
        if ratio < least:
            yield f"tokens: {front} on {back} in {mode} has a contrast of {ratio:.2f}; {least} is needed"
