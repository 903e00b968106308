"""From where the pieces of an order come, and why from there."""

from __future__ import annotations

from msgspec import Struct

from core.catalogue.services.stock_sources import count_locations
from core.kernel import db
from core.kernel.kept import kept
from core.orders.services.goods import stock_reference
from core.panel.stock.services.moves import why


class SentFrom(Struct, frozen=True, kw_only=True):
    """A location with what it gives, as (pieces, SKU), and why it is that one, in words."""

    place: str
    pieces: tuple[tuple[int, str], ...]
    why: str


def sent_from(order_id: int) -> list[SentFrom]:
    """The locations that give or gave something, the first to ship from first; nothing where there is only one.

    One statement, none where there is only one.
    """
    if kept("locations", count_locations) < 2:
        return []
    names: dict[int, str] = {}
    pieces: dict[int, dict[str, int]] = {}
    reasons: dict[int, str] = {}
    for place, name, sku, kind, count, reason in db.rows(
        "SELECT l.id, l.name, v.sku, m.kind, m.allocated + m.preordered, m.reason FROM stock_move m"
        " JOIN location l ON l.id = m.location_id JOIN variant v ON v.id = m.variant_id"
        " WHERE m.reference = ? AND m.kind IN ('allocate', 'release') ORDER BY l.priority, l.id, m.id",
        stock_reference(order_id),
    ):
        names[place] = name
        there = pieces.setdefault(place, {})
        there[sku] = there.get(sku, 0) + int(count)
        if kind == "allocate" and (reason.startswith("from.") or place not in reasons):
            reasons[place] = reason
    return [
        SentFrom(
            place=names[place],
            pieces=tuple((count, sku) for sku, count in there.items() if count > 0),
            why=why(reasons.get(place, "")),
        )
        for place, there in pieces.items()
        if any(count > 0 for count in there.values())
    ]
