"""Lists of orders: the merchant's table, and a shopper's own. A few statements a page, whatever the filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import enumerated
from core.lib import clock
from core.lib.jsons import from_json
from core.lib.money import Money
from core.orders.services.listing_where import MERGES, SOME, OrderFilters, cursor_of, in_order, page_of_ids
from core.orders.services.states import fitting, state_axes
from core.orders.services.status import CANCELLED_SQL, OPEN_SQL, Axes, from_sql
from core.orders.services.waits import PARTLY, WAITING

__all__ = ["SOME", "OrderFilters", "OrderPage", "OrderRow", "count_orders", "count_to_send", "list_orders", "orders_of"]


_ROW = (
    "o.id, o.number, o.placed_at, o.name, o.email, o.currency, o.total, o.shopper_id, o.payment_title,"
    " COALESCE(NULLIF(o.delivery_title, ''), {titles}, ''), o.state,"
    " (SELECT COALESCE(NULLIF(SUM(l.ordered - l.cancelled), 0), SUM(l.ordered)) FROM order_line l"
    " WHERE l.order_id = o.id), o.channel, o.channel_number,"
    " (SELECT w.stuck FROM order_wait w WHERE w.order_id = o.id), COALESCE(NULLIF(o.country, ''), {countries}, ''),"
    " CASE WHEN o.state LIKE 'cancelled %' THEN (SELECT kept.number FROM orders kept WHERE kept.id ="
    " ({merges} ORDER BY g.id DESC LIMIT 1)) END, o.gateway,"
    # Names without a table are those of the line.
    f" (SELECT CASE WHEN SUM(ordered - cancelled) > 0 THEN {CANCELLED_SQL} ELSE 0 END FROM order_line"
    " WHERE order_id = o.id), o.rate"
)
# The same of an order that goes to several places, one per line.
_EACH = (
    "(SELECT {joined} FROM (SELECT d.{column} FROM order_destination d WHERE d.order_id = o.id AND d.{column} <> ''"
    " ORDER BY d.position) t)"
)


class OrderRow(Struct, frozen=True, kw_only=True):
    """A row of a list, with its four derived statuses; `goods` says partly or waiting where some are not there.

    `countries` are those that something of it goes to, `delivery_title` names every way. `gone` is what the pieces cost
    that were cancelled, and `pieces` are the others; of an order that was cancelled as a whole, what was agreed stays.
    `merged_into` is the number of the order that all that was left of it went into.
    """

    id: int
    number: str
    placed_at: datetime
    name: str
    email: str
    total: Money
    gone: Money
    shopper_id: int | None
    payment_title: str
    delivery_title: str
    pieces: int
    status: Axes
    channel: str = ""
    channel_number: str = ""
    goods: str = ""
    countries: tuple[str, ...] = ()
    merged_into: str = ""
    gateway: str = ""
    is_pickup: bool = False

    @property
    def now(self) -> Money:
        """What it costs without what was cancelled or went on in another order."""
        return self.total - self.gone


class OrderPage(Struct, frozen=True, kw_only=True):
    """One page; `next` is the cursor of the following one, None at the end."""

    orders: tuple[OrderRow, ...]
    next: str | None


def list_orders(
    site: Site, filters: OrderFilters | None = None, after: str | None = None, limit: int = 50
) -> OrderPage:
    """The orders of a site, newest first unless sorted otherwise; `after` is the `next` of the page before.

    One to three statements. Each of them reads what it answers and little more, however many orders there are.
    """
    wanted = filters or OrderFilters()
    found = _select(site, wanted, after, limit + 1)
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    following = cursor_of(wanted.sort, last.placed_at, last.total.amount, last.id) if last else None
    return OrderPage(orders=tuple(page), next=following)


def count_orders(site: Site, filters: OrderFilters | None = None, at_most: int = 10_000) -> int:
    """How many orders fit the filters; counting ends at `at_most`. One or two statements."""
    page, params = page_of_ids(site, filters or OrderFilters(), None, at_most)
    return int(db.value(f"SELECT COUNT(*) FROM ({page}) found", *params))


def count_to_send(site: Site, statuses: Mapping[str, tuple[str, ...]]) -> int:
    """How many orders with these statuses wait for nobody's decision, and have something on the shelf.

    The statuses are those of orders with something to send, as all are that wait for goods. One statement over an
    index, over holds, and over those that wait.
    """
    states = fitting(statuses)
    among = f"state IN ({db.marks(states)})"
    return int(
        db.value(
            f"SELECT (SELECT COUNT(*) FROM orders WHERE site_id = ? AND {among}) - (SELECT COUNT(DISTINCT o.id)"
            " FROM order_hold h JOIN orders o ON o.id = h.order_id"
            f" WHERE h.site_id = ? AND h.ended_at IS NULL AND o.{among} AND NOT EXISTS"
            " (SELECT 1 FROM order_wait w WHERE w.order_id = o.id AND w.stuck = ?))"
            " - (SELECT COUNT(*) FROM order_wait w WHERE w.site_id = ? AND w.stuck = ?)",
            site.id, *states, site.id, *states, True, site.id, True,
        )
    )  # fmt: skip


def orders_of(site: Site, shopper_id: int, after: str | None = None, limit: int = 20) -> OrderPage:
    """A shopper's orders on this site, newest first."""
    return list_orders(site, OrderFilters(shopper_id=shopper_id), after, limit)


def goods_of(order_ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """What was ordered, as (name, picture), in the order of the lines; parts of kits are not named. One statement."""
    found: dict[int, list[tuple[str, str]]] = {}
    for order_id, name, picture in db.rows(
        "SELECT order_id, name, picture FROM order_line WHERE of_line_id IS NULL AND order_id IN"
        f" ({db.marks(order_ids)}) ORDER BY order_id, position",
        *order_ids,
    ):
        found.setdefault(order_id, []).append((name, picture))
    return found


def short_of(order_ids: Sequence[int]) -> set[int]:
    """Those of which more is due than is captured or promised. One statement, if there are any."""
    if not order_ids:
        return set()
    tables, params = from_sql(db.marks(order_ids), *order_ids)
    found = db.rows(
        f"SELECT o.id FROM {tables} WHERE o.id IN ({db.marks(order_ids)}) AND {OPEN_SQL} > 0", *params, *order_ids
    )
    return {row[0] for row in found}


def _each(column: str) -> str:
    return _EACH.format(joined=db.joined(f"t.{column}"), column=column)


def _lines(text: str) -> tuple[str, ...]:
    """Each line once."""
    return tuple(dict.fromkeys(line for line in text.split("\n") if line))


def _select(site: Site, filters: OrderFilters, after: str | None, limit: int) -> list[OrderRow]:
    page, params = page_of_ids(site, filters, after, limit)
    row = _ROW.format(titles=_each("delivery_title"), countries=_each("country"), merges=MERGES.format("o.id"))
    return [
        OrderRow(
            id=row[0], number=row[1], placed_at=clock.instant(row[2]), name=row[3], email=row[4],
            total=Money(row[6], row[5]), gone=Money(int(row[18] or 0), row[5]), shopper_id=row[7], payment_title=row[8],
            delivery_title=enumerated(_lines(row[9])),
            status=state_axes(row[10]), pieces=int(row[11] or 0), channel=row[12], channel_number=row[13] or "",
            goods="" if row[14] is None else WAITING if row[14] else PARTLY, countries=_lines(row[15]),
            merged_into=row[16] or "", gateway=row[17], is_pickup=bool(from_json(row[19]).get("pickup")),
        )
        for row in db.rows(
            f"SELECT {row} FROM ({page}) n JOIN orders o ON o.id = n.id {in_order(filters.sort)}",
            *params,
        )
    ]  # fmt: skip
