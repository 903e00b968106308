"""A run in the hands of its worker: taken, counted batch by batch, ended. Whatever it imports, it has one worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from core.imports.models import FAILED, RUNNING, UNDOING, UNDONE, ImportRun
from core.imports.services.kept_files import RemarksFile
from core.imports.services.rows import Problem
from core.kernel import db, jobs
from core.kernel.i18n import say, speaking
from core.lib import clock, ids
from core.lib.errors import Refused

# A worker keeps its job by saying now and then how far it is.
_TELL_AFTER = timedelta(seconds=2)
_Item = TypeVar("_Item")
Progress = Callable[[int, int], None]


def telling(running: jobs.Running) -> Progress:
    """`progress(done, total)` that tells the job how far it is, now and then."""
    told = clock.now()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if clock.now() - told >= _TELL_AFTER:
            running.progress(done * 100 // max(total, 1))
            told = clock.now()

    return tell


def batches(found: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """So many at a time; the last batch has what is left."""
    walk = iter(found)
    while batch := list(islice(walk, size)):
        yield batch


class TakenOver(Exception):
    """Another worker has this run now; what this one was about to store is not kept."""


def take(run: ImportRun, total: int) -> ImportRun:
    """The run is this worker's from now on. One that was interrupted or stopped goes on, and says so. Commits.

    Raises TakenOver if another has taken it since it was read.
    """
    resumed, now = run.state == RUNNING or run.line > 0, clock.now()
    changes = {
        "state": RUNNING,
        "worker": ids.uid(),
        "total": total,
        "resumed": run.resumed + resumed,
        "resumed_line": run.line if resumed else run.resumed_line,
        "began_at": now,
        "began_done": run.done,
        "touched_at": now,
    }
    with db.transaction():
        taken = ImportRun.update(**changes).where(
            ImportRun.site_id == run.site_id,
            ImportRun.id == run.id,
            ImportRun.state == run.state,
            ImportRun.worker == run.worker,
        )
        if not taken.execute():
            raise TakenOver
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def touch(run: ImportRun) -> None:
    """Part of a verb: the run is alive, and this worker's still. Raises TakenOver."""
    mine = ImportRun.update(touched_at=clock.now()).where(
        ImportRun.site_id == run.site_id,
        ImportRun.id == run.id,
        ImportRun.worker == run.worker,
        ImportRun.state == RUNNING,
    )
    if not mine.execute():
        raise TakenOver


def count(
    run: ImportRun, line: int, remarks: RemarksFile, problems: Sequence[Problem], *, done: int, **counted: int
) -> None:
    """Part of a verb: write a batch's remarks and note how far the run is. Raises TakenOver before anything else.

    Remarks of a batch that is not kept in the end are cut off before the next ones are written.
    """
    touch(run)
    ImportRun.update(
        line=line,
        done=run.done + done,
        warnings=run.warnings + sum(problem.warning for problem in problems),
        remarks_bytes=remarks.add(run.remarks_bytes, sorted(problems, key=lambda problem: problem.line)),
        **{name: getattr(run, name) + number for name, number in counted.items()},
    ).where(ImportRun.site_id == run.site_id, ImportRun.id == run.id).execute()


def end(run: ImportRun, state: str) -> None:
    """The run is over. Commits."""
    with db.transaction():
        ImportRun.update(state=state, ended_at=clock.now()).where(
            ImportRun.site_id == run.site_id, ImportRun.id == run.id, ImportRun.worker == run.worker
        ).execute()


def fail(run_id: int, error: Refused) -> None:
    """The file cannot be used, for the reason that its person reads. Commits."""
    run = ImportRun.get_by_id(run_id)  # All sites: the caller has just carried on with this run.
    with speaking(run.language), db.transaction():
        ImportRun.update(state=FAILED, error=say(error), ended_at=clock.now()).where(
            ImportRun.site_id == run.site_id, ImportRun.id == run_id
        ).execute()


# -- taking back -------------------------------------------------------------------------------------------------------


def begin_undo(run: ImportRun) -> bool:
    """Part of a verb: the run is being taken back from now on; False if somebody was faster."""
    begun = db.execute(
        "UPDATE import_run SET state = ?, began_at = ?, touched_at = ? WHERE id = ? AND state = ?",
        UNDOING, clock.now_us(), clock.now_us(), run.id, run.state,
    )  # fmt: skip
    return bool(begun)


def end_undo(run: ImportRun) -> None:
    """All of the run that could be taken back is. Commits."""
    with db.transaction():
        db.execute(
            "UPDATE import_run SET state = ?, ended_at = ? WHERE id = ? AND state = ?",
            UNDONE, clock.now_us(), run.id, UNDOING,
        )  # fmt: skip
