"""The gateway: limits to check, words to show, nothing to call."""

from __future__ import annotations

from core.api import Address, Gateway, Intent, Money, Show, Site, country_name, money, parse_money, speaking
from core.api import gettext as _
from plugins.cash_on_delivery.forms import Settings


class CashOnDelivery(Gateway):
    """Money changes hands at the door. No fact ever comes from here: the merchant marks the order paid."""

    code = "cash_on_delivery"
    flow = "instructions"
    pays_later = True
    icon = "wallet"
    live = True

    def __init__(self, settings: Settings, site: Site) -> None:
        self._settings, self._currency = settings, site.currency
        self.unpaid_days = settings.days
        self.title = _(settings.title)
        self.description = _("You pay when you receive the goods.")

    def takes(self, amount: Money, address: Address | None) -> str:
        return self._wrong_amount(amount) or self._wrong_country(address)

    def _wrong_amount(self, amount: Money) -> str:
        said = self._settings
        if not said.has_limits:
            return ""
        if amount.currency != self._currency:
            return _("Only for orders in %(currency)s.", currency=self._currency)
        if said.at_least and amount < (least := parse_money(said.at_least, self._currency)):
            return _("For orders from %(amount)s.", amount=money(least))
        if said.at_most and amount > (most := parse_money(said.at_most, self._currency)):
            return _("For orders up to %(amount)s.", amount=money(most))
        return ""

    def _wrong_country(self, address: Address | None) -> str:
        served = self._settings.country_codes
        if not served or address is None or not address.country or address.country in served:
            return ""
        return _("Not for deliveries to %(country)s.", country=country_name(address.country))

    def begin(self, intent: Intent, key: str) -> Show:
        del key
        with speaking(intent.language, intent.site.timezone):
            text = self._settings.text or _("Please have the amount ready when you receive the goods.")
            return Show(text=text, rows=((_("Amount"), money(intent.amount)), (_("Order"), intent.order_number)))
