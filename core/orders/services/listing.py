"""Lists of orders: the merchant's table, and a shopper's own. A few statements a page, whatever the filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.lib.text import fold
from core.orders.services.states import fitting, state_axes, states_of
from core.orders.services.status import Axes
from core.orders.services.waits import PARTLY, READY, WAITING

SOME = "some"

_ROW = (
    "o.id, o.number, o.placed_at, o.name, o.email, o.currency, o.total, o.shopper_id, o.payment_title,"
    " o.delivery_title, o.state, (SELECT SUM(l.ordered) FROM order_line l WHERE l.order_id = o.id), o.channel,"
    " o.channel_number, (SELECT w.stuck FROM order_wait w WHERE w.order_id = o.id)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """A row of a list, with its four derived statuses; `goods` says partly or waiting where some are not there."""

    id: int
    number: str
    placed_at: datetime
    name: str
    email: str
    total: Money
    shopper_id: int | None
    payment_title: str
    delivery_title: str
    pieces: int
    status: Axes
    channel: str = ""
    channel_number: str = ""
    goods: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilters:
    """What to list. `statuses` maps an axis (order, payment, fulfilment, returned) to codes, any of them.

    `text` finds a number, else a piece of a number (here or in a channel), name or mail address; `tag` those that wear
    it, `channel` those that came in from it, `held` those that wait for somebody's decision, or those that do not;
    `stage` those that stand at a plugin's stage, as (plugin, stage); `goods` those whose goods are there (ready,
    partly, waiting; or `some`: ready and partly), `overdue` those with something that should have left by
    now; `guest_email` those that were placed with this address and are in no account; `ids` those alone.
    """

    statuses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: str = ""
    placed_from: datetime | None = None
    placed_before: datetime | None = None
    shopper_id: int | None = None
    tag: str = ""
    held: bool | None = None
    stage: tuple[str, str] | None = None
    channel: str = ""
    guest_email: str = ""
    goods: str = ""
    overdue: bool = False
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """One page, newest first; `next` is the cursor of the following one, None at the end."""

    orders: tuple[OrderRow, ...]
    next: str | None


def list_orders(
    site: Site, filters: OrderFilters | None = None, after: str | None = None, limit: int = 50
) -> OrderPage:
    """The orders of a site, newest first; `after` is the `next` of the page before. One to three statements.

    Each of them reads what it answers and little more, however many orders there are.
    """
    found = _select(site, filters or OrderFilters(), after, limit + 1)
    page = found[:limit]
    following = f"{clock.micros(page[-1].placed_at)}.{page[-1].id}" if len(found) > limit else None
    return OrderPage(orders=tuple(page), next=following)


def count_orders(site: Site, filters: OrderFilters | None = None, at_most: int = 10_000) -> int:
    """How many orders fit the filters; counting ends at `at_most`. One or two statements."""
    newest, params = _newest(site, filters or OrderFilters(), None, at_most)
    return int(db.value(f"SELECT COUNT(*) FROM ({newest}) found", *params))


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


def _select(site: Site, filters: OrderFilters, after: str | None, limit: int) -> list[OrderRow]:
    newest, params = _newest(site, filters, after, limit)
    return [
        OrderRow(
            id=row[0], number=row[1], placed_at=clock.instant(row[2]), name=row[3], email=row[4],
            total=Money(row[6], row[5]), shopper_id=row[7], payment_title=row[8], delivery_title=row[9],
            status=state_axes(row[10]), pieces=int(row[11] or 0), channel=row[12], channel_number=row[13] or "",
            goods="" if row[14] is None else WAITING if row[14] else PARTLY,
        )
        for row in db.rows(
            f"SELECT {_ROW} FROM ({newest}) n JOIN orders o ON o.id = n.id ORDER BY o.placed_at DESC, o.id DESC",
            *params,
        )
    ]  # fmt: skip


def _newest(site: Site, filters: OrderFilters, after: str | None, limit: int) -> tuple[str, list[object]]:
    """(SELECT, parameters) of the ids of the newest orders that fit.

    The index of (site, state, instant) holds every state's orders in their order, so of each state that is wanted a
    page is enough; where a text is wanted too, the index of (site, instant) that holds the words is walked instead.
    """
    where, params = _stored(site, filters, after)
    source = f"SELECT c.id, c.placed_at FROM orders c WHERE {where}"
    ordered = "ORDER BY {0}placed_at DESC, {0}id DESC LIMIT ?"
    if not filters.statuses:
        return f"{source} {ordered.format('c.')}", [*params, limit]
    wanted = set(fitting(filters.statuses))
    states = [state for state in states_of(site.id) if state in wanted]
    if filters.text or len(states) < 2:
        return (
            f"{source} AND c.state IN ({db.marks(states)}) {ordered.format('c.')}",
            [*params, *states, limit],
        )
    each = f"SELECT * FROM ({source} AND c.state = ? {ordered.format('c.')})"
    parts = " UNION ALL ".join(f"{each} s{place}" for place in range(len(states)))
    found = [value for state in states for value in (*params, state, limit)]
    return f"SELECT id, placed_at FROM ({parts}) parts {ordered.format('')}", [*found, limit]


def _stored(site: Site, filters: OrderFilters, after: str | None) -> tuple[str, list[object]]:
    """The conditions but for the statuses."""
    where, params = ["c.site_id = ?"], list[object]([site.id])
    plain = (
        ("c.shopper_id = ?", filters.shopper_id),
        ("c.channel = ?", filters.channel or None),
        ("c.placed_at >= ?", filters.placed_from and clock.micros(filters.placed_from)),
        ("c.placed_at < ?", filters.placed_before and clock.micros(filters.placed_before)),
    )
    for condition, value in plain:
        if value is not None:
            where.append(condition)
            params.append(value)
    if filters.ids is not None:
        where.append(f"c.id IN ({db.marks(filters.ids)})")
        params += filters.ids
    if filters.guest_email:
        # Named one by one: they are few, and the list is else walked from its beginning until it has found them.
        guests = [row[0] for row in db.rows(_GUESTS, site.id, filters.guest_email)]
        where.append(f"c.id IN ({db.marks(guests)})")
        params += guests
    if filters.tag:
        where.append("c.id IN (SELECT order_id FROM order_tag WHERE site_id = ? AND tag = ?)")
        params += [site.id, filters.tag]
    if filters.stage is not None:
        where.append(f"c.id IN ({_AT_STAGE})")
        params += [site.id, *filters.stage]
    for more, values in (_waiting(site, filters), _text(site, filters.text)):
        where += more
        params += values
    if (cursor := _cursor(after)) is not None:
        where.append("(c.placed_at, c.id) < (?, ?)")
        params += cursor
    return " AND ".join(where), params


def _waiting(site: Site, filters: OrderFilters) -> tuple[list[str], list[object]]:
    """Whether somebody must decide, whether the goods are there, and whether they should have left."""
    where, params = list[str](), list[object]()
    if filters.held is not None:
        where.append(f"{'' if filters.held else 'NOT '}EXISTS ({_HELD})")
    if filters.goods:
        where.append(_GOODS[filters.goods])
        params += [site.id] if filters.goods == READY else [site.id, filters.goods in {WAITING, SOME}]
    if filters.overdue:
        where.append(f"c.id IN ({_OVERDUE})")
        params.append(clock.now_us())
    return where, params


def _text(site: Site, said: str) -> tuple[list[str], list[object]]:
    """A number that there is finds its order alone; all else is looked for in every order's words."""
    text = fold(said.replace("\0", "").strip().lstrip("#"))
    if text.isdecimal() and db.value("SELECT 1 FROM orders WHERE site_id = ? AND number = ?", site.id, text):
        return ["c.number = ?"], [text]
    return ([db.holds("c.words")], [text]) if text else ([], [])


_GUESTS = "SELECT id FROM orders WHERE site_id = ? AND LOWER(email) = LOWER(?) AND shopper_id IS NULL LIMIT 500"
# The last stage of the plugin's is where an order stands.
_AT_STAGE = (
    "SELECT s.order_id FROM order_stage s WHERE s.site_id = ? AND s.plugin = ? AND s.stage = ? AND NOT EXISTS"
    " (SELECT 1 FROM order_stage n WHERE n.order_id = s.order_id AND n.plugin = s.plugin AND n.id > s.id)"
)
_WAITS = "(SELECT w.order_id FROM order_wait w WHERE w.site_id = ?"
_GOODS = {
    READY: f"c.id NOT IN {_WAITS})",
    SOME: f"c.id NOT IN {_WAITS} AND w.stuck = ?)",
    PARTLY: f"c.id IN {_WAITS} AND w.stuck = ?)",
    WAITING: f"c.id IN {_WAITS} AND w.stuck = ?)",
}
_OVERDUE = (
    "SELECT l.order_id FROM order_line l WHERE l.promised_at IS NOT NULL AND l.promised_at <= ?"
    " AND l.ordered > l.shipped + l.cancelled"
)
_HELD = "SELECT 1 FROM order_hold h WHERE h.order_id = c.id AND h.ended_at IS NULL"


def _cursor(after: str | None) -> tuple[int, int] | None:
    """A cursor that somebody typed is the beginning of the list."""
    parts = (after or "").split(".")
    return (
        (int(parts[0]), int(parts[1]))
        if len(parts) == 2 and all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
        else None
    )
