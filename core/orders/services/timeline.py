"""The timeline of an order: one row per act, written in the act's transaction."""

from __future__ import annotations

from core.kernel import db
from core.lib import clock
from core.lib.jsons import to_json


def note(order_id: int, actor: str, kind: str, **data: object) -> None:
    """Add an entry; `data` holds ids, codes and figures, with before and after where something changed."""
    db.execute(
        "INSERT INTO order_entry (order_id, at, actor, kind, data) VALUES (?, ?, ?, ?, ?)",
        order_id, clock.now_us(), actor, kind, to_json(data),
    )  # fmt: skip


def once(order_id: int, effect: str) -> bool:
    """Whether `effect` happens now for the first time to this order."""
    return bool(
        db.execute(
            "INSERT INTO order_effect (order_id, effect, at) VALUES (?, ?, ?) ON CONFLICT (order_id, effect) DO"
            " NOTHING",
            order_id,
            effect,
            clock.now_us(),
        )
    )
