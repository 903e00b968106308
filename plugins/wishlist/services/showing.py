"""What a page says of a list: each product as it is now, and what has changed for the better since."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from core.api import Money, ShownCard, Site, cards_for
from plugins.wishlist.services.cookie import Entry


class ShownWish(Struct, frozen=True, kw_only=True):
    """A row of the list. `card` None: the shop shows it no longer. `cheaper_by` and `is_back` are good news."""

    product_id: int
    card: ShownCard | None
    cheaper_by: Money | None
    is_back: bool


def shown(site: Site, language: str, currency: str, entries: Sequence[Entry]) -> list[ShownWish]:
    """The rows of a list, in its order; one statement."""
    cards = cards_for(site, language, currency, [entry.product_id for entry in entries]) if entries else {}
    return [_shown(entry, cards.get(entry.product_id)) for entry in entries]


def _shown(entry: Entry, card: ShownCard | None) -> ShownWish:
    less = 0
    if card is not None and card.price.currency == entry.currency:
        less = entry.price - card.price.amount
    return ShownWish(
        product_id=entry.product_id,
        card=card,
        cheaper_by=Money(less, entry.currency) if less > 0 else None,
        is_back=card is not None and card.available and not entry.available,
    )
