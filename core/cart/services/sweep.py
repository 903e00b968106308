"""Carts that nobody came back to are forgotten."""

from __future__ import annotations

from datetime import timedelta

from core.kernel import db, jobs
from core.lib import clock

KEPT_DAYS = 60
_BATCH = 500


def forget_old_carts(days: int = KEPT_DAYS) -> int:
    """Delete carts untouched for `days`, a batch per transaction; carts of orders stay. Answers how many went."""
    before, total = clock.micros(clock.now() - timedelta(days=days)), 0
    while True:
        with db.transaction():
            old = [
                row[0]
                for row in db.rows(
                    "SELECT id FROM carts WHERE updated_at < ? AND ordered_at IS NULL ORDER BY updated_at LIMIT ?",
                    before,
                    _BATCH,
                )
            ]
            db.execute(
                f"DELETE FROM carts WHERE ordered_at IS NULL AND updated_at < ? AND id IN ({db.marks(old)})",
                before,
                *old,
            )
        total += len(old)
        if len(old) < _BATCH:
            return total


@jobs.job("cart.forget", every=timedelta(hours=12))
def _forget(running: jobs.Running) -> None:
    del running
    forget_old_carts()
