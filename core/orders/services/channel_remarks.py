"""Every remark that an import of open orders makes: what is wrong, and what can be done about it."""

from __future__ import annotations

from core.imports.services.rows import Said
from core.kernel.i18n import lazy

NO_NUMBER = Said(lazy("The order has no number."), lazy("Give it the number that it has in its channel."))
NO_CHANNEL = Said(lazy("Nothing says where this order was placed."), lazy("Name the channel when you choose the file."))
NO_COUNTRY = Said(
    lazy("“%(value)s” is no country that is known."), lazy("Write its code of two letters, such as DE, or its name.")
)
NO_ADDRESS = Said(lazy("There is no address to deliver to."), lazy("Fill in name, street, town and country."))
LACKS = Said(
    lazy("The address lacks something, or it cannot be right: %(names)s."),
    lazy("Change it on the page of the order before it is sent."),
)
NOT_A_MAIL = Said(
    lazy("“%(value)s” is not a mail address; the order has none."), lazy("Correct it, or leave it empty.")
)
OTHER_CURRENCY = Said(lazy("This site does not sell in %(currency)s."), lazy("Add the currency to the site."))
NOT_AN_AMOUNT = Said(lazy("“%(value)s” is not an amount in %(currency)s."), lazy("Write an amount such as 12.90."))
NOT_PIECES = Said(lazy("“%(value)s” is no number of pieces."), lazy("Write a whole number from 1."))
NO_SKU = Said(lazy("No variant has the SKU “%(sku)s”."), lazy("Add the product first, or correct the SKU."))
TOO_MUCH_OFF = Said(lazy("More is taken off than the goods and the delivery cost."), lazy("Correct the discount."))
TAX_WITHOUT_GOODS = Said(lazy("There are taxes, but nothing that bears them."), lazy("Correct the taxes."))
DOES_NOT_ADD_UP = Said(
    lazy("The parts of the order are %(parts)s, its total is %(total)s: %(difference)s differ."),
    lazy("Correct prices, discounts, delivery, taxes or the total. Nothing is rounded or guessed."),
)
PAID_TOO_MUCH = Said(lazy("More was paid than the order costs."), lazy("Write yes, or the amount that was paid."))
NOT_PAID_OR_UNPAID = Said(lazy("“%(value)s” does not say whether it is paid."), lazy("Write yes, no, or an amount."))
NOT_OPEN = Said(
    lazy("This order is not open (%(value)s); it was left where it is."),
    lazy("Past orders come in as such: say so when you choose the file."),
)
PARTLY_SENT = Said(lazy("A part of this order has been sent already."), lazy("Send the rest from where it was placed."))
SHORT = Said(
    lazy("%(sku)s: %(wanted)s are needed, %(available)s can be had."),
    lazy("Count the stock, or allow orders beyond it; then import the file again: what is in stays as it is."),
)
TWICE = Said(
    lazy("These rows of the order say different things about it: %(columns)s."), lazy("Let all its rows say the same.")
)
