"""Bodies of payments and refunds."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plugins.api.forms.base import MoneySent, Sent


class Capture(Sent, frozen=True, kw_only=True):
    """How much of what is authorised is taken."""

    amount: MoneySent


class NewRefund(Sent, frozen=True, kw_only=True):
    """Money to give back: by default all that is owed. More than that is granted as goodwill first, with its `reason`.

    `by_hand` only notes it: it was given back in cash or by a bank.
    """

    amount: MoneySent | None = None
    reason: Annotated[str, Meta(max_length=200, examples=["It came late"])] = ""
    by_hand: bool = False
