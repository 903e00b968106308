"""Cursors that are the number of the last row of a page."""

from __future__ import annotations

_MOST = 2**31 - 1


def number_of(cursor: str) -> int | None:
    """The row to go on from; None: from the beginning. The form of the query string lets digits alone through."""
    return min(int(cursor), _MOST) if cursor else None
