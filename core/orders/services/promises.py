"""What was agreed of an order's lines, in the reader's words: from when on they leave, and what is in a kit."""

from __future__ import annotations

from core.kernel.i18n import day, enumerated
from core.kernel.i18n import gettext as _
from core.orders.services.part_shapes import OrderLineView


def leaves_later(line: OrderLineView) -> str:
    """When units leave that were not there when they were ordered; empty once none of them waits any more."""
    if not line.promise or not line.allocated:
        return ""
    when = "" if line.promised_at is None else day(line.promised_at)
    if line.promise == "preorder":
        return _("Pre-order: leaves from %(day)s on.", day=when) if when else _("Pre-order: leaves with its release.")
    return _("Leaves from %(day)s on.", day=when) if when else _("Not in stock: leaves as soon as it is there.")


def in_the_kit(line: OrderLineView) -> str:
    """`4 × Cup, 1 × Pot` for each unit of a kit; empty for what is none."""
    return enumerated(f"{part.quantity} × {part.name}" for part in line.parts)
