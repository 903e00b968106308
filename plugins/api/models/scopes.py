"""What a key may do, each by a word that stands in the key, in the reference and in a refusal."""

from __future__ import annotations

from typing import Any

from core.api import Site, lazy, plugin_scopes

CATALOGUE = "catalogue:read"
CART = "cart:write"
ORDERS = "orders:read"
CUSTOMERS = "customers:read"
ORDERS_WRITE = "orders:write"
SHIPMENTS = "shipments:write"
RETURNS = "returns:write"
PAYMENTS = "payments:write"
REFUNDS = "refunds:write"
DRAFTS = "drafts:read"
DRAFTS_WRITE = "drafts:write"
STOCK = "stock:read"
STOCK_WRITE = "stock:write"
SHOPPERS = "shoppers:read"

SCOPES = {
    CATALOGUE: lazy("Read products, categories and prices"),
    CART: lazy("Make carts, place orders and begin payments"),
    ORDERS: lazy("Read orders and returns, without names and addresses"),
    CUSTOMERS: lazy("Also read names, addresses and notes of the orders"),
    ORDERS_WRITE: lazy("Change placed orders, their prices too, and cancel them"),
    SHIPMENTS: lazy("Note what was sent and what arrived"),
    RETURNS: lazy("Take returns from the request to the decision"),
    PAYMENTS: lazy("Note payments, take authorised money or let it go"),
    REFUNDS: lazy("Give money back, and grant goodwill"),
    DRAFTS: lazy("Read drafts of orders, without names and addresses"),
    DRAFTS_WRITE: lazy("Write drafts of orders, send their pay links and place them"),
    STOCK: lazy("Read stock at every location"),
    STOCK_WRITE: lazy("Correct, count, sort and move stock"),
    SHOPPERS: lazy("Read shoppers with their addresses"),
}


def scopes_of(site: Site) -> dict[str, Any]:
    """The scopes that keys of a site may hold, with their titles: the API's own, then those of the plugins on there."""
    return {**SCOPES, **{code: title for code, title in plugin_scopes(site).items() if code not in SCOPES}}
