"""What of an order is still to be sent, in the form that carriers are asked about."""

from __future__ import annotations

from msgspec.structs import replace

from core.checkout.services.order_as_cart import added_line, order_as_cart, ordered_line
from core.hookspecs.checkout import Address, Cart
from core.orders.services.change_shapes import Plan
from core.orders.services.parting import carried
from core.orders.services.shapes import OrderView


def goods_left(order: OrderView, plan: Plan, address: Address | None) -> tuple[Cart, list[int]]:
    """All that waits once `plan` is written, and what each line of it costs after offers, in the site's form of prices.

    Of one place, if `order` is seen from there. Pure: no plugin is asked.
    """
    waiting = [
        (line, units, carried(line, units, [], order, after=plan.cancels.get(line.id, 0)))
        for line in order.lines
        if (units := line.allocated - plan.cancels.get(line.id, 0))
    ]
    here = {one.position for one in order.destinations}
    added = [line for line in plan.lines if line.place in here]
    lines = [
        *(ordered_line(line, units) for line, units, _part in waiting),
        *(added_line(line, order.currency) for line in added),
    ]
    left = [part.subtotal - part.discount for _line, _units, part in waiting]
    left += [line.subtotal - line.discount for line in added]
    return replace(order_as_cart(order, lines), address=address), left
