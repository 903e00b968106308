"""What follows from facts, once: an order that has been paid, money that came too late or was too much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from core.hookspecs.events import OrderPaid
from core.kernel import db, events
from core.lib import clock
from core.lib.errors import NotFound, Refused
from core.orders.services.hold_checks import end_unpaid_hold
from core.orders.services.states import changed
from core.orders.services.status import (
    MONEY_COLUMNS,
    MONEY_SQL,
    OPEN_SQL,
    LineFacts,
    MoneyFacts,
    due,
    from_sql,
    open_of,
    to_be_captured,
)
from core.orders.services.timeline import note, once


class OrderMoved(Refused):
    """Somebody did something to the order since it was looked at."""

    code = "order_moved"
    default_message = "Meanwhile this order has changed. Look at it as it is now, then send it once more."


def lock_order(order_id: int, site_id: int | None = None, seen: int | None = None) -> int:
    """First statement of every verb on an order: others wait until this one commits. Answers the new version.

    An id from outside comes with the site it must belong to; raises NotFound. `seen` is the version that somebody
    looked at: OrderMoved if anything was done since.
    """
    db.require_transaction()
    where, params = (" AND site_id = ?", [site_id]) if site_id is not None else ("", [])
    found = db.value(
        f"UPDATE orders SET version = version + 1 WHERE id = ?{where} RETURNING version", order_id, *params
    )
    if found is None:
        raise NotFound
    if seen is not None and found != seen + 1:
        raise OrderMoved
    changed(order_id)
    return int(found)


def money_facts(order_id: int) -> MoneyFacts:
    """The sums of the counted facts of all the order's payments. One statement."""
    row = db.one(MONEY_SQL, order_id)
    return MoneyFacts(**{name: int(value or 0) for name, value in zip(MONEY_COLUMNS, row or (), strict=True)})


def line_facts(order_id: int) -> list[LineFacts]:
    """The event quantities of the order's lines. One statement."""
    return list(line_facts_by_id(order_id).values())


def line_facts_by_id(order_id: int) -> dict[int, LineFacts]:
    """The same, told apart by the lines' ids, in their order. One statement."""
    return {
        row[0]: LineFacts(
            ordered=row[1], shipped=row[2], delivered=row[3], cancelled=row[4], return_requested=row[5],
            received=row[6], claimed=row[7], claimed_amount=int(row[8]), needs_delivery=bool(row[9]), total=row[10],
        )
        for row in db.rows(
            "SELECT id, ordered, shipped, delivered, cancelled, return_requested, received, claimed, claimed_amount,"
            " needs_delivery, total FROM order_line WHERE order_id = ? ORDER BY position",
            order_id,
        )
    }  # fmt: skip


def still_due(order_id: int, money: MoneyFacts | None = None) -> int:
    """What captured money has still to reach; below zero where too much came. Raises NotFound."""
    order = db.one("SELECT total, delivery_total, given_back, advanced FROM orders WHERE id = ?", order_id)
    if order is None:
        raise NotFound
    money = money or money_facts(order_id)
    return to_be_captured(order[0], order[1], line_facts(order_id), money, *order[2:]) - money.captured


def open_amount(order_id: int) -> int:
    """What is due and neither captured nor promised by an authorisation. One statement. Raises NotFound."""
    tables, params = from_sql("?", order_id)
    found = db.value(f"SELECT {OPEN_SQL} FROM {tables} WHERE o.id = ?", *params, order_id)
    if found is None:
        raise NotFound
    return int(found)


def settle(order_id: int) -> None:
    """Draw the conclusions of new facts inside their transaction.

    OrderPaid exactly once, the deadline begun or gone, surplus noted.
    """
    db.require_transaction()
    changed(order_id)
    order = db.one(
        "SELECT site_id, number, total, delivery_total, currency, given_back, advanced, expires_at, days_to_pay"
        " FROM orders WHERE id = ?",
        order_id,
    )
    assert order is not None
    site_id, number, total, delivery_total, currency, given_back, advanced, expires_at, days = order
    money, lines = money_facts(order_id), line_facts(order_id)
    to_pay = due(total, delivery_total, lines)
    left = open_of(total, delivery_total, lines, money, given_back, advanced)
    _set_deadline(order_id, lines, left, expires_at, days)
    is_alive = any(line.cancelled < line.ordered for line in lines)
    if is_alive and money.captured >= to_pay and once(order_id, "paid"):
        note(order_id, "system", "paid", captured=money.captured)
        events.record(OrderPaid(order_id=order_id, number=number, captured=money.captured, currency=currency), site_id)
    if money.captured > to_pay and money.kept > to_pay and once(order_id, f"surplus:{money.captured}:{to_pay}"):
        note(order_id, "system", "surplus", amount=money.kept - to_pay)


def deadline(days: int) -> int | None:
    """Until when goods wait for money that opens now, in microseconds; 0 days are without end."""
    return clock.micros(clock.now() + timedelta(days=days)) if days > 0 else None


def _set_deadline(order_id: int, lines: Sequence[LineFacts], left: int, expires_at: int | None, days: int) -> None:
    """Goods wait for money as long as something is open, from the fact that opened it on: never without an end.

    A part of the money leaves the deadline as it is; all of it, or a promise of all, ends it.
    """
    if left <= 0:
        end_unpaid_hold(order_id)
    is_waiting = left > 0 and any(line.ordered > line.shipped + line.cancelled for line in lines)
    if not is_waiting and expires_at is not None:
        db.execute("UPDATE orders SET expires_at = NULL WHERE id = ?", order_id)
    if is_waiting and expires_at is None and (until := deadline(days)) is not None:
        db.execute("UPDATE orders SET expires_at = ? WHERE id = ?", until, order_id)
