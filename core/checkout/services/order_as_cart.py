"""An order in the form that plugins know from the checkout, so that the same hooks can be asked about it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from core.hookspecs.checkout import Cart, CartLine
from core.lib.money import Money
from core.orders.services.change_shapes import PlannedLine
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView


def order_as_cart(order: OrderView, lines: Iterable[CartLine]) -> Cart:
    """The order with these lines, numbered from 1. Its id is below zero: no cart has it."""
    return Cart(
        id=-order.id, currency=order.currency, language=order.language, codes=order.codes,
        customer_id=order.shopper_id, email=order.email, address=order.address, billing=order.billing,
        carrier=order.carrier, gateway=order.gateway, extra=order.extra,
        lines=tuple(replace(line, id=place) for place, line in enumerate(lines, 1)),
    )  # fmt: skip


def ordered_line(line: OrderLineView, units: int, category_ids: frozenset[int] = frozenset()) -> CartLine:
    """Units of a line of the order, at the price that was agreed."""
    return CartLine(
        id=0, variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name, quantity=units,
        unit=line.unit, list_unit=line.list_unit, tax_class=line.tax_class, weight_g=line.weight_g,
        needs_delivery=line.needs_delivery, category_ids=category_ids,
    )  # fmt: skip


def added_line(line: PlannedLine, currency: str, category_ids: frozenset[int] = frozenset()) -> CartLine:
    """A line that a change adds."""
    return CartLine(
        id=0, variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name,
        quantity=line.quantity, unit=Money(line.unit_amount, currency), list_unit=Money(line.list_amount, currency),
        tax_class=line.tax_class, weight_g=line.weight_g, needs_delivery=line.needs_delivery,
        category_ids=category_ids,
    )  # fmt: skip
