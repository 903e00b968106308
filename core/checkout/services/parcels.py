"""What of an order is still to be sent, in the form that carriers are asked about."""

from __future__ import annotations

from core.hookspecs.checkout import Address, Cart, CartLine
from core.lib.money import Money
from core.orders.services.change_shapes import Plan
from core.orders.services.parting import carried
from core.orders.services.shapes import OrderView


def goods_left(order: OrderView, plan: Plan, address: Address | None) -> tuple[Cart, list[int]]:
    """All that waits once `plan` is written, and what each line of it costs after offers, in the site's form of prices.

    Of one place, if `order` is seen from there. Pure: no plugin is asked.
    """
    lines: list[CartLine] = []
    left: list[int] = []
    waiting = [
        (line, units, carried(line, units, [], order, after=plan.cancels.get(line.id, 0)))
        for line in order.lines
        if (units := line.allocated - plan.cancels.get(line.id, 0))
    ]
    for line, units, part in waiting:
        lines.append(
            CartLine(
                id=len(lines) + 1, variant_id=line.variant_id, product_id=line.product_id, sku=line.sku,
                name=line.name, quantity=units, unit=line.unit, list_unit=line.list_unit, tax_class=line.tax_class,
                weight_g=line.weight_g, needs_delivery=line.needs_delivery,
            )
        )  # fmt: skip
        left.append(part.subtotal - part.discount)
    for new in plan.lines:
        if new.place not in {one.position for one in order.destinations}:
            continue
        lines.append(
            CartLine(
                id=len(lines) + 1, variant_id=new.variant_id, product_id=new.product_id, sku=new.sku, name=new.name,
                quantity=new.quantity, unit=Money(new.unit_amount, order.currency),
                list_unit=Money(new.list_amount, order.currency), tax_class=new.tax_class, weight_g=new.weight_g,
                needs_delivery=new.needs_delivery,
            )
        )  # fmt: skip
        left.append(new.subtotal - new.discount)
    cart = Cart(
        id=-order.id, currency=order.currency, language=order.language, codes=order.codes,
        customer_id=order.shopper_id, email=order.email, address=address, carrier=order.carrier,
        gateway=order.gateway, extra=order.extra, lines=tuple(lines),
    )  # fmt: skip
    return cart, left
