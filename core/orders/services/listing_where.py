"""Which orders a list holds, and in which order: conditions and the statement that finds a page of ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.text import fold
from core.orders.services.states import fitting, states_of
from core.orders.services.waits import PARTLY, READY, WAITING

SOME = "some"
NEWEST, OLDEST, HIGHEST, LOWEST = SORTS = ("newest", "oldest", "highest", "lowest")
# (column, direction, comparison with the cursor) of each; the id decides between equals.
_BY = {
    NEWEST: ("placed_at", "DESC", "<"),
    OLDEST: ("placed_at", "ASC", ">"),
    HIGHEST: ("total", "DESC", "<"),
    LOWEST: ("total", "ASC", ">"),
}


class OrderFilters(Struct, frozen=True, kw_only=True):
    """What to list. `statuses` maps an axis (order, payment, fulfilment, returned) to codes, any of them.

    `text` finds a number, else a piece of a number (here or in a channel), name or mail address; `tag` those that wear
    it, `channel` those that came in from it, `held` those that wait for somebody's decision, or those that do not;
    `stage` those that stand at a plugin's stage, as (plugin, stage); `goods` those whose goods are there (ready,
    partly, waiting; or `some`: ready and partly), `overdue` those with something that should have left by
    now; `guest_email` those that were placed with this address and are in no account; `ids` those alone.
    `merged`: those that went into another order, or those that did not.
    `sku` are those that hold it, by itself or in a kit; `country` those of which something goes there, `carrier` by
    whom something goes, `gateway` by which they are paid; `least` and `most` are minor units of the `currency`. `sort`
    is one of SORTS.
    """

    statuses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: str = ""
    placed_from: datetime | None = None
    placed_before: datetime | None = None
    shopper_id: int | None = None
    tag: str = ""
    held: bool | None = None
    merged: bool | None = None
    stage: tuple[str, str] | None = None
    channel: str = ""
    guest_email: str = ""
    goods: str = ""
    overdue: bool = False
    ids: tuple[int, ...] | None = None
    sku: str = ""
    country: str = ""
    carrier: str = ""
    gateway: str = ""
    currency: str = ""
    least: int | None = None
    most: int | None = None
    sort: str = NEWEST


def page_of_ids(site: Site, filters: OrderFilters, after: str | None, limit: int) -> tuple[str, list[object]]:
    """(SELECT, parameters) of the ids of a page: the first that fit, in the order that is wanted.

    The index of (site, state, instant) holds every state's orders in their order, so of each state that is wanted a
    page is enough. Whatever is narrowed by what is in the index of (site, instant), or sorted by the total, walks that
    instead: it holds all of it.
    """
    where, params = _stored(site, filters, after)
    column, direction, _than = _BY[filters.sort]
    source = f"SELECT c.id, c.{column} AS at FROM orders c WHERE {where}"
    ordered = "ORDER BY {0} " + direction + ", {1}id " + direction + " LIMIT ?"
    mine = ordered.format(f"c.{column}", "c.")
    if not filters.statuses:
        return f"{source} {mine}", [*params, limit]
    wanted = set(fitting(filters.statuses))
    states = [state for state in states_of(site.id) if state in wanted]
    if _walks(filters) or len(states) < 2:
        return f"{source} AND c.state IN ({db.marks(states)}) {mine}", [*params, *states, limit]
    each = f"SELECT * FROM ({source} AND c.state = ? {mine})"
    parts = " UNION ALL ".join(f"{each} s{place}" for place in range(len(states)))
    found = [value for state in states for value in (*params, state, limit)]
    return f"SELECT id, at FROM ({parts}) parts {ordered.format('at', '')}", [*found, limit]


def _walks(filters: OrderFilters) -> bool:
    """Whether one index, walked once, answers sooner than a page of each state."""
    is_narrow = bool(filters.text or filters.country or filters.carrier or filters.gateway or filters.sku)
    return is_narrow or filters.least is not None or filters.most is not None or filters.sort in {HIGHEST, LOWEST}


def in_order(sort: str) -> str:
    """The ORDER BY of the rows of such a page, `n` being its ids."""
    _column, direction, _than = _BY[sort]
    return f"ORDER BY n.at {direction}, o.id {direction}"


def cursor_of(sort: str, placed_at: datetime, total: int, order_id: int) -> str:
    """Where the page ends, for the next one."""
    return f"{total if sort in {HIGHEST, LOWEST} else clock.micros(placed_at)}.{order_id}"


def _stored(site: Site, filters: OrderFilters, after: str | None) -> tuple[str, list[object]]:
    """The conditions but for the statuses."""
    where, params = ["c.site_id = ?"], list[object]([site.id])
    plain = (
        ("c.shopper_id = ?", filters.shopper_id),
        ("c.channel = ?", filters.channel or None),
        ("c.placed_at >= ?", filters.placed_from and clock.micros(filters.placed_from)),
        ("c.placed_at < ?", filters.placed_before and clock.micros(filters.placed_before)),
        ("c.gateway = ?", filters.gateway or None),
        ("c.currency = ?", filters.currency or None),
        ("c.total >= ?", filters.least),
        ("c.total <= ?", filters.most),
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
    for more, values in (_waiting(site, filters), _text(site, filters.text), _goods_and_ways(filters)):
        where += more
        params += values
    if (cursor := _cursor(after)) is not None:
        column, _direction, than = _BY[filters.sort]
        where.append(f"(c.{column}, c.id) {than} (?, ?)")
        params += cursor
    return " AND ".join(where), params


def _waiting(site: Site, filters: OrderFilters) -> tuple[list[str], list[object]]:
    """Whether somebody must decide, whether the goods are there, and whether they should have left."""
    where, params = list[str](), list[object]()
    if filters.held is not None:
        where.append(f"{'' if filters.held else 'NOT '}EXISTS ({_HELD})")
    if filters.merged is not None:
        where.append(f"{'' if filters.merged else 'NOT '}EXISTS ({MERGES.format('c.id')})")
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


def _goods_and_ways(filters: OrderFilters) -> tuple[list[str], list[object]]:
    """What is in it, and where and by whom it goes; of an order to several places, any of them."""
    where, params = list[str](), list[object]()
    if filters.sku:
        where.append(f"c.id IN ({_HOLDS})")
        params += [filters.sku, filters.sku]
    for column, value in (("country", filters.country), ("carrier", filters.carrier)):
        if value:
            where.append(
                f"(c.{column} = ? OR c.id IN (SELECT d.order_id FROM order_destination d WHERE d.{column} = ?))"
            )
            params += [value, value]
    return where, params


# By the line's own word, so that goods which are gone from the catalogue are found, too.
_HOLDS = (
    "SELECT l.order_id FROM order_line l WHERE l.sku = ? UNION ALL SELECT l.order_id FROM order_line_part p"
    " JOIN order_line l ON l.id = p.line_id WHERE p.variant_id = (SELECT v.id FROM variant v WHERE v.sku = ?)"
)
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
# The confirmed merges of an order into others.
MERGES = (
    "SELECT g.into_order_id FROM order_change g JOIN order_change_action a ON a.change_id = g.id"
    " AND a.kind = 'merge' WHERE g.order_id = {} AND g.state = 'confirmed'"
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
