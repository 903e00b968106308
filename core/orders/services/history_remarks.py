"""Every remark that an import of past orders makes: what is wrong, and what can be done about it."""

from __future__ import annotations

from core.imports.services.rows import Said
from core.kernel.i18n import lazy

NO_NUMBER = Said(lazy("The order has no number."), lazy("Write its number in every row of it."))
LONG_NUMBER = Said(
    lazy("Its number has more than %(most)s letters and digits."), lazy("Choose a shorter one, or a shorter prefix.")
)
NOT_A_DAY = Said(lazy("“%(value)s” is no day that is known."), lazy("Write it as 2010-12-01 or 2010-12-01 08:26."))
NOT_PIECES = Said(
    lazy("“%(value)s” is no number of pieces."), lazy("Write a whole number; below zero: what came back.")
)
NOT_AN_AMOUNT = Said(
    lazy("“%(value)s” is not an amount in %(currency)s."), lazy("Write an amount such as 12.90. Nothing is rounded.")
)
OTHER_CURRENCY = Said(lazy("This site does not sell in %(currency)s."), lazy("Add the currency to the site."))
TWO_CURRENCIES = Said(
    lazy("Its rows are in %(first)s and in %(other)s."), lazy("Let all rows of an order say the same.")
)
TAKEN = Said(
    lazy("An order of this shop has the number %(number)s."),
    lazy("Put a prefix before the numbers of the file, such as OLD-."),
)
