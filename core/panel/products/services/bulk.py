"""One act on many products: each on its own, with an answer of its own, so that one refusal stops no other.

A row is stored before its product is touched, with the version that was looked at: whoever goes on after a crash sees
whether that product was reached, and no price is ever raised twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

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
from core.panel.shell import named

MOST = 10_000
AT_ONCE = 40
PAGE = 100
_KEPT = timedelta(days=30)
# A row that was in hand so long was let go of by a worker that ended.
_PATIENCE = timedelta(minutes=2)
_WANTED = {False: "todo", True: "done"}
_IN_HAND = {False: "doing", True: "undoing"}


class Result(Struct, frozen=True, kw_only=True):
    """What became of one product."""

    product_id: int
    name: str
    state: str
    text: str


class Report(Struct, frozen=True, kw_only=True):
    """A run: how many rows are in which state, and a page of them. `open` of them are still to be dealt with.

    Before it has begun its rows say what would happen now, where the act can tell; it begins by itself at `due_at`.
    `wanted_at` and `until` are the times that were chosen with it; it `ends_at` the latter unless that was dropped.
    """

    id: int
    act: str
    is_begun: bool
    is_undone: bool
    wanted_at: datetime | None
    due_at: datetime | None
    until: datetime | None
    ends_at: datetime | None
    is_over: bool
    counts: Mapping[str, int]
    open: int
    rows: list[Result]
    further: int | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def can_be_undone(self) -> bool:
        return not self.is_undone and not self.open and self.counts.get("done", 0) > 0


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
        run = _run(site, run_id)
        is_first = _mark_begun(run)
    if is_first:
        _begin(site, run)


def plan(site: Site, run_id: int) -> None:
    """Let it begin by itself at the time that was chosen with it. Raises Refused if that is past, NotFound. Commits."""
    with db.transaction():
        run = _run(site, run_id)
        at = clock.instant(run.choice["at"])
        if at <= clock.now():
            raise Refused(_("Choose a time that is still to come."))
        sql = "UPDATE bulk_run SET due_at = ? WHERE id = ? AND begun_at IS NULL AND due_at IS NULL"
        if db.execute(sql, clock.micros(at), run.id):
            jobs.enqueue("panel.bulk", {"run": run.id, "due": True}, site_id=site.id, at=at)


def unplan(site: Site, run_id: int) -> None:
    """Let it not begin by itself; it can be planned anew. Raises Refused if it has begun, NotFound. Commits."""
    with db.transaction():
        run = _run(site, run_id)
        if not db.execute("UPDATE bulk_run SET due_at = NULL WHERE id = ? AND begun_at IS NULL", run.id):
            raise Refused(_("It has begun already."))


def let_stay(site: Site, run_id: int) -> None:
    """Let it not end by itself. Raises Refused if it has ended, NotFound. Commits."""
    with db.transaction():
        run = _run(site, run_id)
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
        run = _run(site, run_id)
        if run.begun_at is None or run.undone_at is not None or _counts(run)["open"]:
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
    except NotFound:  # Forgotten meanwhile.
        return


def _begin_as_planned(site: Site, run_id: int) -> bool:
    """Begin it at its time; False if it was taken from the plan, or if no worker was there until its end."""
    if _run(site, run_id).due_at is None:
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
        run = _run(site, run_id)
        if run.ends_at is None or run.undone_at is not None:
            return False
        if _counts(run)["open"]:
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
    """Deal with up to so many rows, each by transactions of its own; answers how many there were."""
    run = _run(site, run_id)
    is_undo = run.undone_at is not None
    left = (BulkRow.state == _IN_HAND[is_undo]) & (BulkRow.at < clock.micros(clock.now() - _PATIENCE))
    waiting = BulkRow.select().where(BulkRow.run == run, (BulkRow.state == _WANTED[is_undo]) | left)
    rows = list(waiting.order_by(BulkRow.id).limit(most))
    with speaking(run.choice.get("language", site.language), site.timezone):
        for row in rows:
            if _take_in_hand(row, is_undo=is_undo):
                _settle(row, is_undo=is_undo, **(_taken_back if is_undo else _carried_out)(site, run, row))
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
    if (until := _end_in_hand(run, [row.product_id]).get(row.product_id)) is not None:
        return {"state": "refused", "text": _one_end(until)}
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


def _end_in_hand(run: BulkRun, product_ids: Sequence[int]) -> dict[int, int]:
    """{product: until when} of those that another run which ends has in hand, if this one ends. One statement."""
    if not run.choice.get("until"):
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


def _one_end(until: int) -> str:
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


# -- what became of it -------------------------------------------------------------------------------------------------


def report(site: Site, run_id: int, language: str, after: int = 0) -> Report:
    """What became of the products so far. Raises NotFound."""
    run = _run(site, run_id)
    found = db.rows(
        "SELECT id, product_id, state, text FROM bulk_row WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
        run.id,
        after,
        PAGE + 1,
    )
    shown = found[:PAGE]
    names = _names([row[1] for row in shown], language)
    said = {row[1]: row[3] for row in shown} if run.begun_at else _looked_at(site, run, [row[1] for row in shown])
    counts = _counts(run)
    return Report(
        id=int(run.id),
        act=run.act,
        is_begun=run.begun_at is not None,
        is_undone=run.undone_at is not None,
        wanted_at=clock.instant(run.choice["at"]) if run.choice.get("at") else None,
        due_at=run.due_at,
        until=clock.instant(run.choice["until"]) if run.choice.get("until") else None,
        ends_at=run.ends_at,
        is_over=_is_over(run.ends_at, run.undone_at),
        open=counts.pop("open"),
        counts=counts,
        rows=[
            Result(product_id=row[1], name=names.get(row[1], ""), state=row[2], text=said.get(row[1], ""))
            for row in shown
        ],
        further=found[PAGE - 1][0] if len(found) > PAGE else None,
    )


def _looked_at(site: Site, run: BulkRun, product_ids: Sequence[int]) -> Mapping[int, str]:
    look = ACTS[run.act].look
    taken = {product_id: _one_end(until) for product_id, until in _end_in_hand(run, product_ids).items()}
    return {**look(site, product_ids, run.choice), **taken} if look else {}


def _is_over(ends_at: Any, undone_at: Any) -> bool:
    """Whether it ended by itself, and was not undone before; both times, or both in microseconds."""
    return ends_at is not None and undone_at is not None and undone_at >= ends_at


class Past(Struct, frozen=True, kw_only=True):
    """A run in the list of them: what, of how many, by whom and when; `begins_at` and `ends_at` if that is to come."""

    id: int
    act: str
    staff: str
    at: datetime
    begins_at: datetime | None
    ends_at: datetime | None
    is_begun: bool
    is_undone: bool
    is_over: bool
    products: int


def listed(site: Site) -> list[Past]:
    """The runs that are kept: those to come first, then the latest. One statement."""
    found = db.rows(
        "SELECT r.id, r.act, COALESCE(NULLIF(s.name, ''), s.email, ''), r.at, r.due_at, r.begun_at, r.undone_at,"
        " r.ends_at, (SELECT COUNT(*) FROM bulk_row b WHERE b.run_id = r.id) FROM bulk_run r LEFT JOIN staff s"
        f" ON s.id = r.staff_id WHERE r.site_id = ? AND r.act IN ({db.marks(tuple(ACTS))})"
        " ORDER BY CASE WHEN r.begun_at IS NULL AND r.due_at IS NOT NULL THEN 0 ELSE 1 END, r.id DESC LIMIT ?",
        site.id,
        *ACTS,
        PAGE,
    )
    return [
        Past(
            id=row[0],
            act=row[1],
            staff=row[2],
            at=clock.instant(row[3]),
            begins_at=clock.instant(row[4]) if row[4] is not None and row[5] is None else None,
            is_begun=row[5] is not None,
            ends_at=clock.instant(row[7]) if row[7] is not None and row[6] is None else None,
            is_undone=row[6] is not None,
            is_over=_is_over(row[7], row[6]),
            products=row[8],
        )
        for row in found
    ]


def chosen_products(site: Site, chosen: int) -> tuple[int, ...]:
    """The products that somebody chose in the list for an act of a plugin, in their order. Raises NotFound.

    `chosen` is the number that the plugin's view was handed in its address.
    """
    run = _run(site, chosen)
    if run.act in ACTS:
        raise NotFound
    found = db.rows("SELECT product_id FROM bulk_row WHERE run_id = ? ORDER BY id", run.id)
    return tuple(row[0] for row in found)


def _run(site: Site, run_id: int) -> BulkRun:
    run: BulkRun | None = BulkRun.for_site(site).where(BulkRun.id == run_id).first()
    if run is None:
        raise NotFound
    return run


def _counts(run: BulkRun) -> dict[str, int]:
    """How many rows are in which state; `open` are those that are not at their end."""
    found: dict[str, int] = dict(
        db.rows("SELECT state, COUNT(*) FROM bulk_row WHERE run_id = ? GROUP BY state", run.id)
    )
    unfinished = {"todo", "doing", "undoing"} | ({"done"} if run.undone_at else set())
    return {"open": sum(found.get(state, 0) for state in unfinished), **found}


def _names(product_ids: Sequence[int], language: str) -> dict[int, str]:
    texts: dict[int, dict[str, str]] = {}
    for product_id, tag, name in db.rows(
        "SELECT product_id, language, name FROM product_text WHERE site_id IS NULL AND product_id IN"
        f" ({db.marks(product_ids)}) ORDER BY id",
        *product_ids,
    ):
        texts.setdefault(product_id, {})[tag] = name
    return {product_id: named(names, language) for product_id, names in texts.items()}
