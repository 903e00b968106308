"""The columns that the list of orders offers."""

from __future__ import annotations

from core.kernel.i18n import lazy
from core.panel.saved.services import COLUMNS, Columns

ORDERS = COLUMNS["orders"] = Columns(
    every={
        "placed": lazy("Placed"),
        "shopper": lazy("Shopper"),
        "payment": lazy("Payment"),
        "fulfilment": lazy("Fulfilment"),
        "returned": lazy("Return"),
        "method": lazy("Method"),
        "items": lazy("Items"),
        "delivery": lazy("Delivery"),
        "country": lazy("Goes to"),
        "tags": lazy("Tags"),
        "channel": lazy("Channel"),
        "total": lazy("Total"),
    },
    usual=("placed", "shopper", "payment", "fulfilment", "returned", "method", "items", "total"),
)
