"""The pages of the shop. Each module is one place; all of them are one set of views, mounted as `storefront`."""

from __future__ import annotations

from importlib import import_module

from core.storefront.services.navigation import NAMES
from core.storefront.views.place import VIEWS

__all__ = ["NAMES", "VIEWS"]

_SHOP = ("machines", "catalogue", "search", "cart", "checkout", "checkout_places", "orders", "offers", "stored")
_OWN = ("own_links", "own_orders", "entrance", "sign_in")
_ACCOUNT = ("account", "account_addresses", "account_details", "account_devices", "account_data")
for _place in (*_SHOP, *_OWN, *_ACCOUNT):
    import_module(f"{__name__}.{_place}")
