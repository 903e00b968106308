"""What splitting an order, or merging two, would do."""

from __future__ import annotations

from plugins.api.services.shapes.base import Money, Shown


class Parting(Shown, frozen=True, kw_only=True):
    """What goes from an order into another; `into_order_id` null: into a new one.

    Send `value`, what the units cost, with the request. `paid` is how much of what was paid goes along; `waits_for` are
    the reasons for which the other order will wait for a person.
    """

    order_id: int
    into_order_id: int | None
    value: Money
    paid: Money
    to_pay_here: Money
    to_refund_here: Money
    to_pay_there: Money
    waits_for: tuple[str, ...]


class MergeCandidate(Shown, frozen=True, kw_only=True):
    """An order into which another could go."""

    id: int
    number: str


class MergeCandidates(Shown, frozen=True, kw_only=True):
    """At most twenty, the newest first."""

    items: tuple[MergeCandidate, ...]
