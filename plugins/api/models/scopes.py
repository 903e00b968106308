"""What a key may do, each by a word that stands in the key, in the reference and in a refusal."""

from __future__ import annotations

from typing import Any

from core.api import Site, lazy, plugin_scopes

CATALOGUE = "catalogue:read"
CART = "cart:write"
ORDERS = "orders:read"
CUSTOMERS = "customers:read"
ORDERS_WRITE = "orders:write"

SCOPES = {
    CATALOGUE: lazy("Read products, categories and prices"),
    CART: lazy("Make carts, place orders and begin payments"),
    ORDERS: lazy("Read orders, without names and addresses"),
    CUSTOMERS: lazy("Also read names, addresses and notes of the orders"),
    ORDERS_WRITE: lazy("Mark orders as shipped or paid, and cancel them"),
}


def scopes_of(site: Site) -> dict[str, Any]:
    """The scopes that keys of a site may hold, with their titles: the API's own, then those of the plugins on there."""
    return {**SCOPES, **{code: title for code, title in plugin_scopes(site).items() if code not in SCOPES}}
