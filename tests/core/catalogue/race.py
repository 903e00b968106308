"""A buyer in a process of its own: `python -m tests.core.catalogue.race URL VARIANT TRIES KIND`; prints how many it got."""

from __future__ import annotations

import sys
import time

from core.catalogue.services.stock import OutOfStock, allocate
from core.kernel import db
from core.lib import clock


def buy(variant_id: int, reference: str) -> None:
    """As an order does."""
    with db.transaction():
        allocate({variant_id: 1}, reference, "system")


def buy_reading_first(variant_id: int, reference: str) -> None:
    """The mistake to be caught: what was read before the transaction is written in it."""
    on_hand, allocated, location_id = db.rows(
        "SELECT on_hand, allocated, location_id FROM stock_level WHERE variant_id = ?", variant_id
    )[0]
    time.sleep(0.0005)
    if allocated >= on_hand:
        raise OutOfStock(variant_id, 1, 0)
    with db.transaction():
        db.execute("UPDATE stock_level SET allocated = ? WHERE variant_id = ?", allocated + 1, variant_id)
        db.execute(
            "INSERT INTO stock_move (variant_id, location_id, kind, on_hand, allocated, held, reason, actor, reference, at)"
            " VALUES (?, ?, 'allocate', 0, 1, 0, '', 'system', ?, ?)",
            variant_id, location_id, reference, clock.now_us(),
        )  # fmt: skip


KINDS = {"guarded": buy, "reading": buy_reading_first}


def main(url: str, variant_id: int, tries: int, kind: str, name: str) -> int:
    db.configure(url)
    got = 0
    for attempt in range(tries):
        try:
            db.retrying(lambda: KINDS[kind](variant_id, f"order:{name}-{attempt}"))  # noqa: B023 -- called at once
        except OutOfStock:
            continue
        got += 1
    db.close_all()
    return got


if __name__ == "__main__":
    sys.stdout.write(str(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])))
