"""Bodies of orders that are split or merged."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plugins.api.forms.base import LineUnits, MoneySent, Sent

Lines = Annotated[list[LineUnits], Meta(min_length=1, max_length=200)]
Reason = Annotated[str, Meta(max_length=200, examples=["Two deliveries"])]


class SplitPreview(Sent, frozen=True, kw_only=True):
    """Units that would go into an order of their own."""

    lines: Lines


class NewSplit(Sent, frozen=True, kw_only=True):
    """Units that go into an order of their own. `seen_value` is the preview's; if it is another by now, nothing is."""

    lines: Lines
    seen_value: MoneySent
    reason: Reason = ""


class NewMerge(Sent, frozen=True, kw_only=True):
    """`seen_value` is what the preview said; if it is another by now, nothing is done."""

    seen_value: MoneySent
    reason: Reason = ""
