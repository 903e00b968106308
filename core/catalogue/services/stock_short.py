"""Shelves with less on them than is promised: whoever keeps a list of who waits for them is told in the same verb.

Stock knows no orders. So those who do (`core.orders.services.shortages`) say here what shall happen as the last
statements of a transaction that touched such a level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.kernel import db

# A variant at a location, and who was promised pieces there: empty where something else happened to the level.
Touched = tuple[int, int, str]
_told: list[Callable[[set[Touched]], None]] = []


def on_short(call: Callable[[set[Touched]], None]) -> Callable[[set[Touched]], None]:
    """Let `call` be told of levels that are, or were, short; it is the last to write in their transaction."""
    _told.append(call)
    return call


def touch_short(levels: Iterable[Touched]) -> None:
    """Part of every verb that moves what is there or promised on short levels."""
    things = set(levels)
    for place, call in enumerate(_told if things else ()):
        db.at_commit(f"stock.short.{place}", call, things)
