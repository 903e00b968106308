"""The demo.

Two shops to look at. `./stoa run` seeds them on a first start; nothing of it stays in a shop that deletes this
folder.
"""

from __future__ import annotations

from core.api import Plugin


def seed(words: list[str]) -> int:
    """Make both shops. What does it is loaded now: processes that serve never do it."""
    from plugins.demo.services import seed as fill  # noqa: PLC0415

    return fill(words)


PLUGIN = Plugin(
    name="demo",
    version="1.0.0",
    title="Demo",
    summary="Two shops with goods, prices and stock, to try everything with.",
    category="machinery",
    author="Stoa contributors",
    commands={"seed": seed},
)
