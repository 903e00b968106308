"""The verbs of carts. Every look-up goes by the cart's secret token and its site."""

from __future__ import annotations

from core.cart.services.agreed import Agreed, OwnLine, keep_agreed_cart
from core.cart.services.details import Details, apply_code, remove_code, save_details
from core.cart.services.find import MOST_PLACES, CartPlace, StoredCart, StoredLine, find_cart
from core.cart.services.lines import (
    CART_LINES,
    LINE_QUANTITY,
    CartFull,
    CartGone,
    NotForSale,
    Removed,
    add_to_cart,
    localise_cart,
    remove_line,
    set_quantity,
)
from core.cart.services.login import claim_cart
from core.cart.services.sweep import forget_old_carts

__all__ = [
    "CART_LINES",
    "LINE_QUANTITY",
    "MOST_PLACES",
    "Agreed",
    "CartFull",
    "CartGone",
    "CartPlace",
    "Details",
    "NotForSale",
    "OwnLine",
    "Removed",
    "StoredCart",
    "StoredLine",
    "add_to_cart",
    "apply_code",
    "claim_cart",
    "find_cart",
    "forget_old_carts",
    "keep_agreed_cart",
    "localise_cart",
    "remove_code",
    "remove_line",
    "save_details",
    "set_quantity",
]
