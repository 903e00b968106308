"""An import of past orders taken back by counter facts: nothing is deleted, and what has been touched since is left.

An order is taken back where it still has the version at which it came in, and nothing stands in its timeline but that.
Its money goes on the day on which it came, so that the sums of every day are as they were; nobody is told, as nobody
was.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.imports.models import HISTORY, UNDOING, UNDONE, ImportRun
from core.imports.services.reports import find_run, is_undoable
from core.imports.services.running import batches, begin_undo, end_undo
from core.imports.services.undo import EDITED, KEPT, CannotBeUndone
from core.kernel import activity, db, jobs
from core.kernel.sites import state_of
from core.lib import clock
from core.orders.services.case_shapes import WITHDRAWN
from core.orders.services.facts import COUNTED
from core.orders.services.guards import Guarded, ask_guards, is_guarded
from core.orders.services.history_writing import case_key, credit_number, entry, fact
from core.orders.services.settle import lock_order

_BATCH, _AT_ONCE = 20, 200
_JOB = "orders.undo_history"
# What an import says of money, and what says the contrary of it.
_COUNTER = {"captured": "refunded", "refunded": "refund_failed", "refund_failed": "refunded"}


class _Step(NamedTuple):
    """An entry of the journal: an order that was made, or a return (`after`) that was put to one."""

    id: int
    kind: str
    order_id: int
    after: str


def undo_history(site: Site, run_id: int, actor: str) -> None:
    """Let a worker take an import of past orders back. Raises NotFound, CannotBeUndone. Commits."""
    run = find_run(site, run_id, HISTORY)
    if not is_undoable(run):
        raise CannotBeUndone
    with db.transaction():
        if not begin_undo(run):
            raise CannotBeUndone
        jobs.enqueue(_JOB, {"run": run.id, "actor": actor}, site_id=site.id, key=f"{_JOB}:{run.id}")
        activity.record(actor, "orders.history_undone", f"import:{run.id}", title=run.original, site_id=site.id)


@jobs.job(_JOB)
def _undo_job(running: jobs.Running) -> None:
    """Batch by batch, the last document first. Killed, it goes on with what is not marked yet."""
    run = ImportRun.get_by_id(int(running.payload["run"]))  # All sites: the worker has the id from the run's own job.
    if run.state != UNDOING:
        return
    site, actor = state_of(run.site_id).site, str(running.payload["actor"])
    while steps := _next(run):
        guarded = _guarded(site, steps, actor)
        db.retrying(lambda: _take_back(site, run, steps, guarded, actor))  # noqa: B023 -- called before the loop goes on
        running.progress(0)
    _let_come_again(site, run)
    end_undo(run)


def _next(run: ImportRun) -> list[_Step]:
    return [
        _Step(*row)
        for row in db.rows(
            "SELECT id, kind, ref, after FROM import_change WHERE run_id = ? AND state = ''"
            " ORDER BY id DESC LIMIT ?",
            run.id, _BATCH,
        )
    ]  # fmt: skip


def _guarded(site: Site, steps: list[_Step], actor: str) -> set[int]:
    """The orders against whose cancelling a plugin speaks. Outside a transaction."""
    found = set[int]()
    for step in steps if is_guarded(site) else ():
        try:
            ask_guards(site, step.order_id, ActKind.CANCEL, actor=actor)
        except Guarded:
            found.add(step.order_id)
    return found


def _take_back(site: Site, run: ImportRun, steps: list[_Step], guarded: set[int], actor: str) -> None:
    with db.transaction():
        kept = 0
        for step in steps:
            version = None if step.order_id in guarded else _lock_untouched(site, step)
            if version is not None and step.kind == "order":
                _take_order_back(site, run, step.order_id, actor)
            elif version is not None:
                about = json.loads(step.after)
                _take_return_back(step.order_id, about["case"], actor)
                # Who made this order may be taken back, too: it is again as that import left it.
                db.execute(
                    "UPDATE import_change SET version = ? WHERE kind IN ('order', 'return') AND ref = ? AND version = ?"
                    " AND state = '' AND id < ?",
                    version, step.order_id, about["from"], step.id,
                )  # fmt: skip
            kept += version is None
            db.execute(
                "UPDATE import_change SET state = ?, reason = ? WHERE id = ?",
                KEPT if version is None else UNDONE, EDITED if version is None else "", step.id,
            )  # fmt: skip
        db.execute(
            "UPDATE import_run SET undone = undone + ?, kept = kept + ?, touched_at = ? WHERE id = ?",
            len(steps) - kept, kept, clock.now_us(), run.id,
        )  # fmt: skip


def _lock_untouched(site: Site, step: _Step) -> int | None:
    """The order's new version, if nothing has happened to it since the step; it is nobody else's until the commit."""
    ours = "'imported', 'returned', 'import_undone'"
    is_untouched = db.value(
        "UPDATE orders SET version = version WHERE id = ? AND site_id = ?"
        " AND version = (SELECT c.version FROM import_change c WHERE c.id = ?) AND NOT EXISTS"
        f" (SELECT 1 FROM order_entry e WHERE e.order_id = orders.id AND e.kind NOT IN ({ours})) RETURNING id",
        step.order_id, site.id, step.id,
    )  # fmt: skip
    return None if is_untouched is None else lock_order(step.order_id, site.id)


def _take_order_back(site: Site, run: ImportRun, order_id: int, actor: str) -> None:
    """None of its goods were sent, its money is nobody's, and its number is free. It belongs to no shopper any more."""
    number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
    db.execute(
        "UPDATE order_case SET outcome = ?, granted = 0, key = ? || id WHERE order_id = ? AND key LIKE 'import:%'",
        WITHDRAWN, f"undone:{run.id}:", order_id,
    )  # fmt: skip
    db.execute(
        "UPDATE order_case_line SET received = 0, sellable = 0, value = 0 WHERE case_id IN"
        " (SELECT id FROM order_case WHERE order_id = ?)",
        order_id,
    )
    db.execute(
        "UPDATE order_line SET picked = 0, shipped = 0, delivered = 0, received = 0, return_requested = 0,"
        " restocked = 0, cancelled = ordered WHERE order_id = ?",
        order_id,
    )
    for id_, payment_id, kind, amount, day in db.rows(
        "SELECT f.id, f.payment_id, f.kind, f.amount, f.at FROM payment_fact f JOIN payment p ON p.id = f.payment_id"
        " WHERE p.order_id = ? AND f.verdict = ? ORDER BY f.id",
        order_id, COUNTED,
    ):  # fmt: skip
        fact(payment_id, _COUNTER[kind], f"undone {run.id}:{id_}", amount, day)
    db.execute(
        "UPDATE orders SET number = ?, shopper_id = NULL, email = '' WHERE id = ? AND site_id = ?",
        f"{number[:25]}~{order_id}", order_id, site.id,
    )  # fmt: skip
    entry(order_id, clock.now_us(), actor, "import_undone", number=number)


def _take_return_back(order_id: int, case_id: int, actor: str) -> None:
    """The goods of this return never came back, and its money was not given back."""
    for line_id, units in db.rows("SELECT line_id, received FROM order_case_line WHERE case_id = ?", case_id):
        db.execute(
            "UPDATE order_line SET received = received - ?, return_requested = return_requested - ?,"
            " restocked = restocked - ? WHERE id = ? AND order_id = ?",
            units, units, units, line_id, order_id,
        )  # fmt: skip
    at, granted = db.rows("SELECT ended_at, granted FROM order_case WHERE id = ?", case_id)[0]
    payment_id = db.value("SELECT MIN(id) FROM payment WHERE order_id = ?", order_id)
    if payment_id is not None and granted:
        fact(payment_id, "refund_failed", f"undone return {case_id}", granted, at)
    db.execute("UPDATE order_case_line SET received = 0, sellable = 0, value = 0 WHERE case_id = ?", case_id)
    db.execute(
        "UPDATE order_case SET outcome = ?, granted = 0, key = ? WHERE id = ?",
        WITHDRAWN, f"undone:{case_id}", case_id,
    )  # fmt: skip
    entry(order_id, clock.now_us(), actor, "import_undone")


def _let_come_again(site: Site, run: ImportRun) -> None:
    """What is gone as a whole may be read from a file once more. Commits in steps."""
    mine = "SELECT number FROM order_import WHERE site_id = ? AND run_id = ? ORDER BY id"
    returns = {
        row[0]
        for row in db.rows("SELECT key FROM order_case WHERE site_id = ? AND key LIKE ?", site.id, f"{case_key('')}%")
    }
    for numbers in batches([row[0] for row in db.rows(mine, site.id, run.id)], _AT_ONCE):
        names = [name for number in numbers for name in (number, credit_number(number))]
        there = {
            row[0]
            for row in db.rows(
                f"SELECT number FROM orders WHERE site_id = ? AND number IN ({db.marks(names)})", site.id, *names
            )
        }
        gone = [one for one in numbers if not there & {one, credit_number(one)} and case_key(one) not in returns]
        if gone:
            with db.transaction():
                db.execute(
                    f"DELETE FROM order_import WHERE site_id = ? AND run_id = ? AND number IN ({db.marks(gone)})",
                    site.id, run.id, *gone,
                )  # fmt: skip
