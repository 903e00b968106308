"""Which counted variants run low, asked of the few levels that are low and not of all."""

from __future__ import annotations

from core.catalogue.services.shapes import LOW_STOCK
from core.kernel import db

FREE = "on_hand - allocated - held - preordered"

# Of a variant that runs low at least one level does, and those are in an index of their own (`stock_level_low`), which
# is used where its condition stands word for word. A counted variant has a level from its first save on.
RUNNING_LOW = (
    "SELECT v.id AS variant_id, v.product_id, v.active"
    f" FROM (SELECT DISTINCT variant_id FROM stock_level WHERE {FREE} <= {LOW_STOCK}) few"
    " JOIN variant v ON v.id = few.variant_id WHERE v.deleted_at IS NULL AND v.tracked"
    f" AND (SELECT SUM({FREE}) FROM stock_level s WHERE s.variant_id = v.id) <= {LOW_STOCK}"
)


def low_count() -> int:
    """How many counted variants run low, as the list of them says; one statement."""
    return int(db.value(f"SELECT COUNT(*) FROM ({RUNNING_LOW}) low"))
