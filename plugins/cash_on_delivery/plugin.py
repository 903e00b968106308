"""Cash on delivery: the courier or the shop takes the money; the merchant marks the order paid when it has it."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Gateway, Plugin, Site, hookimpl
from plugins.cash_on_delivery.forms import Settings
from plugins.cash_on_delivery.services import CashOnDelivery

PLUGIN = Plugin(
    name="cash_on_delivery",
    version="1.0.0",
    title="Cash on delivery",
    summary="Shoppers pay when they receive the goods. Limits by amount and by country.",
    category="payment",
    author="Stoa contributors",
    settings=Settings,
)


@hookimpl
def payment_gateways(site: Site) -> Sequence[Gateway]:
    """The one gateway."""
    return [CashOnDelivery(Settings.of(site), site)]
