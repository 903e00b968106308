"""What shoppers ordered and paid: worked out from the facts of their orders, a page of shoppers with one statement.

`ordered` is what the orders cost, delivery and tax included, without what was cancelled. `spent` is the money that came
for them and was not given back or lost. Each currency is summed by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.orders.services.status import from_sql

_COST = "o.total - l.cancelled_amount - CASE WHEN l.units = 0 THEN o.delivery_total ELSE 0 END"
_KEPT = "COALESCE(m.captured, 0) - COALESCE(m.refunded, 0) - COALESCE(m.lost, 0)"


@dataclass(slots=True)
class Spending:
    """Of one shopper on one site. `orders` are those of which something is left."""

    orders: int = 0
    last_at: datetime | None = None
    ordered: list[Money] = field(default_factory=list)
    spent: list[Money] = field(default_factory=list)


def spending_of(site: Site, shopper_ids: Sequence[int]) -> dict[int, Spending]:
    """What these shoppers ordered and paid; those without an order are there, too. One statement."""
    found = {shopper_id: Spending() for shopper_id in shopper_ids}
    theirs = [site.id, *shopper_ids]
    source, flags = from_sql(f"SELECT id FROM orders WHERE site_id = ? AND shopper_id IN ({db.marks(shopper_ids)})")
    for shopper_id, currency, orders, last, ordered, spent in db.rows(
        f"SELECT o.shopper_id, o.currency, SUM(CASE WHEN l.units > 0 THEN 1 ELSE 0 END), MAX(o.placed_at),"
        f" SUM({_COST}), SUM({_KEPT}) FROM {source} GROUP BY o.shopper_id, o.currency ORDER BY 3 DESC, 2",
        *flags, *theirs, *theirs,
    ):  # fmt: skip
        one, at = found[shopper_id], clock.instant(int(last))
        one.orders += int(orders)
        one.last_at = at if one.last_at is None else max(at, one.last_at)
        one.ordered.append(Money(int(ordered), currency))
        one.spent.append(Money(int(spent), currency))
    return found
