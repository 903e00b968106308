"""The columns that the list of products offers."""

from __future__ import annotations

from core.kernel.i18n import lazy
from core.panel.saved.services import COLUMNS, Columns

PRODUCTS = COLUMNS["products"] = Columns(
    every={
        "status": lazy("On this site"),
        "stock": lazy("Stock"),
        "sites": lazy("Listed on"),
        "languages": lazy("Languages"),
        "price": lazy("Price"),
        "categories": lazy("Categories"),
        "vendor": lazy("Maker or supplier"),
        "tax": lazy("Tax class"),
        "changed": lazy("Changed"),
    },
    usual=("status", "stock", "sites", "languages", "price"),
)
