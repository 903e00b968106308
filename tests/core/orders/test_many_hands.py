"""Several processes place, change, ship, take back and refund at once, and some are killed: the books balance."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from typing import Any

import pytest

from core.kernel import db
from core.lib.errors import Broken, Refused
from core.orders.services import change
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop
from tests.core.orders.test_walks import _believes_old_drafts
from tests.core.orders.walk import ACTS, Walk, check, start

fork = multiprocessing.get_context("fork")
ORDERS = 3


def work(shop: Shop, walks: list[Walk], seed: int, seconds: float) -> None:
    """A process of its own: random acts on any of the orders, and new orders, until its time is over."""
    db.after_fork()
    db.connect()
    dice, until, at = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        at += 1
        walk = dice.choice(walks)
        walk.done, walk.alone = seed * 1_000_000 + at, False
        _name, act = dice.choice(ACTS)
        numbers = (dice.randrange(2**16), dice.randrange(2**16), dice.randrange(2**16))
        try:
            db.retrying(lambda: act(walk, *numbers))  # noqa: B023 -- called at once
            if at % 10 == 0:
                shop.order((dice.choice(walk.variants), 1))
        except (Refused, Broken):
            continue
    db.close_all()


def together(shop: Shop, processes: int, seconds: float, kills: int) -> tuple[list[Walk], list[int | None]]:
    """Let them work, kill some in the midst of it (each is replaced); answers the orders and the exit codes."""
    walks = [start(shop) for _ in range(ORDERS)]
    db.close_all()
    dice, codes, seed = random.Random(7), [], processes
    workers: list[Any] = [_worker(shop, walks, at, seconds) for at in range(processes)]
    for _ in range(kills):
        time.sleep(seconds / (kills + 1))
        at = dice.randrange(processes)
        os.kill(workers[at].pid, signal.SIGKILL)
        workers[at].join()
        seed += 1
        workers[at] = _worker(shop, walks, seed, seconds / 2)
    for worker in workers:
        worker.join(timeout=seconds + 120)
        codes.append(worker.exitcode)
    db.connect()
    for walk in walks:
        walk.others = _split_from(walk.order_id)
    return walks, codes


def _split_from(order_id: int) -> list[int]:
    """The orders that the other processes split from this one, and from those."""
    found, left = list[int](), [order_id]
    while left:
        into = db.rows(
            "SELECT DISTINCT into_order_id FROM order_change WHERE order_id = ? AND into_order_id IS NOT NULL"
            " AND state = 'confirmed'",
            left.pop(),
        )
        new = [one for (one,) in into if one not in {order_id, *found}]
        found += new
        left += new
    return found


def _worker(shop: Shop, walks: list[Walk], seed: int, seconds: float) -> Any:
    worker = fork.Process(target=work, args=(shop, walks, seed, seconds))
    worker.start()
    return worker


@pytest.mark.parametrize(
    ("processes", "seconds", "kills"), [(4, 5, 2), pytest.param(8, 60, 20, marks=pytest.mark.slow)]
)
def test_nothing_is_lost_doubled_or_oversold_under_many_hands_and_kills(
    shop: Shop, processes: int, seconds: float, kills: int
) -> None:
    walks, codes = together(shop, processes, seconds, kills)
    assert codes == [0] * processes
    assert unbalanced() == []
    for walk in walks:
        check(walk)
    assert db.value("SELECT COUNT(*) FROM order_change WHERE state = 'confirmed'") > 0


def test_many_hands_find_a_change_that_compares_no_version(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change, "claim_draft", _believes_old_drafts)
    _walks, codes = together(shop, 3, 4, 0)
    assert codes != [0, 0, 0]
