from __future__ import annotations

from tests.core.catalogue.conftest import noon
from tests.core.checkout.conftest import gateway, plugins, shop

__all__ = ["gateway", "noon", "plugins", "shop"]
