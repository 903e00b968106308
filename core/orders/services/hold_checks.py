"""What every verb that sends goods asks first, and what placing an order writes: the facts about holds."""

from __future__ import annotations

from collections.abc import Sequence

from core.kernel import db
from core.lib import clock
from core.lib.errors import Refused
from core.orders.services.timeline import note

OPEN = "ended_at IS NULL"


class OnHold(Refused):
    """The order waits to be looked at, so nothing of it is sent."""

    code = "on_hold"
    default_message = "This order is on hold. Approve or cancel it first."


def insert_holds(site_id: int, order_id: int, reasons: Sequence[tuple[str, str]], actor: str) -> None:
    """Let the order wait for these (source, reason). Inside a transaction."""
    db.require_transaction()
    now = clock.now_us()
    for source, reason in reasons:
        db.execute(
            "INSERT INTO order_hold (site_id, order_id, source, reason, actor, at, outcome, answer)"
            " VALUES (?, ?, ?, ?, ?, ?, '', '')",
            site_id, order_id, source[:60], reason[:500], actor, now,
        )  # fmt: skip
        note(order_id, actor, "held", text=reason[:500])


def check_not_held(order_id: int) -> None:
    """Raises OnHold. After `lock_order`, so that nobody puts it on hold meanwhile."""
    db.require_transaction()
    if db.value(f"SELECT 1 FROM order_hold WHERE order_id = ? AND {OPEN} LIMIT 1", order_id):
        raise OnHold
