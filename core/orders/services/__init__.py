"""The verbs and read models of orders.

Each module is one noun or use case; other floors import the module they need.
"""

from __future__ import annotations

from core.orders.services import channel_import, channel_undo, expire, forget, plugins_needed, sold
from core.orders.services.read import OrderView, find_order, order_view

# Imported for what they declare: jobs, who says that a plugin is still needed, and what was sold.
__all__ = [
    "OrderView",
    "channel_import",
    "channel_undo",
    "expire",
    "find_order",
    "forget",
    "order_view",
    "plugins_needed",
    "sold",
]
