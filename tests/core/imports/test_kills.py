"""kill -9 at any statement and any commit of an import: it goes on where it stopped, and nothing is there twice."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.imports.models import ImportRun
from core.imports.services import import_products as importing
from core.imports.services import running
from core.imports.services import store_products as storing
from core.imports.services.import_products import carry_on
from core.imports.services.reports import Report, report
from core.imports.services.runs import new_run
from core.kernel import db
from tests.core.imports.files import table
from tests.core.imports.test_import_products import counts

fork = multiprocessing.get_context("fork")
PRODUCTS = 60
# The top one, and those of every third product unless it is refused.
CATEGORIES = 1 + sum(n % 3 == 0 and n % 10 != 9 for n in range(PRODUCTS))


def _file() -> bytes:
    """Every tenth product cannot be used, every third has a category of its own."""
    rows = [
        (f"S-{n}", f"Lamp {n}", "-1" if n % 10 == 9 else n + 1, 5, f"Light > Kind {n}" if n % 3 == 0 else "Light")
        for n in range(PRODUCTS)
    ]
    return table(("sku", "name", "price", "stock", "categories"), *rows)


def burn(left: int) -> None:
    """End this process by SIGKILL at its n-th point: before a statement, before a commit, or right after one."""
    run, commit = db._run, db.db.obj.commit

    def pass_point() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted_run(sql: str, params: Sequence[object]) -> Any:
        pass_point()
        return run(sql, params)

    def counted_commit() -> Any:
        pass_point()
        done = commit()
        pass_point()
        return done

    db._run = counted_run  # type: ignore[assignment]
    db.db.obj.commit = counted_commit


def _worker(run_id: int, points: int) -> None:
    db.after_fork()
    db.connect()
    burn(points)
    carry_on(run_id, lambda _done, _total: None)


def _killed(run_id: int, points: int) -> bool:
    """One worker, killed after `points`; whether it was."""
    db.close_all()
    process = fork.Process(target=_worker, args=(run_id, points))
    process.start()
    process.join()
    db.connect()
    return process.exitcode == -signal.SIGKILL


def _import(site: Site, kills: int, *, seed: int = 1) -> tuple[Report, int]:
    """The file imported by one worker after the other, each killed somewhere; then by one that lives."""
    chance = random.Random(seed)
    run_id = new_run(site, io.BytesIO(_file()), "lamps.csv", "staff:1", later=False)
    died = sum(_killed(run_id, chance.randint(5, 500)) for _ in range(kills))
    carry_on(run_id, lambda _done, _total: None)
    return report(site, run_id), died


def _wrong(done: Report) -> list[str]:
    """What is not as one uninterrupted import would have left it."""
    whole, kept = PRODUCTS - PRODUCTS // 10, "SELECT COUNT(*) FROM import_change WHERE kind = 'product' AND created"
    wrong = []
    if counts(done) != (whole, 0, 0, PRODUCTS // 10):
        wrong.append(f"told {counts(done)}")
    for what, number in {
        "SELECT COUNT(*) FROM product": whole,
        "SELECT COUNT(*) FROM variant": whole,
        "SELECT COUNT(DISTINCT product_id) FROM card": whole,
        "SELECT SUM(on_hand) FROM stock_level": 5 * whole,
        "SELECT COUNT(*) FROM stock_move": whole,
        "SELECT COUNT(*) FROM category": CATEGORIES,
        kept: whole,
        "SELECT COUNT(*) FROM import_change WHERE kind = 'category'": CATEGORIES,
    }.items():
        if (found := db.value(what)) != number:
            wrong.append(f"{what}: {found}, not {number}")
    assert done.remarks is not None
    lines = done.remarks.read_text("utf-8-sig").splitlines()[1:]
    if len(lines) != len(set(lines)) or len(lines) != PRODUCTS // 10:
        wrong.append(f"{len(lines)} remarks")
    return wrong


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("kills", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_an_import_that_is_killed_again_and_again_ends_as_if_it_never_was(site: Site, kills: int) -> None:
    done, died = _import(site, kills)
    assert died > 3
    assert done.resumed > 0
    assert _wrong(done) == []


@pytest.fixture
def noted_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: how far the run is, and what it changed, is noted in a transaction of its own."""
    save: Callable[..., Any] = storing.save_products

    def then_note(*drafts: Any, around: Callable[[list[Any]], Any], **more: Any) -> Any:
        results = save(*drafts, **more)
        told: list[Any] = []
        with db.transaction(), around(told):
            told += results
        return results

    monkeypatch.setattr(storing, "save_products", then_note)


@pytest.mark.usefixtures("small_batches", "noted_afterwards")
def test_the_kills_would_show_notes_that_are_kept_apart_from_their_products(site: Site) -> None:
    assert any(_wrong(_import(site, 4, seed=seed)[0]) for seed in (1, 2))


def test_two_workers_on_one_run_import_nothing_twice(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one slept longer than its lease: when it wakes, another has the run, and its batch is not kept."""
    run_id = new_run(site, io.BytesIO(_file()), "lamps.csv", "staff:1", later=False)
    save, asked = storing.Store.save, []

    def sleep_in_the_first_batch(store: storing.Store, rows: Any, conclude: Any) -> None:
        asked.append(rows)
        if len(asked) == 1:
            carry_on(run_id, lambda _done, _total: None)
        save(store, rows, conclude)

    monkeypatch.setattr(importing, "BATCH", 20)
    monkeypatch.setattr(storing.Store, "save", sleep_in_the_first_batch)
    carry_on(run_id, lambda _done, _total: None)
    assert _wrong(report(site, run_id)) == []


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_of_two_workers_who_come_at_once_one_has_the_run(site: Site, state: str) -> None:
    run_id = new_run(site, io.BytesIO(_file()), "lamps.csv", "staff:1", later=False)
    with db.transaction():
        db.execute("UPDATE import_run SET state = ? WHERE id = ?", state, run_id)
    first, second = (ImportRun.get_by_id(run_id) for _ in range(2))
    running.take(first, PRODUCTS)
    with pytest.raises(running.TakenOver):
        running.take(second, PRODUCTS)
    assert db.value("SELECT worker FROM import_run") == first.worker != ""
