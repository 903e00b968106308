"""Paying an order that was placed: in which ways it can be done now, and for which of them nobody waits."""

from __future__ import annotations

from core.hookspecs.checkout import Address
from core.hookspecs.payment import Gateway
from core.kernel.sites import SiteState
from core.lib.errors import Broken
from core.lib.money import Money
from core.orders.services.gateways import gateways_of, guarded
from core.orders.services.shapes import OrderView
from core.storefront.services.options import Option, payment_option


def paid_later(state: SiteState) -> frozenset[str]:
    """The codes of the gateways whose money comes after the goods left. No statement."""
    return frozenset(one.code for _plugin, one in gateways_of(state) if one.pays_later)


def payments_again(state: SiteState, order: OrderView) -> list[Option]:
    """The ways in which an order that waits for its money can be paid now, the one of before first and chosen.

    Where that one is an instruction which the page shows already, only the others are left.
    """
    if not order.can_be_paid:
        return []
    address = order.billing or order.address
    usable = [one for plugin, one in gateways_of(state) if _takes(state, plugin, one, order.open, address) == ""]
    told = bool(order.payments and (order.payments[-1].text or order.payments[-1].rows))
    offered = [one for one in usable if one.code != order.gateway or one.flow != "instructions" or not told]
    chosen = next((one.code for one in offered if one.code == order.gateway), offered[0].code if offered else "")
    first_chosen = sorted(offered, key=lambda one: one.code != chosen)
    return [payment_option(one, chosen=one.code == chosen) for one in first_chosen]


def _takes(state: SiteState, plugin: str, gateway: Gateway, due: Money, address: Address | None) -> str | None:
    """Why a gateway does not take this amount; empty if it does, None if it is broken."""
    try:
        return guarded(state, plugin, "takes", lambda: gateway.takes(due, address))
    except Broken:
        return None
