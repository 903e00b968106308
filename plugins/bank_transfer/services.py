"""The gateway: instructions to read, nothing to call."""

from __future__ import annotations

from datetime import timedelta

from core.api import Address, Gateway, Intent, Money, Show, day, money, now, speaking
from core.api import gettext as _
from plugins.bank_transfer.forms import Settings


class BankTransfer(Gateway):
    """Shows the account. No fact ever comes from here: the merchant's statement is the truth."""

    code = "bank_transfer"
    flow = "instructions"
    icon = "bank"
    live = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.unpaid_days = settings.days
        self.title = _(settings.title)
        self.description = _("You get our account after ordering. We send the goods when the money has come.")

    def takes(self, amount: Money, address: Address | None) -> str:
        del address
        if not self._settings.takes_currency(amount.currency):
            return _("Our account does not take %(currency)s.", currency=amount.currency)
        return ""

    def begin(self, intent: Intent, key: str) -> Show:
        del key
        with speaking(intent.language, intent.site.timezone):
            return Show(text=self._text(), rows=self._rows(intent))

    def _text(self) -> str:
        return self._settings.text or _(
            "Please transfer the amount and name the reference, so that we find your payment."
        )

    def _rows(self, intent: Intent) -> tuple[tuple[str, str], ...]:
        """Label and value; what the merchant left empty is left out."""
        said = self._settings
        rows = (
            (_("Amount"), money(intent.amount)),
            (_("Account holder"), said.holder),
            (_("Account"), said.account_in_groups),
            (_("BIC"), said.bic),
            (_("Bank"), said.bank),
            (_("Reference"), intent.order_number),
            (_("Pay by"), day(now() + timedelta(days=said.days))),
        )
        return tuple(row for row in rows if row[1])
