"""The lists of orders and of returns as files: the same filters, the same rows, in constant memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from core.hookspecs.site import Site
from core.lib.csv import write_rows
from core.lib.money import Money
from core.orders.services.case_reading import list_cases
from core.orders.services.drafts import list_drafts
from core.orders.services.listing import OrderFilters, OrderRow, list_orders
from core.orders.services.return_labels import return_number
from core.orders.services.tags import tags_of
from core.panel.orders.services.returning import Filters

COLUMNS = (
    "number", "placed", "name", "email", "currency", "total", "pieces", "order", "payment", "fulfilment", "return",
    "method", "delivery", "country", "tags", "channel", "channel_number",
    "merged_into", "total_now",
)  # fmt: skip
_AT_ONCE = 500


def write_orders(site: Site, filters: OrderFilters, stream: BinaryIO) -> int:
    """Write every order that the filters leave, newest first; answers how many. A few statements per 500 orders."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    try:
        return write_rows(text, COLUMNS, _cells(site, filters))
    finally:
        text.detach()


DRAFT_COLUMNS = (
    "draft", "state", "email", "name", "currency", "language", "lines", "pieces", "discount", "link_until",
    "kept_until", "order", "made", "changed", "by",
)  # fmt: skip


def write_drafts(site: Site, stream: BinaryIO, *, is_open: bool | None) -> int:
    """Write every draft that a view shows, newest first; answers how many. Two statements per 500."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    try:
        return write_rows(text, DRAFT_COLUMNS, _drafts(site, is_open=is_open))
    finally:
        text.detach()


def _drafts(site: Site, *, is_open: bool | None) -> Iterator[tuple[object, ...]]:
    zone, before = ZoneInfo(site.timezone), None
    while True:
        found = list_drafts(site, is_open=is_open, before=before, limit=_AT_ONCE)
        for draft in found:
            wish = draft.wish
            yield (
                draft.id, draft.state, wish.email, wish.address.name if wish.address else "", wish.currency,
                wish.language, len(wish.lines), sum(line.quantity for line in wish.lines),
                Money(wish.discount, wish.currency).decimal, _moment(draft.link_until, zone),
                _moment(draft.keep_until, zone), draft.order_number, _moment(draft.created_at, zone),
                _moment(draft.updated_at, zone), draft.actor,
            )  # fmt: skip
        if len(found) < _AT_ONCE:
            return
        before = found[-1].id


CASE_COLUMNS = (
    "number", "order", "kind", "reason", "state", "pieces", "currency", "value", "granted", "asked", "ended", "name",
    "email",
)  # fmt: skip


def write_cases(site: Site, filters: Filters, stream: BinaryIO) -> int:
    """Write every return that the filters leave, newest first; answers how many. Two statements per 500."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    try:
        return write_rows(text, CASE_COLUMNS, _cases(site, filters))
    finally:
        text.detach()


def _cases(site: Site, filters: Filters) -> Iterator[tuple[object, ...]]:
    zone, before = ZoneInfo(site.timezone), None
    while True:
        found = list_cases(site, **filters.wanted(), before=before, limit=_AT_ONCE)
        for case in found:
            yield (
                return_number(case), case.order_number, case.kind, case.reason, case.state, case.count, case.currency,
                Money(case.value, case.currency).decimal, Money(case.granted, case.currency).decimal,
                _moment(case.requested_at, zone), _moment(case.ended_at, zone), case.name, case.email,
            )  # fmt: skip
        if len(found) < _AT_ONCE:
            return
        before = found[-1].id


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else ""


def _cells(site: Site, filters: OrderFilters) -> Iterator[tuple[object, ...]]:
    zone, after = ZoneInfo(site.timezone), None
    while True:
        found = list_orders(site, filters, after, _AT_ONCE)
        worn = tags_of([order.id for order in found.orders])
        for order in found.orders:
            yield _row(order, zone, worn.get(order.id, ()))
        if found.next is None:
            return
        after = found.next


def _row(order: OrderRow, zone: ZoneInfo, worn: tuple[str, ...]) -> tuple[object, ...]:
    at = order.status
    placed = _moment(order.placed_at, zone)
    return (
        order.number, placed, order.name, order.email, order.total.currency, order.total.decimal, order.pieces,
        at.order, at.payment, at.fulfilment, at.returned, order.payment_title, order.delivery_title,
        ", ".join(order.countries), ", ".join(worn),
        order.channel, order.channel_number, order.merged_into, order.now.decimal,
    )  # fmt: skip
