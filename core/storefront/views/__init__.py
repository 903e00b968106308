"""The pages of the shop. Each module is one place; all of them are one set of views, mounted as `storefront`."""

from __future__ import annotations

from importlib import import_module

from core.storefront.services.navigation import NAMES
from core.storefront.views.place import VIEWS

__all__ = ["NAMES", "VIEWS"]

for _place in ("machines", "catalogue", "search", "cart", "checkout", "orders", "entrance", "account"):
    import_module(f"{__name__}.{_place}")
