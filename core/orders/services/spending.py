"""What shoppers ordered and paid: worked out from the facts of their orders, a page of shoppers with one statement.

`ordered` is what the orders cost, delivery and tax included, without what was cancelled. `spent` is the money that came
for them and was not given back or lost. Each currency is summed by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.lib.text import fold
from core.orders.services.states import KEPT
from core.orders.services.status import from_sql

_COST = "o.total - l.cancelled_amount - CASE WHEN l.units = 0 THEN o.delivery_total ELSE 0 END"


class Spending(Struct):
    """Of one shopper on one site. `orders` are those of which something is left."""

    orders: int = 0
    last_at: datetime | None = None
    ordered: list[Money] = field(default_factory=list)
    spent: list[Money] = field(default_factory=list)

    def add(self, currency: str, orders: int, last: int, ordered: int, spent: int) -> None:
        """Count what was ordered in one currency."""
        at = clock.instant(int(last))
        self.orders += int(orders)
        self.last_at = at if self.last_at is None else max(at, self.last_at)
        self.ordered.append(Money(int(ordered), currency))
        self.spent.append(Money(int(spent), currency))


def spending_of(site: Site, shopper_ids: Sequence[int]) -> dict[int, Spending]:
    """What these shoppers ordered and paid; those without an order are there, too. One statement."""
    found = {shopper_id: Spending() for shopper_id in shopper_ids}
    theirs = f"SELECT id FROM orders WHERE site_id = ? AND shopper_id IN ({db.marks(shopper_ids)})"
    source, params = from_sql(theirs, site.id, *shopper_ids)
    for shopper_id, currency, orders, last, ordered, spent in db.rows(
        f"SELECT o.shopper_id, o.currency, SUM(CASE WHEN l.units > 0 THEN 1 ELSE 0 END), MAX(o.placed_at),"
        f" SUM({_COST}), SUM({KEPT}) FROM {source} GROUP BY o.shopper_id, o.currency ORDER BY 3 DESC, 2",
        *params,
    ):
        found[shopper_id].add(currency, orders, last, ordered, spent)
    return found


# -- sorted by it ------------------------------------------------------------------------------------------------------

SORTS = {"spent": "spent", "orders": "orders"}
_GUEST_SORTS = {"": "last_at", **SORTS}
_SUMS = (
    "SUM(CASE WHEN o.state LIKE 'cancelled %' THEN 0 ELSE 1 END) AS orders,"
    " SUM(CASE WHEN o.currency = ? THEN o.spent ELSE 0 END) AS spent, MAX(o.placed_at) AS last_at, MAX(o.id) AS newest"
)


def ranked(site: Site, accounts: str, params: Sequence[object], by: str, start: int, limit: int) -> list[int]:
    """The accounts of a subquery of ids by what they spent in the site's currency, or by their orders, the most first.

    One statement over the copies on the orders' own rows.
    """
    return [
        row[0]
        for row in db.rows(
            # Safe in SQL: `accounts` is a SELECT that `matching` of the accounts has put together.
            f"SELECT a.id FROM ({accounts}) a LEFT JOIN (SELECT o.shopper_id, {_SUMS} FROM orders o WHERE o.site_id = ?"
            f" AND o.shopper_id IS NOT NULL GROUP BY o.shopper_id) x ON x.shopper_id = a.id"
            f" ORDER BY COALESCE(x.{SORTS[by]}, 0) DESC, a.id DESC LIMIT ? OFFSET ?",
            *params, site.currency, site.id, limit, start,
        )
    ]  # fmt: skip


class Guest(Struct, frozen=True, kw_only=True):
    """Somebody who ordered without an account, told by their mail address. `order_id` is their newest order."""

    order_id: int
    name: str
    email: str
    orders: int
    spent: Money
    last_at: datetime


def guests(site: Site, text: str = "", by: str = "", start: int = 0, limit: int = 50) -> list[Guest]:
    """Who ordered here without an account, the latest or the most first; `spent` is in the site's currency.

    One statement.
    """
    where, params = ["o.site_id = ?", "o.shopper_id IS NULL", "o.email <> ''"], list[object]([site.id])
    for word in fold(text.replace("\0", " ")).split()[:6]:
        where.append(db.holds("o.words"))
        params.append(word)
    return [
        Guest(
            order_id=row[0], name=row[1], email=row[2], orders=int(row[3]), spent=Money(int(row[4]), site.currency),
            last_at=clock.instant(int(row[5])),
        )
        for row in db.rows(
            "SELECT n.id, n.name, n.email, g.orders, g.spent, g.last_at FROM"
            f" (SELECT {_SUMS} FROM orders o WHERE {' AND '.join(where)} GROUP BY LOWER(o.email)) g"
            f" JOIN orders n ON n.id = g.newest ORDER BY g.{_GUEST_SORTS[by]} DESC, n.id DESC LIMIT ? OFFSET ?",
            site.currency, *params, limit, start,
        )
    ]  # fmt: skip


def guest_orders(site: Site, order_id: int) -> list[int]:
    """The orders without an account that were placed with the same mail address as this one, however it was spelled.

    None for an account's order, or one that names nobody. One statement over an index.
    """
    return [
        row[0]
        for row in db.rows(
            "SELECT g.id FROM orders o JOIN orders g ON g.site_id = o.site_id AND g.shopper_id IS NULL"
            " AND LOWER(g.email) = LOWER(o.email)"
            " WHERE o.id = ? AND o.site_id = ? AND o.shopper_id IS NULL AND o.email <> '' ORDER BY g.id",
            order_id, site.id,
        )
    ]  # fmt: skip


def spending_on(order_ids: Sequence[int]) -> Spending:
    """The same of some orders. One statement."""
    source, params = from_sql(db.marks(order_ids), *order_ids)
    one = Spending()
    for currency, orders, last, ordered, spent in db.rows(
        f"SELECT o.currency, SUM(CASE WHEN l.units > 0 THEN 1 ELSE 0 END), MAX(o.placed_at), SUM({_COST}), SUM({KEPT})"
        f" FROM {source} GROUP BY o.currency ORDER BY 2 DESC, 1",
        *params,
    ):
        one.add(currency, orders, last, ordered, spent)
    return one
