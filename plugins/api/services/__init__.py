"""The operations of the API and its keys. The modules named here declare the operations, each a noun."""

from __future__ import annotations

from plugins.api.services import (
    carts,
    catalogue,
    changes,
    checkout,
    drafts,
    orders,
    parting,
    payments,
    returns,
    shipments,
    shoppers,
    stock,
)

__all__ = [
    "carts",
    "catalogue",
    "changes",
    "checkout",
    "drafts",
    "orders",
    "parting",
    "payments",
    "returns",
    "shipments",
    "shoppers",
    "stock",
]
