"""What is held now, for whom and until when: for the list of holds and its file."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from core.kernel import db
from core.lib import clock

PAGE = 50


class Held(Struct, frozen=True, kw_only=True):
    """A hold: pieces of a variant at a location, for `reference` (`cart:12`, `draft:3`, `case:5`) until an instant."""

    id: int
    reference: str
    variant_id: int
    sku: str
    location: str
    pieces: int
    until: datetime

    @property
    def kind(self) -> str:
        return self.reference.partition(":")[0]

    @property
    def owner_id(self) -> int:
        _kind, _colon, owner = self.reference.partition(":")
        return int(owner) if owner.isascii() and owner.isdecimal() else 0

    @property
    def cursor(self) -> str:
        return f"{clock.micros(self.until)}.{self.id}"


def held_now(*, kind: str = "", after: str = "", limit: int = PAGE) -> list[Held]:
    """The holds that have not ended, those that end first before the others; `after` is the last one's `cursor`.

    `kind` is one of cart, draft and case. One statement.
    """
    until, last = _cursor(after) or (clock.now_us(), 2**62)
    where, params = "(h.until, h.id) > (?, ?)", list[object]([until, last])
    if kind:
        where += " AND h.reference >= ? AND h.reference < ?"
        params += [f"{kind}:", f"{kind};"]
    return [
        Held(
            id=row[0], reference=row[1], variant_id=row[2], sku=row[3], location=row[4], pieces=int(row[5]),
            until=clock.instant(row[6]),
        )
        for row in db.rows(
            "SELECT h.id, h.reference, h.variant_id, v.sku, l.name, h.pieces, h.until FROM stock_hold h"
            " JOIN variant v ON v.id = h.variant_id JOIN location l ON l.id = h.location_id"
            f" WHERE {where} ORDER BY h.until, h.id LIMIT ?",
            *params, limit,
        )
    ]  # fmt: skip


def _cursor(after: str) -> tuple[int, int] | None:
    until, _dot, last = after.partition(".")
    numbers = all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (until, last))
    return (int(until), int(last)) if numbers else None
