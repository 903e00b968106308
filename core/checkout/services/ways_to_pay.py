"""The ways to pay that a checkout offers, and what speaks against each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.cart.services import StoredCart
from core.checkout.services.shapes import GatewayView
from core.hookspecs.checkout import Address
from core.hookspecs.payment import Gateway
from core.kernel.answers import checked
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.lib.errors import Broken, Refused
from core.lib.money import Money, exponent
from core.orders.services.gateways import CORE, Arrangement, gateways_of, guarded


def ways_to_pay(state: SiteState, stored: StoredCart, total: Money) -> tuple[GatewayView, ...]:
    """The gateways of the site, each with the reason why it cannot take `total`, if so; a failing one is left out."""
    views = []
    address = stored.billing or stored.address
    ways = [(CORE, Arrangement())] if stored.agreed and stored.agreed.by_arrangement else gateways_of(state)
    for plugin, one in ways:
        try:
            reason = guarded(state, plugin, "takes", partial(_objection, one, total, address))
        except (Broken, Refused):
            continue
        views.append(
            GatewayView(
                plugin=plugin, code=one.code, account=one.account, live=one.live, title=one.title,
                description=one.description,
                icon=one.icon, flow=one.flow, unpaid_days=one.unpaid_days, reason=reason,
            )
        )  # fmt: skip
    return tuple(views)


def _objection(gateway: Gateway, total: Money, address: Address | None) -> str:
    digits = checked(gateway.exponent(total.currency), int, asked="exponent")
    return _inexact(digits, total) or checked(gateway.takes(total, address), str, asked="takes")


def _inexact(digits: int, total: Money) -> str:
    """A gateway that counts in larger units than the currency has must not round: it refuses."""
    surplus = exponent(total.currency) - digits
    return _("It cannot take this exact amount.") if surplus > 0 and total.amount % 10**surplus else ""


def chosen_way(gateways: Sequence[GatewayView], code: str) -> GatewayView | None:
    """The one with this code if it can be used, else the first that can."""
    usable = [one for one in gateways if not one.reason]
    return next((one for one in usable if one.code == code), usable[0] if usable else None)
