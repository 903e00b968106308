"""Returns, exchanges and claims as pages see them, and their state: a pure function of instants and counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from core.lib.errors import Refused

RETURN, EXCHANGE, CLAIM = "return", "exchange", "claim"
KINDS = (RETURN, EXCHANGE, CLAIM)
REQUESTED, APPROVED, RECEIVED, INSPECTED = "requested", "approved", "received", "inspected"
RESOLVED, DECLINED, WITHDRAWN = "resolved", "declined", "withdrawn"
# What ends a claim: money, or the same goods once more.
REFUND, REPLACE = "refund", "replace"
WAYS = (REFUND, REPLACE)
DISPOSITIONS = ("sellable", "damaged", "discarded", "to_supplier")


class WrongStep(Refused):
    """The case is not where this step begins."""

    code = "wrong_step"
    default_message = "This step is not possible now. Look at the return again."


class CaseLine(Struct, frozen=True, kw_only=True):
    """Units of one line. `value` is what was paid for those that came, or were claimed, in minor units."""

    line_id: int
    name: str
    sku: str
    variant_id: int
    quantity: int
    received: int
    sellable: int
    damaged: int
    discarded: int
    to_supplier: int
    value: int

    @property
    def inspected(self) -> int:
        return self.sellable + self.damaged + self.discarded + self.to_supplier

    @property
    def to_come(self) -> int:
        return self.quantity - self.received

    @property
    def to_inspect(self) -> int:
        return self.received - self.inspected


class CaseView(Struct, frozen=True, kw_only=True):
    """One return, exchange or claim. `wanted` maps variants to units that shall be sent instead.

    `name` and `email` are the order's. Of a claim, `wish` is what the shopper would like and `way` what was decided:
    refund, replace or nothing said. Of an exchange, `sent_change_id` is set once the new goods were sent; `advance` is
    what the old ones count for until then.
    """

    id: int
    order_id: int
    order_number: str
    currency: str
    kind: str
    reason: str
    note: str
    photos: tuple[str, ...]
    wanted: Mapping[int, int]
    outcome: str
    granted: int
    actor: str
    answer: str
    requested_at: datetime
    approved_at: datetime | None
    ended_at: datetime | None
    lines: tuple[CaseLine, ...]
    label: Mapping[str, Any] = field(default_factory=dict)
    wish: str = ""
    way: str = ""
    name: str = ""
    email: str = ""
    sent_change_id: int | None = None
    advance: int = 0

    @property
    def state(self) -> str:
        """Where it is, from its facts alone."""
        if self.ended_at is not None:
            return self.outcome
        if self.approved_at is None:
            return REQUESTED
        received = sum(line.received for line in self.lines)
        if self.kind == CLAIM or not received:
            return APPROVED
        is_whole = all(line.received == line.quantity for line in self.lines)
        return INSPECTED if is_whole and not any(line.to_inspect for line in self.lines) else RECEIVED

    @property
    def is_sent(self) -> bool:
        """Whether the new goods of an exchange were put on the order before the old ones were decided about."""
        return self.sent_change_id is not None

    @property
    def can_be_sent_ahead(self) -> bool:
        """Whether new goods may be sent now, before it is decided about those that come back."""
        open_ = self.state in {APPROVED, RECEIVED, INSPECTED}
        return open_ and self.kind == EXCHANGE and bool(self.wanted) and not self.is_sent

    @property
    def advanced(self) -> int:
        """What the goods that still travel back count for."""
        return 0 if self.ended_at is not None else max(0, self.advance - self.value)

    @property
    def can_be_given_up(self) -> bool:
        """Nothing came and nothing is decided, so that it may still be declined or withdrawn."""
        return self.state in {REQUESTED, APPROVED}

    @property
    def value(self) -> int:
        return sum(line.value for line in self.lines)

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def can_be_resolved(self) -> bool:
        """Everything that came was looked at; a claim needs nothing to come."""
        if self.ended_at is not None or self.approved_at is None:
            return False
        came = sum(line.received for line in self.lines)
        return self.kind == CLAIM or (came > 0 and not any(line.to_inspect for line in self.lines))
