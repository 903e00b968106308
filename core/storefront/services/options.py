"""Radio buttons with their words: ways of delivery, and ways to pay."""

from __future__ import annotations

from msgspec import Struct

from core.checkout.services.quote import ChosenRate
from core.checkout.services.shapes import GatewayView
from core.hookspecs.payment import Gateway
from core.kernel.i18n import gettext as _
from core.kernel.i18n import kept_together, ngettext
from core.lib.money import Money


class Option(Struct, frozen=True, kw_only=True):
    """A radio button with its words. `amount` None: nothing is said about a price."""

    value: str
    title: str
    text: str
    icon: str
    amount: Money | None
    chosen: bool
    disabled: bool


def delivery_option(rate: ChosenRate, chosen: ChosenRate | None) -> Option:
    """A way of delivery to choose."""
    return Option(
        value=f"{rate.carrier}:{rate.service}",
        title=rate.title,
        text=" · ".join(filter(None, (_days(rate), *map(kept_together, rate.description.splitlines())))),
        icon="store" if rate.pickup else "truck",
        amount=rate.amount,
        chosen=rate == chosen,
        disabled=False,
    )


def payment_option(way: Gateway | GatewayView, *, chosen: bool, reason: str = "") -> Option:
    """A way to pay to choose; `reason` says why it cannot be."""
    return Option(
        value=way.code,
        title=way.title,
        text=reason or way.description,
        icon=way.icon,
        amount=None,
        chosen=chosen,
        disabled=bool(reason),
    )


def _days(rate: ChosenRate) -> str:
    if rate.days is None:
        return rate.carrier_title if rate.carrier_title != rate.title else ""
    first, last = rate.days
    if first == last:
        return ngettext("In one working day", "In %(n)s working days", last)
    return _("In %(first)s to %(last)s working days", first=first, last=last)
