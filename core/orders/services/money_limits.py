"""How much may still be asked of a gateway: what is under way counts, whether it was answered or not.

Asked under the order's lock, so that two wishes at once cannot both have the last cent.
"""

from __future__ import annotations

from core.kernel import db
from core.orders.services.facts import BY_HAND, COUNTED, refunded_and_captured
from core.orders.services.operations import DONE, SENT, UNKNOWN
from core.orders.services.settle import line_facts, money_facts
from core.orders.services.status import owed_back


def left_to_refund(payment_id: int) -> int:
    """What one payment took, less what went back, is disputed or lost, or is on its way."""
    refunded, captured = refunded_and_captured(payment_id)
    told = _told(payment_id)
    lost = max(told.get("disputed", 0) - told.get("dispute_won", 0), told.get("dispute_lost", 0))
    return captured - refunded - lost - _untold(payment_id, "refund", "refunded")


def left_to_capture(payment_id: int) -> int:
    """What one payment promised, less what was taken or let go. What came by hand was never at the gateway."""
    told = _told(payment_id)
    held = told.get("authorized", 0) - told.get("voided", 0) - told.get("expired", 0)
    return held - told.get("captured", 0) - _untold(payment_id, "capture", "captured")


def still_owed(order_id: int) -> int:
    """What an order should give back and nobody has asked for yet."""
    row = db.one("SELECT total, delivery_total FROM orders WHERE id = ?", order_id)
    assert row is not None
    owed = owed_back(row[0], row[1], line_facts(order_id), money_facts(order_id))
    payments = db.rows("SELECT id FROM payment WHERE order_id = ?", order_id)
    return owed - sum(_untold(payment_id, "refund", "refunded") for (payment_id,) in payments)


def _untold(payment_id: int, kind: str, fact: str) -> int:
    """The sum of what was asked for and that no fact tells of yet. A refund that failed later was told once."""
    asked: dict[str, int] = {
        state: int(amount)
        for state, amount in db.rows(
            "SELECT state, SUM(amount) FROM payment_operation WHERE payment_id = ? AND kind = ? GROUP BY state",
            payment_id, kind,
        )
    }  # fmt: skip
    done = asked.get(DONE, 0)
    told = _told(payment_id, by_hand=kind == "refund").get(fact, 0) if done else 0
    return asked.get(SENT, 0) + asked.get(UNKNOWN, 0) + max(0, done - told)


def _told(payment_id: int, *, by_hand: bool = False) -> dict[str, int]:
    """The sums of the counted facts of a payment by kind; with `by_hand`, those that no gateway told too."""
    also, params = ("", []) if by_hand else (" AND note <> ?", [BY_HAND])
    return {
        kind: int(amount)
        for kind, amount in db.rows(
            f"SELECT kind, SUM(amount) FROM payment_fact WHERE payment_id = ? AND verdict = ?{also} GROUP BY kind",
            payment_id, COUNTED, *params,
        )
    }  # fmt: skip
