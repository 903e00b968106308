"""One act on many products: each on its own, with an answer of its own, so that one refusal stops no other.

A row is stored before its product is touched, with the version that was looked at: whoever goes on after a crash sees
whether that product was reached, and no price is ever raised twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from core.catalogue.services.products import Stale
from core.catalogue.services.writing import encoded, insert_rows
from core.hookspecs.site import Site
from core.kernel import db, i18n, jobs
from core.kernel.i18n import gettext as _
from core.kernel.i18n import speaking
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.errors import NotFound, Refused, Unfit
from core.panel.products.models import BulkRow, BulkRun
from core.panel.products.services.bulk_acts import ACTS, Subject

MOST = 10_000
AT_ONCE = 40
_KEPT = timedelta(days=30)
# A row that was in hand so long was let go of by a worker that ended.
_PATIENCE = timedelta(minutes=2)
# One that was in hand so long is told to whoever looks: a product takes a moment.
_LONG = timedelta(seconds=20)
_WANTED = {False: "todo", True: "done"}
_IN_HAND = {False: "doing", True: "undoing"}


def start(site: Site, staff_id: int, act: str, choice: Mapping[str, Any], product_ids: Sequence[int], key: str) -> int:
    """Store what is to be done and do the first part of it; a job does the rest. Answers the run. Commits.

    A form that was sent already answers the run that it began.
    """
    with db.transaction():
        run, is_new = _stored(site, staff_id, act, choice, product_ids, key)
        if is_new:
            _mark_begun(run)
    if is_new:
        _begin(site, run)
    return int(run.id)


def choose(site: Site, staff_id: int, act: str, choice: Mapping[str, Any], product_ids: Sequence[int], key: str) -> int:
    """Store what would be done, to be looked at first; nothing happens to any product. Answers the run. Commits."""
    with db.transaction():
        return int(_stored(site, staff_id, act, choice, product_ids, key)[0].id)


def begin(site: Site, run_id: int) -> None:
    """Do what was looked at; a run that has begun already is left to itself. Commits.

    Raises Refused if its end has passed, NotFound.
    """
    with db.transaction():
        run = find_run(site, run_id)
        is_first = _mark_begun(run)
    if is_first:
        _begin(site, run)


def plan(site: Site, run_id: int) -> None:
    """Let it begin by itself at the time that was chosen with it. Raises Refused if that is past, NotFound. Commits."""
    with db.transaction():
        run = find_run(site, run_id)
        at = clock.instant(run.choice["at"])
        if at <= clock.now():
            raise Refused(_("Choose a time that is still to come."))
        sql = "UPDATE bulk_run SET due_at = ? WHERE id = ? AND begun_at IS NULL AND due_at IS NULL"
        if db.execute(sql, clock.micros(at), run.id):
            jobs.enqueue("panel.bulk", {"run": run.id, "due": True}, site_id=site.id, at=at)


def unplan(site: Site, run_id: int) -> None:
    """Let it not begin by itself; it can be planned anew. Raises Refused if it has begun, NotFound. Commits."""
    with db.transaction():
        run = find_run(site, run_id)
        if not db.execute("UPDATE bulk_run SET due_at = NULL WHERE id = ? AND begun_at IS NULL", run.id):
            raise Refused(_("It has begun already."))


def let_stay(site: Site, run_id: int) -> None:
    """Let it not end by itself. Raises Refused if it has ended, NotFound. Commits."""
    with db.transaction():
        run = find_run(site, run_id)
        if not db.execute("UPDATE bulk_run SET ends_at = NULL WHERE id = ? AND undone_at IS NULL", run.id):
            raise Refused(_("It has ended already."))


def _stored(
    site: Site, staff_id: int, act: str, choice: Mapping[str, Any], product_ids: Sequence[int], key: str
) -> tuple[BulkRun, bool]:
    """The run of this form, and whether it is new."""
    db.execute(
        "DELETE FROM bulk_run WHERE at < ? AND (due_at IS NULL OR due_at < ?) AND (ends_at IS NULL OR ends_at < ?)",
        *[_long_ago()] * 3,
    )
    known = BulkRun.for_site(site).where(BulkRun.staff_id == staff_id, BulkRun.key == key).first()
    if known is not None:
        return known, False
    said = {**choice, "language": i18n.language()}
    run = BulkRun.create(site_id=site.id, staff_id=staff_id, act=act, choice=said, key=key, at=clock.now())
    rows = [(run.id, product_id, _WANTED[False], "") for product_id in list(dict.fromkeys(product_ids))[:MOST]]
    insert_rows("bulk_row", ("run_id", "product_id", "state", "text"), rows)
    return run, True


def _long_ago() -> int:
    return clock.micros(clock.now() - _KEPT)


def _mark_begun(run: BulkRun) -> bool:
    """Note that it begins now, and when it ends; False if it has begun before. Raises Refused if its end has passed."""
    until = run.choice.get("until")
    sql = "UPDATE bulk_run SET begun_at = ?, ends_at = ? WHERE id = ? AND begun_at IS NULL"
    is_first = bool(db.execute(sql, clock.now_us(), until, run.id))
    if is_first:
        if until is not None:
            if until <= clock.now_us():
                raise Refused(_("Its end has passed."))
            jobs.enqueue("panel.bulk", {"run": run.id, "end": True}, site_id=run.site_id, at=clock.instant(until))
        _let_a_job_look(run, _PATIENCE)
    return is_first


def undo(site: Site, run_id: int) -> None:
    """Take a run back, product by product; those that were changed since are left as they are. Commits."""
    with db.transaction():
        run = find_run(site, run_id)
        if run.begun_at is None or run.undone_at is not None or counts(run)["open"]:
            raise Refused(_("This is undone already, or not done yet."))
        run.undone_at = clock.now()
        run.save()
        _let_a_job_look(run, _PATIENCE)
    _begin(site, run)


def _begin(site: Site, run: BulkRun) -> None:
    """The first part at once, so that a page of products needs no waiting; the rest by a job."""
    if work(site, int(run.id), AT_ONCE) == AT_ONCE:
        with db.transaction():
            _let_a_job_look(run, timedelta(0))


def _let_a_job_look(run: BulkRun, later: timedelta) -> None:
    """A job goes on with a run; one that comes later picks up what a killed worker had in hand."""
    key = f"panel.bulk:{run.id}:{'undo' if run.undone_at else 'do'}:{later.seconds}"
    jobs.enqueue("panel.bulk", {"run": run.id}, site_id=run.site_id, key=key, at=clock.now() + later)


@jobs.job("panel.bulk")
def _go_on(running: jobs.Running) -> None:
    site = state_of(running.site_id or 0).site
    try:
        run_id = int(running.payload["run"])
        if running.payload.get("due") and not _begin_as_planned(site, run_id):
            return
        while work(site, run_id, AT_ONCE):
            running.progress(50)
        if running.payload.get("end") and _end(site, run_id):
            while work(site, run_id, AT_ONCE):
                running.progress(50)
        _look_again(find_run(site, run_id))
    except NotFound:  # Forgotten meanwhile.
        return


def _look_again(run: BulkRun) -> None:
    """Whoever has rows in hand may have ended over them."""
    if counts(run)["open"]:
        with db.transaction():
            jobs.enqueue("panel.bulk", {"run": run.id}, site_id=run.site_id, at=clock.now() + _PATIENCE)


def _begin_as_planned(site: Site, run_id: int) -> bool:
    """Begin it at its time; False if it was taken from the plan, or if no worker was there until its end."""
    if find_run(site, run_id).due_at is None:
        return False
    try:
        begin(site, run_id)
    except Refused:
        unplan(site, run_id)
        return False
    return True


def _end(site: Site, run_id: int) -> bool:
    """Its end has come; False if that was dropped or it was undone. What somebody still has in hand is waited for."""
    with db.transaction():
        run = find_run(site, run_id)
        if run.ends_at is None or run.undone_at is not None:
            return False
        if counts(run)["open"]:
            later = clock.now() + _PATIENCE
            jobs.enqueue("panel.bulk", {"run": run.id, "end": True}, site_id=run.site_id, at=later)
            return False
        sql = "UPDATE bulk_run SET undone_at = ? WHERE id = ? AND undone_at IS NULL AND ends_at IS NOT NULL"
        if not db.execute(sql, clock.now_us(), run.id):
            return False
        run.undone_at = clock.now()
        _let_a_job_look(run, _PATIENCE)
    return True


def work(site: Site, run_id: int, most: int) -> int:
    """Deal with up to so many rows, each by transactions of its own; answers how many there were.

    All of them are in hand before it is asked which products another run has: of two runs one sees the other.
    """
    run = find_run(site, run_id)
    is_undo = run.undone_at is not None
    left = (BulkRow.state == _IN_HAND[is_undo]) & (BulkRow.at < clock.micros(clock.now() - _PATIENCE))
    waiting = BulkRow.select().where(BulkRow.run == run, (BulkRow.state == _WANTED[is_undo]) | left)
    rows = list(waiting.order_by(BulkRow.id).limit(most))
    with speaking(run.choice.get("language", site.language), site.timezone):
        mine = [row for row in rows if _take_in_hand(row, is_undo=is_undo)]
        ends = {} if is_undo else end_in_hand(run, [row.product_id for row in mine])
        for row in mine:
            if (until := ends.get(row.product_id)) is not None:
                outcome: dict[str, Any] = {"state": "refused", "text": one_end(until)}
            else:
                outcome = (_taken_back if is_undo else _carried_out)(site, run, row)
            _settle(row, is_undo=is_undo, **outcome)
    return len(rows)


def _take_in_hand(row: BulkRow, *, is_undo: bool) -> bool:
    """Note who deals with the row and at which version of the product; False if somebody else does."""
    now, was = clock.micros(clock.now()), row.at and clock.micros(row.at)
    fresh = row.state == _WANTED[is_undo]
    if fresh and not is_undo:
        row.version = db.value("SELECT version FROM product WHERE id = ?", row.product_id) or 0
    with db.transaction():
        return bool(
            db.execute(
                "UPDATE bulk_row SET state = ?, at = ?, version = ? WHERE id = ? AND state = ? AND COALESCE(at, 0) = ?",
                _IN_HAND[is_undo],
                now,
                row.version,
                row.id,
                row.state,
                was or 0,
            )
        )


def _carried_out(site: Site, run: BulkRun, row: BulkRow) -> dict[str, Any]:
    try:
        outcome = ACTS[run.act].do(_subject(site, run, row), run.choice)
    except Stale:
        return {"state": "refused", "text": _("Somebody changed it at the same moment; its history tells.")}
    except Refused as refusal:
        return {"state": "refused", "text": _said(refusal)}
    if outcome.before is None:
        return {"state": "same", "text": outcome.text}
    return {"state": "done", "text": outcome.text, "before": outcome.before, "version": outcome.version}


def _taken_back(site: Site, run: BulkRun, row: BulkRow) -> dict[str, Any]:
    act, text = ACTS[run.act], _("It is as it was before.")
    try:
        if act.end and run.choice.get("until"):
            text = act.end(_subject(site, run, row), row.before, run.choice)
        else:
            act.undo(_subject(site, run, row), row.before)
    except Stale:
        return {"state": "kept", "text": _("Somebody has changed it since, so it stays as it is.")}
    except Refused as refusal:
        return {"state": "kept", "text": _said(refusal)}
    return {"state": "undone", "text": text}


def end_in_hand(run: BulkRun, product_ids: Sequence[int]) -> dict[int, int]:
    """{product: until when} of those that another run which ends has in hand, if this one ends. One statement."""
    if not run.choice.get("until") or not product_ids:
        return {}
    return dict(
        db.rows(
            "SELECT b.product_id, MAX(r.ends_at) FROM bulk_row b JOIN bulk_run r ON r.id = b.run_id WHERE r.site_id = ?"
            " AND r.id <> ? AND r.act = ? AND r.ends_at IS NOT NULL AND b.state IN ('doing', 'done', 'undoing')"
            f" AND b.product_id IN ({db.marks(product_ids)}) GROUP BY b.product_id",
            run.site_id,
            run.id,
            run.act,
            *product_ids,
        )
    )


def one_end(until: int) -> str:
    return _(
        "Another change of its prices ends on %(when)s. End that one first.",
        when=i18n.when(clock.instant(until), "short"),
    )


def _said(refusal: Refused) -> str:
    return " ".join(_(text) for text in refusal.errors.values()) if isinstance(refusal, Unfit) else i18n.say(refusal)


def _subject(site: Site, run: BulkRun, row: BulkRow) -> Subject:
    return Subject(site=site, product_id=row.product_id, version=row.version or 0, actor=f"staff:{run.staff_id}")


def _settle(row: BulkRow, *, is_undo: bool, state: str, text: str, before: Any = None, version: int = 0) -> None:
    with db.transaction():
        db.execute(
            "UPDATE bulk_row SET state = ?, text = ?, before = ?, version = ? WHERE id = ? AND state = ?",
            state,
            text,
            encoded(row.before if before is None else before),
            version or row.version,
            row.id,
            _IN_HAND[is_undo],
        )


def find_run(site: Site, run_id: int) -> BulkRun:
    """A run of this site. Raises NotFound."""
    run: BulkRun | None = BulkRun.for_site(site).where(BulkRun.id == run_id).first()
    if run is None:
        raise NotFound
    return run


def counts(run: BulkRun) -> dict[str, int]:
    """How many rows are in which state; `open` are those that are not at their end."""
    found: dict[str, int] = dict(
        db.rows("SELECT state, COUNT(*) FROM bulk_row WHERE run_id = ? GROUP BY state", run.id)
    )
    unfinished = {"todo", "doing", "undoing"} | ({"done"} if run.undone_at else set())
    return {"open": sum(found.get(state, 0) for state in unfinished), **found}


def cut_off(run: BulkRun) -> int:
    """How many rows somebody took in hand and, by the time that has passed, left there. One statement."""
    sql = "SELECT COUNT(*) FROM bulk_row WHERE run_id = ? AND state IN (?, ?) AND at < ?"
    return int(db.value(sql, run.id, *_IN_HAND.values(), clock.micros(clock.now() - _LONG)))
