"""What was sold since: asked by the undo of an import, which leaves such goods as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.imports.services.undo import sold_since
from core.kernel import db
from core.lib import clock


@sold_since
def ordered_since(variant_ids: Sequence[int], since: datetime) -> set[int]:
    """Of these variants the ones that an order names which was placed since then, on any site."""
    found = db.rows(
        "SELECT DISTINCT l.variant_id FROM order_line l JOIN orders o ON o.id = l.order_id"
        f" WHERE o.placed_at >= ? AND l.variant_id IN ({db.marks(variant_ids)})",
        clock.micros(since), *variant_ids,
    )  # fmt: skip
    return {row[0] for row in found}
