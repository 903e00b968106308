"""Changes of placed orders, with what they do."""

from __future__ import annotations

from datetime import datetime

from plugins.api.services.shapes.base import Money, Shown


class ChangedLine(Shown, frozen=True, kw_only=True):
    """What a change means for a line: `units` and `amount` more, or below zero fewer. `line_id` null: a new line."""

    line_id: int | None
    name: str
    units: int
    amount: Money
    tax: Money


class ChangedStock(Shown, frozen=True, kw_only=True):
    """Pieces of a variant that the change promises, or below zero gives back."""

    variant_id: int
    pieces: int


class Change(Shown, frozen=True, kw_only=True):
    """A change: looked at (`state` draft), confirmed or dropped. `version` is the order's that it was made of.

    `price` is what the order costs without what was cancelled or came back. With `waits_for` the order waits for a
    person once it is confirmed, who reads these reasons.
    """

    id: int
    order_id: int
    state: str
    version: int
    policy: str
    reason: str
    actions: tuple[str, ...]
    price_before: Money
    price_after: Money
    tax_before: Money
    tax_after: Money
    delivery_before: Money
    delivery_after: Money
    to_pay: Money
    to_refund: Money
    lines: tuple[ChangedLine, ...]
    stock: tuple[ChangedStock, ...]
    waits_for: tuple[str, ...]
    created_at: datetime
    ended_at: datetime | None
