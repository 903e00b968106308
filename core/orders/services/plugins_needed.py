"""Open orders keep their gateway's and carrier's plugins draining instead of off."""

from __future__ import annotations

from core.kernel import db
from core.kernel.switch import needed_while
from core.orders.services.status import SQL, from_sql


@needed_while
def open_orders(site_id: int, plugin: str) -> int:
    """How many open orders of the site are paid through, or carried by, the plugin. One statement."""
    places, params = from_sql(
        "SELECT order_id FROM payment WHERE site_id = ? AND plugin = ?"
        " UNION SELECT id FROM orders WHERE site_id = ? AND carrier_plugin = ?",
        site_id, plugin, site_id, plugin,
    )  # fmt: skip
    return int(db.value(f"SELECT count(*) FROM {places} WHERE ({SQL['order']}) = 'open'", *params))
