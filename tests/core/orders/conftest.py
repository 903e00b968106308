from __future__ import annotations

from tests.core.checkout.conftest import gateway, plugins, shop

__all__ = ["gateway", "plugins", "shop"]
