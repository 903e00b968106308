"""Cursors that are the number of the last row of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

_Row = TypeVar("_Row")
_MOST = 2**31 - 1


def number_of(cursor: str) -> int | None:
    """The row to go on from; None: from the beginning. The form of the query string lets digits alone through."""
    return min(int(cursor), _MOST) if cursor else None


def paged(found: Sequence[_Row], limit: int, shown: Callable[[_Row], Any], number: Callable[[_Row], int]) -> Any:
    """`items` and `next` of a list, of one row more than a page has where there is a next one."""
    page = found[:limit]
    return {"items": tuple(shown(one) for one in page), "next": str(number(page[-1])) if len(found) > limit else ""}
