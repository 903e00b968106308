"""Past orders are rehearsed, survive kill -9, and are taken back by counter facts; what was touched since is left."""

from __future__ import annotations

import io
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.imports.models import HISTORY
from core.imports.services.reports import report
from core.imports.services.runs import NotNow
from core.imports.services.undo import CannotBeUndone
from core.kernel import db, jobs
from core.lib.errors import NotFound
from core.orders.services import file_runs, history, history_undo
from core.orders.services.channel_undo import orders_left
from core.orders.services.file_runs import Terms, carry_on, choose, for_good, look, open_file, rehearse
from core.orders.services.history_undo import undo_history
from core.orders.services.notes import write
from core.orders.services.states import wrong_states
from core.orders.services.tags import tag_order
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakePlugins, Shop, open_shop
from tests.core.imports.test_kills import burn
from tests.core.orders.test_history import HEAD, Done, _rows_of, done, numbered, pence, sums_here, take

fork = multiprocessing.get_context("fork")
BOUGHT = "1,A,Cup,5,2010-12-01,2.00,77,France\n2,B,Pot,1,2010-12-02,9.00,78,France\n"
BACK = "C3,A,Cup,-2,2010-12-05,2.00,77,France\nC4,A,Cup,-1,2010-12-06,2.00,77,France\nC5,D,Jug,-1,2010-12-06,4.00,,\n"


@pytest.fixture
def shop(instance: Path, plugins: FakePlugins) -> Shop:
    """A British shop."""
    return open_shop(instance, plugins, host="past.test", currency="GBP")


def take_back(shop: Shop, run: int) -> tuple[int, int]:
    """(taken back, left)."""
    undo_history(shop.site, run, "staff:1")
    while jobs.run_due():
        pass
    found = report(shop.site, run, "history")
    assert found.state == "undone"
    return found.undone, found.kept


def kept_money() -> int:
    """What came less what went, by the facts alone."""
    signs = {"captured": 1, "refund_failed": 1, "refunded": -1}
    return sum(signs[kind] * amount for kind, amount in db.rows("SELECT kind, amount FROM payment_fact"))


def by_day() -> dict[int, int]:
    """What was kept of each day's money."""
    found = Counter[int]()
    for kind, amount, at in db.rows("SELECT kind, amount, at FROM payment_fact"):
        found[at] += amount if kind in {"captured", "refund_failed"} else -amount
    return {day: amount for day, amount in found.items() if amount}


def told() -> tuple[int, int]:
    """What others hear of: every event (mails, webhooks and documents go by them), and every move of stock."""
    return int(db.value("SELECT COUNT(*) FROM outbox")), int(db.value("SELECT COUNT(*) FROM stock_move"))


# -- rehearsal ---------------------------------------------------------------------------------------------------------


def test_a_rehearsal_says_what_will_come_and_changes_nothing(shop: Shop) -> None:
    text = f"{HEAD}{BOUGHT}{BACK}9,A,Cup,x,2010-12-01,2.00,77,France\n"
    run = open_file(shop.site, HISTORY, io.BytesIO(text.encode()), "past.csv", "staff:1", Terms(prefix="OLD-"))
    seen = look(shop.site, HISTORY, run)
    assert [column.target for column in seen.columns] == [
        "number", "sku", "name", "quantity", "date", "price", "customer", "country",
    ]  # fmt: skip
    assert [one.number for one in seen.first] == ["1", "2", "C3", "C4", "C5"]
    with pytest.raises(NotNow):
        for_good(shop.site, HISTORY, run, "staff:1")
    rehearse(shop.site, HISTORY, run)
    with pytest.raises(NotNow):
        choose(shop.site, HISTORY, run, {}, Terms())
    before = told()
    jobs.run_due()
    rehearsed = done(shop, run)
    assert (rehearsed.came, rehearsed.refused) == (5, 1)
    assert db.value("SELECT COUNT(*) FROM orders") == 0
    assert db.value("SELECT COUNT(*) FROM order_counter WHERE site_id = ?", shop.site.id) == 0

    run = for_good(shop.site, HISTORY, run, "staff:1")
    jobs.run_due()
    came = done(shop, run)
    assert (came.came, came.refused, came.tally) == (rehearsed.came, rehearsed.refused, rehearsed.tally)
    assert (came.tally.sold["GBP"], came.tally.credited["GBP"]) == (5 * 200 + 900, 3 * 200 + 400)
    assert numbered("OLD-1").refunded.amount == 600
    assert told() == before
    with pytest.raises(CannotBeUndone):
        undo_history(shop.site, rehearsed.run, "staff:1")


# -- undo --------------------------------------------------------------------------------------------------------------


def test_an_undo_leaves_nothing_that_counts_and_the_file_may_come_again(shop: Shop) -> None:
    cup = shop.sell("A", 200)
    mine = shop.order((cup, 1))
    before, days = told(), by_day()
    run = take(shop, BOUGHT + BACK).run
    ids = [row[0] for row in db.rows("SELECT id FROM orders WHERE id <> ? ORDER BY id", mine.id)]
    assert take_back(shop, run) == (3, 0)  # Two orders, with the returns of one, and the credit for no order.
    assert (by_day(), kept_money()) == (days, 0)
    assert told() == before
    assert {row[0] for row in db.rows("SELECT state FROM orders WHERE id <> ?", mine.id)} <= {
        "cancelled refunded not_needed none", "cancelled not_due not_needed none",
    }  # fmt: skip
    assert [row[0] for row in db.rows("SELECT id FROM orders WHERE id <> ? ORDER BY id", mine.id)] == ids
    assert db.value("SELECT COUNT(*) FROM orders WHERE number IN ('1', '2', 'C5')") == 0
    assert (unbalanced(), wrong_states()) == ([], [])
    again = take(shop, BOUGHT + BACK)
    assert (again.came, again.refused, numbered("1").lines[0].received) == (5, 0, 3)
    assert kept_money() == 1900 - 1000
    assert (unbalanced(), wrong_states()) == ([], [])
    assert take_back(shop, again.run) == (3, 0)


def test_what_has_been_touched_since_is_left_and_named(shop: Shop) -> None:
    run = take(shop, BOUGHT + "3,B,Pot,1,2010-12-03,9.00,79,\n").run
    write(shop.site, numbered("1").id, "They called.", actor="staff:2")
    tag_order(shop.site, numbered("3").id, "vip", actor="staff:2")
    assert take_back(shop, run) == (1, 2)
    assert sorted((there, here) for _line, there, here in orders_left(shop.site, run)) == [("1", "1"), ("3", "3")]
    assert (numbered("1").status.order, kept_money()) == ("completed", 1000 + 900)
    assert take(shop, BOUGHT).came == 1  # The one that was taken back; what was left is known.
    assert unbalanced() == []


def test_returns_that_a_later_file_brought_are_taken_back_alone(shop: Shop) -> None:
    first, second = take(shop, BOUGHT).run, take(shop, BACK).run
    assert numbered("1").status.returned == "partly_returned"
    assert take_back(shop, second) == (3, 0)
    order = numbered("1")
    assert (order.lines[0].received, order.status.returned, order.status.payment) == (0, "none", "paid")
    assert kept_money() == 1900
    assert unbalanced() == []
    assert take(shop, BACK).came == 3
    assert numbered("1").lines[0].received == 3
    assert take_back(shop, first) == (1, 1)  # To the first order something has happened since.
    assert (unbalanced(), wrong_states()) == ([], [])


def test_files_may_be_taken_back_one_after_the_other(shop: Shop) -> None:
    first, second = take(shop, BOUGHT).run, take(shop, BACK).run
    assert take_back(shop, second) == (3, 0)
    assert take_back(shop, first) == (2, 0)
    assert kept_money() == 0
    assert unbalanced() == []


def test_an_import_of_another_site_is_not_found(shop: Shop) -> None:
    run = take(shop, BOUGHT).run
    with pytest.raises(NotFound):
        undo_history(replace(shop.site, id=shop.site.id + 1), run, "staff:1")


# -- kills -------------------------------------------------------------------------------------------------------------


def _killed(work: Callable[[], object], points: int) -> bool:
    """A process that works, killed at its n-th statement or commit; whether it was."""

    def begin() -> None:
        db.after_fork()
        db.connect()
        burn(points)
        work()

    db.close_all()
    process = fork.Process(target=begin)
    process.start()
    process.join()
    db.connect()
    return process.exitcode == -signal.SIGKILL


def _many() -> str:
    sold = "".join(f"{n},A,Cup,{n % 3 + 1},2010-12-01,2.00,{n % 4},France\n" for n in range(100, 124))
    return sold + "".join(f"C{n},A,Cup,-1,2010-12-05,2.00,{n % 4},France\n" for n in range(200, 208))


def _kill_and_go_on(shop: Shop, monkeypatch: pytest.MonkeyPatch, stops: list[int]) -> Done:
    monkeypatch.setattr(file_runs, "BATCH", 4)
    run = history_run(shop)
    killed = sum(_killed(lambda: carry_on(run), points) for points in stops)
    assert killed == len(stops)
    carry_on(run)
    return done(shop, run)


def history_run(shop: Shop) -> int:
    run = open_file(shop.site, HISTORY, io.BytesIO((HEAD + _many()).encode()), "past.csv", "staff:1")
    rehearse(shop.site, HISTORY, run)
    carry_on(run)
    return for_good(shop.site, HISTORY, run, "staff:1")


def test_a_killed_import_goes_on_and_brings_everything_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _kill_and_go_on(shop, monkeypatch, [7, 60, 131])
    sold = sum((n % 3 + 1) * 200 for n in range(100, 124))
    assert (found.came, found.known, found.tally.sold["GBP"], found.tally.credited["GBP"]) == (32, 0, sold, 1600)
    assert report(shop.site, found.run, "history").resumed == 3
    assert kept_money() == sold - 1600
    assert (unbalanced(), wrong_states()) == ([], [])

    monkeypatch.setattr(history_undo, "_BATCH", 4)
    undo_history(shop.site, found.run, "staff:1")
    killed = [_killed(lambda: _undo(found.run), points) for points in (9, 75)]
    assert killed == [True, True]
    _undo(found.run)
    assert (report(shop.site, found.run, "history").state, kept_money(), by_day()) == ("undone", 0, {})
    assert (unbalanced(), wrong_states()) == ([], [])


def _undo(run: int) -> None:
    """What a worker does with the job, again and again after it was killed."""
    history_undo._undo_job(_Job(run))  # type: ignore[arg-type]


class _Job:
    def __init__(self, run: int) -> None:
        self.payload = {"run": run, "actor": "staff:1"}

    def progress(self, percent: int) -> None:
        del percent


def test_progress_that_is_noted_too_early_would_lose_documents(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: how far the run is is written before its documents, in a transaction of its own."""
    store = history._store

    def hasty(site: Any, run: Any, batch: Any, told: Any, shown: Any) -> None:
        with db.transaction():
            db.execute("UPDATE import_run SET line = ?, done = done + ? WHERE id = ?", batch[-1].line, 4, run.id)
        store(site, run, batch, told, shown)

    monkeypatch.setattr(history, "_store", hasty)
    found = _kill_and_go_on(shop, monkeypatch, [25, 45, 67])
    assert found.came < 32


# -- a real file -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_real_file_leaves_no_trace_in_any_sum(shop: Shop, shared_data: Callable[[str], Path]) -> None:
    """Online Retail, its open part: CC0, Dr Daqing Chen."""
    path = shared_data("online-retail/onlineretail_2010-12_2011-02.csv.gz")
    total = sum(pence(row) for row in _rows_of(path))
    run = open_file(shop.site, HISTORY, path, path.name, "staff:1")
    rehearse(shop.site, HISTORY, run)
    carry_on(run)
    rehearsed = done(shop, run)
    run = for_good(shop.site, HISTORY, run, "staff:1")
    carry_on(run)
    found = done(shop, run)
    assert found.tally == rehearsed.tally
    assert sum(found.tally.sold.values()) - sum(found.tally.credited.values()) == total == kept_money()
    assert sums_here() == (found.tally.sold["GBP"], found.tally.credited["GBP"])
    undone, kept = take_back(shop, run)
    assert (kept, by_day(), kept_money()) == (0, {}, 0)
    assert undone > 1000
    assert (unbalanced(), wrong_states()) == ([], [])
