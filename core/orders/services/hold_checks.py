"""What every verb that sends goods asks first, and what placing or changing an order writes: the facts about holds."""

from __future__ import annotations

from collections.abc import Sequence

from core.kernel import db
from core.lib import clock
from core.lib.errors import Refused
from core.orders.services.hold_reasons import UNPAID, HoldReason
from core.orders.services.timeline import note

OPEN = "ended_at IS NULL"


class OnHold(Refused):
    """The order waits to be looked at, so nothing of it is sent."""

    code = "on_hold"
    default_message = "This order is on hold. Approve or cancel it first."


def insert_holds(site_id: int, order_id: int, reasons: Sequence[HoldReason], actor: str) -> None:
    """Let the order wait for these. Inside a transaction."""
    db.require_transaction()
    now = clock.now_us()
    for one in reasons:
        db.execute(
            "INSERT INTO order_hold (site_id, order_id, source, reason, facts, actor, at, outcome, answer)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, '', '')",
            site_id, order_id, *one, actor, now,
        )  # fmt: skip
        _note(order_id, actor, one)


def _note(order_id: int, actor: str, one: HoldReason) -> None:
    note(order_id, actor, "held", source=one.source, text=one.text, facts=one.facts)


def hold_unpaid(site_id: int, order_id: int) -> None:
    """Ask a person what becomes of an order of which only a part was paid in time. Inside a transaction."""
    hold_anew(site_id, order_id, [HoldReason(UNPAID, "It was not paid in full in time.")])


def end_unpaid_hold(order_id: int) -> None:
    """The rest is there: nobody has to decide about it any more. Inside a transaction."""
    db.require_transaction()
    if db.execute(
        f"UPDATE order_hold SET ended_at = ?, outcome = 'approved' WHERE order_id = ? AND source = ? AND {OPEN}",
        clock.now_us(), order_id, UNPAID,
    ):  # fmt: skip
        note(order_id, "system", "hold_approved", text="")


def check_not_held(order_id: int) -> None:
    """Raises OnHold. After `lock_order`, so that nobody puts it on hold meanwhile."""
    db.require_transaction()
    if db.value(f"SELECT 1 FROM order_hold WHERE order_id = ? AND {OPEN} LIMIT 1", order_id):
        raise OnHold


def hold_anew(site_id: int, order_id: int, reasons: Sequence[HoldReason]) -> None:
    """Let a changed order wait for these as well, if anything of it is still to be sent. Inside a transaction."""
    if not reasons or not db.value("SELECT SUM(allocated) FROM order_line WHERE order_id = ?", order_id):
        return
    known = _open_of(order_id)
    insert_holds(site_id, order_id, [one for one in reasons if one not in known], "system")


def _open_of(order_id: int) -> set[HoldReason]:
    """What an order waits for now. One statement."""
    return {
        HoldReason(*row)
        for row in db.rows(f"SELECT source, reason, facts FROM order_hold WHERE order_id = ? AND {OPEN}", order_id)
    }


def copy_holds(source: int, target: int) -> None:
    """What an order waits for, or was approved for, is true of its new part. Inside a transaction."""
    db.require_transaction()
    db.execute(
        "INSERT INTO order_hold (site_id, order_id, source, reason, facts, actor, at, ended_at, outcome, answer)"
        " SELECT site_id, ?, source, reason, facts, actor, at, ended_at, outcome, answer FROM order_hold"
        " WHERE order_id = ? ORDER BY id",
        target, source,
    )  # fmt: skip
    for actor, *reason in db.rows(
        f"SELECT actor, source, reason, facts FROM order_hold WHERE order_id = ? AND {OPEN}", target
    ):
        _note(target, actor, HoldReason(*reason))


def move_holds(source: int, target: int) -> None:
    """What an order waits for goes into the one that it is merged into; why that waits already is said once."""
    db.require_transaction()
    known = _open_of(target)
    for hold_id, actor, *row in db.rows(
        f"SELECT id, actor, source, reason, facts FROM order_hold WHERE order_id = ? AND {OPEN} ORDER BY id", source
    ):
        reason = HoldReason(*row)
        if reason in known:
            db.execute(
                "UPDATE order_hold SET ended_at = ?, outcome = 'cancelled' WHERE id = ?", clock.now_us(), hold_id
            )
            continue
        db.execute("UPDATE order_hold SET order_id = ? WHERE id = ?", target, hold_id)
        _note(target, actor, reason)
