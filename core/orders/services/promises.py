"""What is promised of an order, in the reader's words: when lines leave, what is in a kit, how money goes back."""

from __future__ import annotations

from core.kernel.i18n import day, enumerated, money
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.lib.money import Money
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.refunds import way_back
from core.orders.services.shapes import OrderView


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


def money_back(state: SiteState, order: OrderView, amount: Money) -> str:
    """That so much is given back, and how. Two statements per payment."""
    way = way_back(state, order, amount)
    if way == "gateway":
        return _("We give %(amount)s back by the way you paid.", amount=money(amount))
    if way == "hand":
        return _("We give %(amount)s back ourselves, by bank transfer for example.", amount=money(amount))
    return _("We give %(amount)s back.", amount=money(amount))
