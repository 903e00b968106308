"""Money that should come before the goods of an order leave."""

from __future__ import annotations

from core.kernel.sites import SiteState
from core.lib.money import Money
from core.orders.services.intents import newest_payment
from core.orders.services.operations import known_gateway
from core.orders.services.settle import open_amount
from core.orders.services.shapes import OrderView


def awaited_money(state: SiteState, order: OrderView) -> Money:
    """What is due and neither there nor promised by an authorisation; nothing where it is paid at the door or later.

    Asks `payment_gateways` where something is due; two statements then.
    """
    amount = max(0, open_amount(order.id)) if order.due else 0
    opened = newest_payment(state.site.id, order.id) if amount else None
    if opened is not None:
        gateway = known_gateway(state, opened)
        if gateway is not None and gateway.pays_later:
            amount = 0
    return Money(amount, order.currency)
