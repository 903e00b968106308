"""The pages of the shop. Each module is one place; all of them are one set of views, mounted as `storefront`."""

from __future__ import annotations

from core.storefront.services.navigation import NAMES
from core.storefront.views import account, cart, catalogue, checkout, entrance, orders, search
from core.storefront.views.place import VIEWS

__all__ = ["NAMES", "VIEWS", "account", "cart", "catalogue", "checkout", "entrance", "orders", "search"]
