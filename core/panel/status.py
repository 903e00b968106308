"""How the panel draws a state: a word, a glyph that carries the meaning, and a tone that only adds to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Status:
    """`glyph`: none, wait, part, busy, done, warn, stop, pause, drain. `tone`: good, busy, warn, bad or empty."""

    text: str
    glyph: str
    tone: str = ""
