"""A state as the pages of the panel draw it."""

from __future__ import annotations

from msgspec import Struct


class Status(Struct, frozen=True):
    """How the panel draws a state: a word, a glyph that carries the meaning, and a tone that only adds to it.

    `glyph`: none, wait, part, busy, done, warn, stop, pause, drain. `tone`: good, busy, warn, bad or empty.
    """

    text: str
    glyph: str
    tone: str = ""
