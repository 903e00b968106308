"""Four processes want the same hundred pieces."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest

from core.catalogue.services import stock_proof
from core.catalogue.services.stock import OutOfStock, allocate, stock_of
from core.kernel import db
from core.lib import clock
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import variant_id

PIECES = 100
BUYERS = 4
Buy = Callable[[int, str], None]


def buy(variant: int, reference: str) -> None:
    """As an order does."""
    with db.transaction():
        allocate({variant: 1}, reference, "system")


def buy_reading_first(variant: int, reference: str) -> None:
    """The mistake to be caught: what was read before the transaction is written in it."""
    on_hand, allocated, place = db.rows(
        "SELECT on_hand, allocated, location_id FROM stock_level WHERE variant_id = ?", variant
    )[0]
    time.sleep(0.002)
    if allocated >= on_hand:
        raise OutOfStock(variant, 1, 0)
    with db.transaction():
        db.execute("UPDATE stock_level SET allocated = ? WHERE variant_id = ?", allocated + 1, variant)
        db.execute(
            "INSERT INTO stock_move (variant_id, location_id, kind, on_hand, allocated, held, reason, actor,"
            " reference, at)"
            " VALUES (?, ?, 'allocate', 0, 1, 0, '', 'system', ?, ?)",
            variant,
            place,
            reference,
            clock.now_us(),
        )


def _shop(buying: Buy, variant: int, tries: int, name: str, start: Barrier, answers: Any) -> None:
    """A process of its own: begin with the others, try, tell how many pieces it got."""
    db.after_fork()
    db.connect()
    start.wait()
    got = 0
    for attempt in range(tries):
        try:
            db.retrying(lambda: buying(variant, f"order:{int(name) + 1}{attempt:06}"))  # noqa: B023 -- called at once
        except OutOfStock:
            continue
        got += 1
    answers.put(got)
    db.close_all()


def sold(buying: Buy, variant: int, tries: int) -> int:
    """How many pieces the buyers say they got, with `tries` each."""
    db.close_all()
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(BUYERS), context.Queue()
    buyers = [
        context.Process(target=_shop, args=(buying, variant, tries, str(name), start, answers))
        for name in range(BUYERS)
    ]
    for buyer in buyers:
        buyer.start()
    got = [answers.get(timeout=300) for _ in buyers]
    for buyer in buyers:
        buyer.join(timeout=30)
    assert [buyer.exitcode for buyer in buyers] == [0] * BUYERS
    return sum(got)


@pytest.mark.parametrize("tries", [250, pytest.param(2500, marks=pytest.mark.slow)])
def test_a_hundred_pieces_are_sold_exactly_a_hundred_times(make: Make, tries: int) -> None:
    make("Lamp", "LAMP", stock=PIECES)
    lamp = variant_id("LAMP")
    assert sold(buy, lamp, tries) == PIECES
    assert stock_of([lamp])[lamp][0][1:4] == (PIECES, PIECES, 0)
    assert stock_proof() == []
    assert not db.value("SELECT available FROM card LIMIT 1")


def test_the_same_race_catches_a_buyer_who_reads_before_writing(make: Make) -> None:
    make("Lamp", "LAMP", stock=PIECES)
    assert sold(buy_reading_first, variant_id("LAMP"), 60) > PIECES
    assert stock_proof() != []
