"""Cursors that are the number of the last row of a page."""

from __future__ import annotations

from core.api import Unfit

_MOST = 2**31 - 1


def number_of(cursor: str) -> int | None:
    """The row to go on from; None: from the beginning. Raises Unfit for what no page has answered."""
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 11 and 0 < int(cursor) <= _MOST):
        raise Unfit({"after": "This is no cursor. Send `next` of the page before."})
    return int(cursor)
