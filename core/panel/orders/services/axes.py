"""The codes of the four axes of an order in words, each with its glyph and tone."""

from __future__ import annotations

from typing import Any, Protocol

from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.orders.services.status import Axes
from core.panel.shell.status import Status

_Words = dict[str, tuple[Any, str, str]]
PAYMENT: _Words = {
    "unpaid": (lazy("Unpaid"), "wait", "warn"),
    "pending": (lazy("Payment under way"), "part", "busy"),
    "authorized": (lazy("Authorised"), "part", "busy"),
    "partly_paid": (lazy("Part paid"), "part", "warn"),
    "paid": (lazy("Paid"), "done", "good"),
    "overpaid": (lazy("Overpaid"), "warn", "warn"),
    "partly_refunded": (lazy("Part refunded"), "part", "busy"),
    "refunded": (lazy("Refunded"), "done", ""),
    "disputed": (lazy("Disputed"), "warn", "bad"),
    "not_due": (lazy("Nothing to pay"), "none", ""),
}
FULFILMENT: _Words = {
    "not_needed": (lazy("Nothing to ship"), "none", ""),
    "unfulfilled": (lazy("To ship"), "none", ""),
    "partly_shipped": (lazy("Part shipped"), "part", "busy"),
    "shipped": (lazy("Shipped"), "done", "good"),
    "delivered": (lazy("Delivered"), "done", "good"),
}
GOODS: _Words = {
    "ready": (lazy("All there"), "done", "good"),
    "partly": (lazy("Partly there"), "part", "warn"),
    "waiting": (lazy("Waits for goods"), "wait", "warn"),
}
RETURN: _Words = {
    "none": (lazy("None"), "none", ""),
    "requested": (lazy("Asked for"), "wait", "warn"),
    "partly_returned": (lazy("Part returned"), "part", "busy"),
    "returned": (lazy("Returned"), "done", ""),
}
ORDER: _Words = {
    "open": (lazy("Open"), "part", "busy"),
    "completed": (lazy("Completed"), "done", "good"),
    "cancelled": (lazy("Cancelled"), "stop", ""),
}


def status(words: _Words, code: str) -> Status:
    """A code of one axis as the panel draws it."""
    text, glyph, tone = words[code]
    return Status(str(text), glyph, tone)


class _Order(Protocol):
    """An order, or a row of a list of them."""

    @property
    def status(self) -> Axes: ...

    @property
    def merged_into(self) -> str: ...


def of(order: _Order) -> dict[str, Status]:
    """All four axes of an order. One that went into another is nowhere called cancelled."""
    axes = order.status
    merged = Status(_("Merged into %(number)s", number=order.merged_into), "done") if order.merged_into else None
    return {
        "order": merged or status(ORDER, axes.order),
        "payment": status(PAYMENT, axes.payment),
        "fulfilment": status(FULFILMENT, axes.fulfilment),
        "returned": status(RETURN, axes.returned),
    }


def choices(words: _Words) -> list[tuple[str, str]]:
    """The codes of one axis with their words, for a filter."""
    return [(code, str(text)) for code, (text, _glyph, _tone) in words.items()]
