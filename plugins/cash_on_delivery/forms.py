"""What a merchant says about paying in cash."""

from __future__ import annotations

from core.api import Amount, Text, setting
from core.api import Settings as _Settings


class Settings(_Settings):
    """Limits are amounts in the site's main currency; orders in another currency are only taken without limits."""

    at_least: Amount = setting("", label="From an order total of")
    at_most: Amount = setting("", label="Up to an order total of")
    countries: str = setting(
        "", label="Countries", help="Codes such as GB, IE. Left empty: wherever you deliver.", max_length=800
    )
    days: int = setting(
        30, label="Days to wait", help="Orders still unpaid after this are cancelled.", minimum=1, maximum=90
    )
    title: str = setting("Cash on delivery", label="Name at the checkout", max_length=80)
    text: Text = setting("", label="More for the shopper", help="For example whether the courier takes cards.")

    @property
    def has_limits(self) -> bool:
        return bool(self.at_least or self.at_most)

    @property
    def country_codes(self) -> frozenset[str]:
        return frozenset(self.countries.upper().replace(",", " ").split())
