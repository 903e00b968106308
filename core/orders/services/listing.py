"""Lists of orders: the merchant's table, and a shopper's own. One statement a page, whatever the filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.orders.services.status import FULFILMENT, ORDER, PAYMENT, RETURN, SQL, Axes, from_sql

_CODES = {"order": ORDER, "payment": PAYMENT, "fulfilment": FULFILMENT, "returned": RETURN}
_ROW = (
    "o.id, o.number, o.placed_at, o.name, o.email, o.currency, o.total, o.shopper_id, o.payment_title,"
    " o.delivery_title, l.pieces, o.channel, o.channel_number"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """A row of a list, with its four derived statuses."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilters:
    """What to list. `statuses` maps an axis (order, payment, fulfilment, returned) to codes, any of them.

    `text` finds a number, here or in a channel, else a piece of a name or mail address; `tag` those that wear it,
    `channel` those that came in from it, `held` those that wait for somebody's decision, or those that do not; `stage`
    those that stand at a plugin's stage, as (plugin, stage).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """One page, newest first; `next` is the cursor of the following one, None at the end."""

    orders: tuple[OrderRow, ...]
    next: str | None


def list_orders(
    site: Site, filters: OrderFilters | None = None, after: str | None = None, limit: int = 50
) -> OrderPage:
    """The orders of a site, newest first; `after` is the `next` of the page before. One to five statements.

    Statuses are worked out for the newest orders first, and for older ones only while the page is not full.
    """
    chosen = filters or OrderFilters()
    found: list[OrderRow] = []
    for reach in _REACH if chosen.statuses else (limit + 1,):
        found = _select(site, chosen, after, reach, limit + 1)
        if len(found) > limit:
            break
    page = found[:limit]
    following = f"{clock.micros(page[-1].placed_at)}.{page[-1].id}" if len(found) > limit else None
    return OrderPage(orders=tuple(page), next=following)


def count_orders(site: Site, filters: OrderFilters | None = None, at_most: int = 10_000) -> int:
    """How many of the newest `at_most` orders fit the filters. One statement."""
    chosen = filters or OrderFilters()
    source, wanted, params = _parts(site, chosen, None, at_most)
    return int(db.value(f"SELECT count(*) FROM {source} WHERE {wanted}", *params))


def orders_of(site: Site, shopper_id: int, after: str | None = None, limit: int = 20) -> OrderPage:
    """A shopper's orders on this site, newest first."""
    return list_orders(site, OrderFilters(shopper_id=shopper_id), after, limit)


# How many of the newest orders are looked through before the rest is.
_REACH = (1_000, 20_000, 10**9)


def _select(site: Site, filters: OrderFilters, after: str | None, reach: int, limit: int) -> list[OrderRow]:
    source, wanted, params = _parts(site, filters, after, reach)
    columns = ", ".join([_ROW, *(f"({SQL[axis]})" for axis in ("order", "payment", "fulfilment", "returned"))])
    return [
        OrderRow(
            id=row[0], number=row[1], placed_at=clock.instant(row[2]), name=row[3], email=row[4], total=Money(row[6],
            row[5]),
            shopper_id=row[7], payment_title=row[8], delivery_title=row[9], pieces=int(row[10]),
            channel=row[11], channel_number=row[12] or "",
            status=Axes(order=row[13], payment=row[14], fulfilment=row[15], returned=row[16]),
        )
        for row in db.rows(
            f"SELECT {columns} FROM {source} WHERE {wanted} ORDER BY o.placed_at DESC, o.id DESC LIMIT ?",
            *params, limit,
        )
    ]  # fmt: skip


def _parts(site: Site, filters: OrderFilters, after: str | None, reach: int) -> tuple[str, str, list[object]]:
    """(FROM, WHERE, parameters).

    The stored columns choose which orders are looked at, the axes which of them are wanted.
    """
    ids, params = _candidates(site, filters, after, reach)
    if filters.text and reach <= _REACH[0]:
        # A text is looked for in every row, so once is enough: what it finds is named in the statement that shows it.
        ids, params = ", ".join(str(int(order_id)) for (order_id,) in db.rows(ids, *params)) or "NULL", []
    source, flags = from_sql(ids)
    conditions, codes = ["1 = 1"], []
    for axis, wanted in filters.statuses.items():
        known = [code for code in wanted if code in _CODES[axis]]
        conditions.append(f"({SQL[axis]}) IN ({db.marks(known)})")
        codes += known
    return source, " AND ".join(conditions), [*flags, *params, *params, *codes]


def _candidates(site: Site, filters: OrderFilters, after: str | None, reach: int) -> tuple[str, list[object]]:
    where, params = ["c.site_id = ?", *_implied(filters.statuses)], list[object]([site.id])
    if filters.shopper_id is not None:
        where.append("c.shopper_id = ?")
        params.append(filters.shopper_id)
    if filters.held is not None:
        where.append(f"{'' if filters.held else 'NOT '}EXISTS ({_HELD})")
    if filters.tag:
        where.append("c.id IN (SELECT order_id FROM order_tag WHERE site_id = ? AND tag = ?)")
        params += [site.id, filters.tag]
    if filters.stage is not None:
        where.append(f"c.id IN ({_AT_STAGE})")
        params += [site.id, *filters.stage]
    if filters.channel:
        where.append("c.channel = ?")
        params.append(filters.channel)
    if filters.placed_from is not None:
        where.append("c.placed_at >= ?")
        params.append(clock.micros(filters.placed_from))
    if filters.placed_before is not None:
        where.append("c.placed_at < ?")
        params.append(clock.micros(filters.placed_before))
    text = filters.text.strip().lstrip("#").lower()
    if text.isdecimal() and db.value("SELECT 1 FROM orders WHERE site_id = ? AND number = ?", site.id, text):
        where.append("c.number = ?")
        params.append(text)
    elif text:
        where.append(
            "(c.number IN (?, ?) OR c.channel_number IN (?, ?)"
            " OR LOWER(c.email) LIKE ? ESCAPE '\\' OR LOWER(c.name) LIKE ? ESCAPE '\\')"
        )
        piece = "%" + "".join(f"\\{c}" if c in "%_\\" else c for c in text) + "%"
        params += [text, text.upper(), text, text.upper(), piece, piece]
    if (cursor := _cursor(after)) is not None:
        where.append("(c.placed_at < ? OR (c.placed_at = ? AND c.id < ?))")
        params += [cursor[0], cursor[0], cursor[1]]
    # The nested SELECT keeps the LIMIT inside IN legal and its plan on the index of (site, placed_at, id).
    newest = f"SELECT c.id FROM orders c WHERE {' AND '.join(where)} ORDER BY c.placed_at DESC, c.id DESC LIMIT ?"
    return f"SELECT id FROM ({newest}) newest", [*params, reach]


# The last stage of the plugin's is where an order stands.
_AT_STAGE = (
    "SELECT s.order_id FROM order_stage s WHERE s.site_id = ? AND s.plugin = ? AND s.stage = ? AND NOT EXISTS"
    " (SELECT 1 FROM order_stage n WHERE n.order_id = s.order_id AND n.plugin = s.plugin AND n.id > s.id)"
)
_HELD = "SELECT 1 FROM order_hold h WHERE h.order_id = c.id AND h.ended_at IS NULL"
# What each of these statuses implies for at least one line, word for word as the partial indexes say it.
_IMPLIED: tuple[tuple[str, frozenset[str], str], ...] = (
    ("fulfilment", frozenset({"unfulfilled", "partly_shipped"}), "ordered > shipped + cancelled"),
    ("order", frozenset({"cancelled"}), "cancelled > 0"),
    ("returned", frozenset({"requested", "partly_returned", "returned"}), "received > 0 OR return_requested > 0"),
)


def _implied(statuses: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Conditions that every wanted order fulfils, so that a rare status is not looked for in all orders."""
    return [
        f"c.id IN (SELECT order_id FROM order_line WHERE {condition})"
        for axis, codes, condition in _IMPLIED
        if statuses.get(axis) and set(statuses[axis]) <= codes
    ]


def _cursor(after: str | None) -> tuple[int, int] | None:
    """A cursor that somebody typed is the beginning of the list."""
    parts = (after or "").split(".")
    return (
        (int(parts[0]), int(parts[1]))
        if len(parts) == 2 and all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
        else None
    )
