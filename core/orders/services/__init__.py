"""The verbs and read models of orders.

Each module is one noun or use case; other floors import the module they need.
"""

from __future__ import annotations

from core.orders.services import (
    channel_import,
    channel_undo,
    expire,
    following,
    forget,
    history,
    history_undo,
    manifests,
    plugins_needed,
    shortages,
    sold,
)
from core.orders.services.read import OrderView, find_order, order_view

# Imported for what they declare: jobs, who says that a plugin is still needed, what was sold, who waits.
__all__ = [
    "OrderView",
    "channel_import",
    "channel_undo",
    "expire",
    "find_order",
    "following",
    "forget",
    "history",
    "history_undo",
    "manifests",
    "order_view",
    "plugins_needed",
    "shortages",
    "sold",
]
