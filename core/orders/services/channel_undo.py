"""An import of orders taken back: those with which nothing has happened since are cancelled, the others are named."""

from __future__ import annotations

from core.hookspecs.payment import Fact, FactKind
from core.hookspecs.site import Site
from core.imports.models import HISTORY, ORDERS, UNDOING, UNDONE, ImportRun
from core.imports.services.reports import find_run, is_undoable
from core.imports.services.running import begin_undo, end_undo
from core.imports.services.undo import EDITED, KEPT, CannotBeUndone
from core.kernel import activity, db, jobs
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.errors import NotFound
from core.lib.money import Money
from core.orders.services.cancel import cancel_units
from core.orders.services.channel_import import NOTE
from core.orders.services.facts import payment_by_id, refunded_and_captured, store_facts

_BATCH = 20


def undo_import(site: Site, run_id: int, actor: str) -> None:
    """Let a worker take an import of orders back. Raises NotFound, CannotBeUndone."""
    run = find_run(site, run_id, ORDERS)
    if not is_undoable(run):
        raise CannotBeUndone
    with db.transaction():
        if not begin_undo(run):
            raise CannotBeUndone
        key = f"orders.undo_import:{run.id}"
        jobs.enqueue("orders.undo_import", {"run": run.id, "actor": actor}, site_id=site.id, key=key)
        activity.record(actor, "orders.import_undone", f"import:{run.id}", title=run.original, site_id=site.id)


@jobs.job("orders.undo_import")
def _undo_job(running: jobs.Running) -> None:
    """Batch by batch, the last order first. Killed, it goes on with what is not marked yet."""
    run = ImportRun.get_by_id(int(running.payload["run"]))  # All sites: the worker has the id from the run's own job.
    if run.state != UNDOING:
        return
    site, actor = state_of(run.site_id).site, str(running.payload["actor"])
    while db.retrying(lambda: _take_back(site, run, actor)):
        running.progress(0)
    end_undo(run)


def _take_back(site: Site, run: ImportRun, actor: str) -> int:
    """How many orders this batch dealt with."""
    with db.transaction():
        steps = db.rows(
            "SELECT id, ref, version FROM import_change WHERE run_id = ? AND state = '' AND kind = 'order'"
            " ORDER BY id DESC LIMIT ?",
            run.id, _BATCH,
        )  # fmt: skip
        kept = 0
        for step, order_id, version in steps:
            # Whatever happens to an order raises its version, so an untouched one is still at that of its coming in.
            is_untouched = db.execute(
                "UPDATE orders SET channel_number = NULL WHERE id = ? AND site_id = ? AND version = ?",
                order_id, site.id, version,
            )  # fmt: skip
            if is_untouched:
                cancel_units(site.id, order_id, actor=actor, reason="import_undone")
                _let_money_go(site, order_id)
            kept += not is_untouched
            db.execute(
                "UPDATE import_change SET state = ?, reason = ? WHERE id = ?",
                UNDONE if is_untouched else KEPT, "" if is_untouched else EDITED, step,
            )  # fmt: skip
        db.execute(
            "UPDATE import_run SET undone = undone + ?, kept = kept + ?, touched_at = ? WHERE id = ?",
            len(steps) - kept, kept, clock.now_us(), run.id,
        )  # fmt: skip
    return len(steps)


def _let_money_go(site: Site, order_id: int) -> None:
    """What the file said was received is said of nobody any more: nothing is owed for an order that is none."""
    payment_id = db.value("SELECT id FROM payment WHERE order_id = ?", order_id)
    payment = payment_by_id(payment_id) if payment_id is not None else None
    if payment is None:
        return
    _refunded, captured = refunded_and_captured(payment.id)
    if captured:
        fact = Fact(
            account=payment.account, live=payment.live, kind=FactKind.REFUNDED, reference=f"undone {payment.id}",
            amount=Money(captured, payment.currency), at=clock.now(), note=NOTE,
        )  # fmt: skip
        store_facts(site.id, payment.plugin, payment.account, [fact], payment)


def kind_of(site: Site, run_id: int) -> str:
    """Whether an import brought open orders or past ones. Raises NotFound."""
    found: str | None = db.value(
        "SELECT kind FROM import_run WHERE site_id = ? AND id = ? AND kind IN (?, ?)", site.id, run_id, ORDERS, HISTORY
    )
    if found is None:
        raise NotFound
    return found


def orders_left(site: Site, run_id: int, limit: int | None = None) -> list[tuple[int, str, str]]:
    """(line, number in the file, number here) of the orders that an undo left, or the first. Raises NotFound."""
    run = find_run(site, run_id, kind_of(site, run_id))
    return [
        (row[0], row[1], row[2])
        for row in db.rows(
            "SELECT c.line, c.title, o.number FROM import_change c JOIN orders o ON o.id = c.ref AND o.site_id = ?"
            " WHERE c.run_id = ? AND c.state = ? ORDER BY c.line LIMIT ?",
            site.id, run.id, KEPT, limit if limit is not None else 10**9,
        )
    ]  # fmt: skip
