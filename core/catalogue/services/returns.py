"""Whether goods can be sent back, and for how long: said of a product, else of its categories, else by the shop.

What is said is one word: empty (as above it), `shop` (by the shop's own rules), a number of days, or why never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.kernel.i18n import enumerated, lazy
from core.lib.errors import Refused

SHOP = "shop"
LONGEST = 3_650
# Why goods never come back, in the order in which one counts where several do.
NEVER: dict[str, Any] = {
    "hygiene": lazy("For reasons of hygiene this cannot be sent back."),
    "made_to_order": lazy("This is made for you, so it cannot be sent back."),
    "perishable": lazy("This does not keep, so it cannot be sent back."),
    "digital": lazy("This is used up once it is yours, so it cannot be sent back."),
    "final": lazy("This cannot be sent back."),
}


class UnknownReturns(Refused):
    """A word that says nothing about sending back."""

    status = 422
    code = "unknown_returns"
    default_message = "Write a number of days from 1 to 3650, or one of: %(words)s."

    def __init__(self, field: str | None = "returns") -> None:
        super().__init__(field=field, words=enumerated((SHOP, *NEVER)))


def parse_returns(text: str) -> str:
    """What was typed, as it is stored. Raises UnknownReturns."""
    word = text.strip().casefold().replace(" ", "_").replace("-", "_")
    if not word or word == SHOP or word in NEVER:
        return word
    if word.isascii() and word.isdecimal() and 1 <= int(word[:5]) <= LONGEST and len(word) <= 5:
        return str(int(word))
    raise UnknownReturns


def own_days(word: str) -> int | None:
    """The days that a word gives, None if it gives none."""
    return int(word) if word.isdecimal() else None


def returns_of(own: str, words: Iterable[str]) -> str:
    """What holds for a product that says `own` and stands in categories of which these words hold.

    Empty: the shop's rules. Of several categories the strictest counts: never, then the fewest days.
    """
    if own:
        return "" if own == SHOP else own
    said = set(words)
    never = next((word for word in NEVER if word in said), "")
    days = [int(word) for word in said if word.isdecimal()]
    return never or (str(min(days)) if days else "")


def nearest(category_id: int, above: Mapping[int, int | None], own: Mapping[int, str]) -> str:
    """What a category says, else the nearest above it that says something."""
    at: int | None = category_id
    while at is not None:
        if word := own.get(at, ""):
            return word
        at = above.get(at)
    return ""
