"""Several processes place, change, ship, take back and refund at once, and some are killed: the books balance.

Every hand writes down each act once its verb has returned; whatever was acknowledged so is in the database, once.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.kernel import db
from core.lib.errors import Broken, Refused
from core.orders.services import change, holds
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop
from tests.core.orders import walk as walking
from tests.core.orders.test_walks import _believes_old_drafts
from tests.core.orders.walk import Walk, check, start

fork = multiprocessing.get_context("fork")
ORDERS = 3
LEAST = 30  # acts of a process


@dataclass
class Hands(Walk):
    """An order that many work on, each act under a name of its own."""

    @property
    def actor(self) -> str:
        return f"staff:{self.done}"


class Diary:
    """What one hand knows to be done: a line per act, on the disk before the next one begins."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, act: str, **about: object) -> None:
        os.write(self._file, json.dumps({"act": act, **about}).encode() + b"\n")
        os.fsync(self._file)


def work(shop: Shop, walks: list[Walk], seed: int, seconds: float, diaries: Path) -> None:
    """A process of its own: random acts on any of the orders, and new orders, until its time is over.

    A slow machine gets the time for some acts at least.
    """
    db.after_fork()
    db.connect()
    diary = Diary(diaries / f"{seed}.jsonl")
    dice, until, at = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < until or at < LEAST:
        at += 1
        walk = dice.choice(walks)
        walk.done, walk.alone = seed * 1_000_000 + at, False
        name, act = dice.choice(walk.acts)
        numbers = (dice.randrange(2**16), dice.randrange(2**16), dice.randrange(2**16))
        with suppress(Refused, Broken):
            db.retrying(lambda: act(walk, *numbers))  # noqa: B023 -- called at once
            diary.write(name, actor=walk.actor, done=walk.done)
        if at % 10 == 0:
            with suppress(Refused, Broken):
                diary.write("place", number=shop.order((dice.choice(walk.variants), 1)).number)
    db.close_all()


def together(
    shop: Shop, diaries: Path, processes: int, seconds: float, kills: int
) -> tuple[list[Walk], list[int | None]]:
    """Let them work, kill some in the midst of it (each is replaced); answers the orders and the exit codes."""
    begun = [start(shop, spread=at == ORDERS - 1) for at in range(ORDERS)]  # the last goes to two addresses
    walks: list[Walk] = [Hands(one.shop, one.variants, one.order_id, acts=one.acts) for one in begun]
    db.close_all()
    dice, codes, seed = random.Random(7), [], processes
    workers: list[Any] = [_worker(shop, walks, at, seconds, diaries) for at in range(processes)]
    for _ in range(kills):
        time.sleep(seconds / (kills + 1))
        at = dice.randrange(processes)
        os.kill(workers[at].pid, signal.SIGKILL)
        workers[at].join()
        seed += 1
        workers[at] = _worker(shop, walks, seed, seconds / 2, diaries)
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


def _worker(shop: Shop, walks: list[Walk], seed: int, seconds: float, diaries: Path) -> Any:
    worker = fork.Process(target=work, args=(shop, walks, seed, seconds, diaries))
    worker.start()
    return worker


# -- what was acknowledged ---------------------------------------------------------------------------------------------

# What each act leaves in the timeline under its actor's name: one of these, once.
LEAVES: dict[str, set[str]] = {
    **{
        key: {"changed", "cancelled"}
        for key in (
            *("quantity", "cancel", "add", "price", "charge", "carry", "stale"),
            *("move", "scatter", "reach", "resettle"),
        )
    },
    **{key: {"marked_paid"} for key in ("pay", "pay_other")},
    "send": {"shipped"}, "arrive": {"delivered"}, "ask": {"case_requested"}, "approve": {"case_approved"},
    "refuse": {"case_declined", "case_withdrawn"}, "receive": {"case_received"}, "inspect": {"case_inspected"},
    "part": {"split"}, "join": {"merged"}, "pause": {"held"}, "go_on": {"hold_approved"},
    "turn_down": {"hold_refused"}, "pick": {"picked"}, "unpick": {"unpicked"},
    "keep": {"exchange_held", "exchange_let_go"},
}  # fmt: skip


def acknowledged(diaries: Path) -> list[dict[str, Any]]:
    """What stands in the diaries. A line that a kill cut off was not acknowledged."""
    lines = [line for path in sorted(diaries.glob("*.jsonl")) for line in path.read_text().splitlines(keepends=True)]
    return [json.loads(line) for line in lines if line.endswith("\n")]


def lost_or_doubled(acts: list[dict[str, Any]]) -> list[str]:
    """Acknowledged acts that the database does not know, or knows more than once; empty is right."""
    left = Counter[tuple[str, str]]((actor, kind) for actor, kind in db.rows("SELECT actor, kind FROM order_entry"))
    moved = Counter[str](ref for (ref,) in db.rows("SELECT reference FROM stock_move WHERE kind = 'receive'"))
    numbers = Counter[str](number for (number,) in db.rows("SELECT number FROM orders"))
    resolved = Counter[int](
        json.loads(data)["case"] for (data,) in db.rows("SELECT data FROM order_entry WHERE kind = 'case_resolved'")
    )
    found = []
    for one in acts:
        if one["act"] == "place":
            times = numbers[one["number"]]
        elif one["act"] == "come_in":
            times = moved[f"delivery:{one['done']}"]
        elif one["act"] == "refund":
            times = _refunds(one["done"])
        elif one["act"] in {"resolve", "ahead"}:
            continue  # Whoever comes second finds it done: so it is the cases that are counted, below.
        else:
            times = sum(left[one["actor"], kind] for kind in LEAVES[one["act"]])
            if one["act"] == "pause":
                # What is split off an order on hold waits for the same, under the same name: holds are counted below.
                times = min(times, 1)
        if times != 1:
            found.append(f"{one}: {times} times")
    cases = {row[0] for row in db.rows("SELECT id FROM order_case WHERE outcome = 'resolved'")}
    sent = Counter[int](
        json.loads(data)["case"] for (data,) in db.rows("SELECT data FROM order_entry WHERE kind = 'exchange_sent'")
    )
    ahead = {row[0] for row in db.rows("SELECT id FROM order_case WHERE sent_change_id IS NOT NULL")}
    found += [f"case {case_id}: sent {sent[case_id]} times" for case_id in ahead if sent[case_id] != 1]
    found += [f"case {case_id}: resolved {resolved[case_id]} times" for case_id in cases if resolved[case_id] != 1]
    return found + _doubled_holds()


def _doubled_holds() -> list[str]:
    """Holds of one act that stand twice on one order: begun by one person, and open still or ended by one decision."""
    return [
        f"hold of {actor}: {times} times on order {order_id}"
        for order_id, actor, times in db.rows(
            "SELECT order_id, actor, COUNT(*) FROM order_hold WHERE source = 'staff'"
            " GROUP BY order_id, actor, ended_at HAVING COUNT(*) > 1"
        )
    ]


def _refunds(done: int) -> int:
    """1 if every refund that was asked for under this name is one fact."""
    asked = db.rows("SELECT key, amount, state FROM payment_operation WHERE key LIKE ?", f"%:refund:walk-{done}:%")
    told = [
        db.rows("SELECT amount FROM payment_fact WHERE kind = 'refunded' AND reference = ?", f"re-{key}")
        for key, _amount, _state in asked
    ]
    right = [[(amount,)] for _key, amount, _state in asked]
    return int(bool(asked) and told == right and all(state == "done" for *_, state in asked))


@pytest.mark.parametrize(
    ("processes", "seconds", "kills"), [(4, 3, 2), pytest.param(8, 60, 20, marks=pytest.mark.slow)]
)
def test_nothing_is_lost_doubled_or_oversold_under_many_hands_and_kills(
    shop: Shop, tmp_path: Path, processes: int, seconds: float, kills: int
) -> None:
    walks, codes = together(shop, tmp_path, processes, seconds, kills)
    assert codes == [0] * processes
    assert unbalanced() == []
    for walk in walks:
        check(walk)
    acts = acknowledged(tmp_path)
    assert len(acts) > processes * seconds
    assert lost_or_doubled(acts) == []


def test_many_hands_find_a_change_that_compares_no_version(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "claim_draft", _believes_old_drafts)
    monkeypatch.setattr(walking, "ACTS", [("stale", walking.stale), ("charge", walking.charge)])
    _walks, codes = together(shop, tmp_path, 3, 1, 0)
    assert codes != [0, 0, 0]


def test_a_hold_that_stands_twice_is_found(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = holds.insert_holds

    def stands_twice(*about: Any) -> None:
        """Planted: whoever puts an order on hold does so twice in one act."""
        real(*about)
        real(*about)

    monkeypatch.setattr(holds, "insert_holds", stands_twice)
    monkeypatch.setattr(walking, "ACTS", [("pause", walking.pause), ("go_on", walking.go_on)])
    together(shop, tmp_path, 1, 0.5, 0)
    assert [said for said in lost_or_doubled(acknowledged(tmp_path)) if said.startswith("hold of")]


class _Lost(Exception):
    """The end of a transaction that was never committed."""


def test_an_act_that_is_acknowledged_before_its_commit_is_found(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun, parent = db.transaction, Counter[str](), os.getpid()

    @contextmanager
    def returns_too_early() -> Iterator[None]:
        """Planted: of every ten transactions one is not there when its verb returns."""
        with suppress(_Lost), real():
            yield
            begun["all"] += 1
            if begun["all"] % 10 == 0 and os.getpid() != parent:
                raise _Lost

    monkeypatch.setattr(db, "transaction", returns_too_early)
    together(shop, tmp_path, 1, 1, 0)
    assert [said for said in lost_or_doubled(acknowledged(tmp_path)) if said.endswith(" 0 times")]


def test_an_act_that_is_done_twice_is_found(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = db.retrying

    def tries_once_more(verb: Callable[[], object]) -> object:
        """Planted: what worked is tried again."""
        real(verb)
        return real(verb)

    monkeypatch.setattr(db, "retrying", tries_once_more)
    # Nearly all acts carry a key, and are the same act when they are tried again.
    monkeypatch.setattr(walking, "ACTS", [("come_in", walking.come_in), ("charge", walking.charge)])
    together(shop, tmp_path, 1, 0.5, 0)
    assert [said for said in lost_or_doubled(acknowledged(tmp_path)) if said.endswith(" 2 times")]
