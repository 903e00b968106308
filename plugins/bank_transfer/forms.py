"""What a merchant says about the account."""

from __future__ import annotations

from core.api import Settings as _Settings
from core.api import Text, setting


class Settings(_Settings):
    """The account that shoppers pay to. Nothing is offered before holder and account are filled in."""

    holder: str = setting(label="Account holder", max_length=140)
    account: str = setting(label="IBAN or account number", max_length=40)
    bank: str = setting("", label="Bank", max_length=140)
    bic: str = setting("", label="BIC or SWIFT code", max_length=20)
    days: int = setting(7, label="Days to pay", help="Unpaid orders are cancelled after this.", minimum=1, maximum=90)
    currencies: str = setting(
        "", label="Currencies", help="Codes such as EUR, GBP. Left empty: all that the site sells in.", max_length=200
    )
    title: str = setting("Bank transfer", label="Name at the checkout", max_length=80)
    text: Text = setting("", label="More for the shopper", help="Shown above the account.")

    @property
    def is_complete(self) -> bool:
        return bool(self.holder and self.account)

    @property
    def account_in_groups(self) -> str:
        """An IBAN in groups of four, as banks print it (ISO 13616); any other number as it was typed."""
        bare = "".join(self.account.split()).upper()
        if not (len(bare) >= 15 and bare[:2].isalpha() and bare[2:4].isdigit() and bare.isalnum()):
            return self.account
        return " ".join(bare[i : i + 4] for i in range(0, len(bare), 4))

    def takes_currency(self, code: str) -> bool:
        listed = self.currencies.upper().replace(",", " ").split()
        return not listed or code in listed
