"""What an order costs by now, beside what was agreed: without what was cancelled, and without what came back."""

from __future__ import annotations

from msgspec import Struct

from core.lib.money import Money
from core.orders.services.shapes import OrderView
from core.orders.services.status import due, returned_value


class PriceNow(Struct, frozen=True, kw_only=True):
    """`total` is the agreed total less the others. `moved` went on in other orders and was not cancelled."""

    cancelled: Money
    moved: Money
    returned: Money
    total: Money


def price_now(order: OrderView) -> PriceNow | None:
    """The price by now; None for an order of which nothing was cancelled and nothing came back."""
    if not any(line.cancelled or line.received for line in order.lines):
        return None
    facts = [line.facts for line in order.lines]
    left, returned = due(order.total.amount, order.delivery_total.amount, facts), returned_value(facts)
    moved = sum(one.value.amount for one in order.moved_on)
    return PriceNow(
        cancelled=Money(order.total.amount - left - moved, order.currency),
        moved=Money(moved, order.currency),
        returned=Money(returned, order.currency),
        total=Money(left - returned, order.currency),
    )
