"""Bank transfer: the shopper is told where to pay, and the merchant marks the order paid when the money has come."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Gateway, Plugin, Site, hookimpl
from plugins.bank_transfer.forms import Settings
from plugins.bank_transfer.services import BankTransfer

PLUGIN = Plugin(
    name="bank_transfer",
    version="1.0.0",
    title="Bank transfer",
    summary="Shoppers pay to your bank account and name the order number. You mark the order paid when money comes.",
    category="payment",
    author="Stoa contributors",
    settings=Settings,
)


@hookimpl
def payment_gateways(site: Site) -> Sequence[Gateway]:
    """One gateway, once the account is filled in."""
    settings = Settings.of(site)
    return [BankTransfer(settings)] if settings.is_complete else []
