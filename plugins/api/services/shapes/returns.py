"""Returns, exchanges and claims."""

from __future__ import annotations

from datetime import datetime

from plugins.api.services.shapes.base import Money, Shown


class ReturnLine(Shown, frozen=True, kw_only=True):
    """Units of a line. `value` is what was paid for those that came, or were claimed."""

    line_id: int
    variant_id: int
    sku: str
    name: str
    quantity: int
    received: int
    sellable: int
    damaged: int
    discarded: int
    to_supplier: int
    value: Money


class WantedUnits(Shown, frozen=True, kw_only=True):
    """Units of a variant that an exchange sends instead."""

    variant_id: int
    quantity: int


class Return(Shown, frozen=True, kw_only=True):
    """A return, exchange or claim. `state`: requested, approved, received, inspected, resolved, declined or withdrawn.

    `granted` is what was decided to give back; the money moves by a refund of the order. `note` is the shopper's, empty
    for keys that may not read customers. `photos` are the names of pictures, `tracking` the number of a bought label.
    """

    id: int
    order_id: int
    order_number: str
    kind: str
    state: str
    reason: str
    note: str
    lines: tuple[ReturnLine, ...]
    wanted: tuple[WantedUnits, ...]
    wish: str
    way: str
    granted: Money
    answer: str
    tracking: str
    photos: tuple[str, ...]
    requested_at: datetime
    approved_at: datetime | None
    ended_at: datetime | None


class File(Shown, frozen=True, kw_only=True):
    """A file: its media `type`, and its bytes in base64 as `data`."""

    name: str
    type: str
    data: str


class ReturnList(Shown, frozen=True, kw_only=True):
    """A page of returns; `next` is a cursor, empty at the end."""

    items: tuple[Return, ...]
    next: str


class ReturnTerms(Shown, frozen=True, kw_only=True):
    """What a decision under these terms gives: `granted` is given back.

    Send `seen` with the resolution: what is granted, or for an exchange what the order costs afterwards.
    """

    restocking: Money
    return_delivery: Money
    goodwill: Money
    granted: Money
    seen: Money
