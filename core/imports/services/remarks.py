"""Every remark that an import makes: what is wrong, and what the merchant can do about it."""

from __future__ import annotations

from core.imports.services.rows import Said
from core.kernel.i18n import lazy

SURPLUS = Said(
    lazy("This row has more cells than the first line has names."),
    lazy("Put quotation marks around cells that hold the delimiter."),
)
UNREADABLE = Said(
    lazy("This cell holds letters that could not be read."), lazy("Save the file as CSV (UTF-8) and import it again.")
)
FORMULA = Said(
    lazy("This cell would calculate in a spreadsheet."),
    lazy("Write the result instead, or put an apostrophe before it if it is meant as text."),
)
TOO_LONG = Said(lazy("This cell has %(count)s characters; %(limit)s are allowed."), lazy("Shorten it."))
NOT_A_PRICE = Said(lazy("“%(value)s” is not an amount in %(currency)s."), lazy("Write an amount such as %(example)s."))
NEGATIVE_PRICE = Said(lazy("The price is below zero."), lazy("Write 0 or more."))
NO_PRICE = Said(lazy("There is no price."), lazy("It stays out of sale until it has one: fill in the price."))
NOT_A_NUMBER = Said(lazy("“%(value)s” is not a whole number."), lazy("Write digits only, such as 12."))
NOT_A_WEIGHT = Said(lazy("“%(value)s” is not a weight."), lazy("Write a number such as 0.5."))
OUT_OF_RANGE = Said(lazy("%(value)s is out of range."), lazy("Write a number from %(least)s to %(most)s."))
NOT_A_FLAG = Said(lazy("“%(value)s” is neither yes nor no."), lazy("Write yes or no."))
UNKNOWN_RETURNS = Said(
    lazy("“%(value)s” says nothing about sending back."),
    lazy("Write a number of days from 1 to 3650, or one of: %(words)s."),
)
NOT_A_DAY = Said(lazy("“%(value)s” is not a date."), lazy("Write it as 2026-11-30, or 2026-11-30 18:00."))
OPEN_DAY = Said(
    lazy("“%(value)s” does not say which part is the day."),
    lazy("Say in which order the file has day, month and year, or write it as 2026-11-30."),
)
OTHER_ORDER = Said(
    lazy("“%(value)s” is not in the order of day, month and year that was chosen."),
    lazy("Choose the other order, or write it as 2026-11-30."),
)
ENDS_BEFORE_START = Said(lazy("The sale ends before it starts."), lazy("Correct one of the two dates."))
SALE_NOT_LOWER = Said(lazy("The sale price is not below the price."), lazy("Lower the sale price, or leave it empty."))
WAS_NOT_HIGHER = Said(lazy("The former price is not above the price."), lazy("Raise it, or leave it empty."))
NO_SKU = Said(lazy("There is no SKU."), lazy("Give every variant an SKU that no other one has."))
SKU_TWICE = Said(
    lazy("The SKU “%(sku)s” was already used on line %(first)s."),
    lazy("Give every variant an SKU that no other one has."),
)
NO_HANDLE = Said(lazy("There is no handle."), lazy("Give every row the handle of its product."))
NO_NAME = Said(lazy("This product is new and has no name."), lazy("Fill in its name."))
NO_VARIANTS = Said(lazy("This product has nothing to buy."), lazy("Add a row for each of its variants."))
NO_PARENT = Said(
    lazy("The product “%(parent)s” of this variation is not in the file."), lazy("Add its row to the file.")
)
NO_VARIATION = Said(
    lazy("The variation “%(sku)s” of this product is not in the file."), lazy("Add its row to the file.")
)
STORE_VIEW = Said(
    lazy("This row speaks for the store view “%(view)s” only; it was left out."),
    lazy("Fill in the words of a further language with our own format."),
)
NO_DEFAULT_ROW = Said(
    lazy("This product has only rows for single store views."), lazy("Export it again with all store views.")
)
NO_OPTIONS = Said(
    lazy("This product has several variants, but nothing that tells them apart."),
    lazy("Fill in the option names and values."),
)
MISSING_OPTION = Said(
    lazy("The value of the option “%(option)s” is missing."), lazy("Every variant needs a value for each option.")
)
OPTIONS_TWICE = Said(
    lazy("This variant has the same options as the one on line %(first)s."),
    lazy("Change a value or remove one of the two rows."),
)
OTHER_OPTIONS = Said(
    lazy("The options of this variant are not those of the product in the shop."), lazy("Use the options: %(options)s.")
)
TWO_PRODUCTS = Said(
    lazy("These SKUs belong to more than one product in the shop."),
    lazy("Put the variants of one product together: %(skus)s."),
)
SKU_ARCHIVED = Said(
    lazy("The SKU “%(sku)s” belongs to a product that was put away."),
    lazy("Bring it back in the panel, or use another SKU."),
)
UNKNOWN_LANGUAGE = Said(
    lazy("This site does not speak “%(language)s”."), lazy("Add the language to the site, or remove the column.")
)
BAD_ADDRESS = Said(
    lazy("“%(value)s” is not the address of a picture."), lazy("Write an address that begins with https://.")
)
NOT_STORED = Said(
    lazy("The shop could not store this product."),
    lazy("Import it again; if it fails again, ask whoever runs the shop."),
)
GROUPED = Said(
    lazy("A grouped product only shows others together; it is imported without a price and stays hidden."),
    lazy("Put its products into a category instead."),
)
EXTERNAL = Said(
    lazy("This product is sold on another site (%(url)s); it is imported but stays hidden."),
    lazy("Publish it if you want to sell it here."),
)
DOWNLOADS = Said(lazy("The files to download were not imported."), lazy("Attach them to the product in the panel."))
HIDDEN = Said(
    lazy("The product can be reached by its address only; here it is not published."),
    lazy("Publish it in the panel if you want to show it."),
)
ANY_VALUE = Said(
    lazy("This variation fits any value of “%(option)s”; it got the value “%(any)s”."),
    lazy("Split it into one row per value if they are counted apart."),
)
PICTURE_FAILED = Said(
    lazy("The picture %(url)s could not be fetched: %(reason)s"),
    lazy("Upload it in the panel, or correct the address and import again."),
)
