"""What a key may do, each by a word that stands in the key, in the reference and in a refusal."""

from __future__ import annotations

from core.api import lazy

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
