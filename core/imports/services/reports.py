"""How runs are, and all remarks about one as a file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from msgspec import Struct

from core.hookspecs.site import Site
from core.imports.models import DONE, FAILED, PRODUCTS, RUNNING, STOPPED, ImportRun
from core.imports.services import remarks
from core.imports.services.kept_files import remark_cells, remark_columns, remarks_path
from core.imports.services.pictures import PictureFailure, failed_pictures
from core.imports.services.rows import Problem
from core.kernel import db
from core.kernel.i18n import speaking
from core.lib import clock
from core.lib.csv import read_rows, unescape_formula, write_rows
from core.lib.errors import NotFound

_CHUNK = 64 * 1024
# A worker touches its run with every batch, which takes seconds at most.
INTERRUPTED_AFTER = timedelta(minutes=1)


class Report(Struct, frozen=True, kw_only=True):
    """How far a run is and what became of the products so far. `total` is known once the file has been laid out.

    `remarks` is the CSV file of remarks, or None if there are none; `failed_pictures` grows while pictures are fetched.
    """

    id: int
    original: str
    format: str
    dry_run: bool
    state: str
    stopping: bool
    interrupted: bool
    undoable: bool
    can_go_on: bool
    line: int
    resumed: int
    resumed_line: int
    seconds_left: int | None
    undone: int
    kept: int
    created_at: datetime
    done: int
    total: int
    created: int
    updated: int
    unchanged: int
    refused: int
    warnings: int
    error: str
    remarks: Path | None
    failed_pictures: Sequence[PictureFailure]


def report(site: Site, run_id: int, kind: str = PRODUCTS) -> Report:
    """How a run of this site is. Raises NotFound."""
    run = find_run(site, run_id, kind)
    return _report(run, failed_pictures(run.id), undoable=is_undoable(run))


def _report(run: ImportRun, failed: Sequence[PictureFailure] = (), *, undoable: bool = False) -> Report:
    path = remarks_path(run.file)
    return Report(
        **{name: getattr(run, name) for name in _REPORTED},
        interrupted=run.state == RUNNING and (run.touched_at or clock.EPOCH) < clock.now() - INTERRUPTED_AFTER,
        undoable=undoable,
        can_go_on=can_go_on(run),
        seconds_left=_seconds_left(run),
        remarks=path if (run.refused or run.warnings) and path.exists() else None,
        failed_pictures=failed,
    )


_REPORTED = (
    *("id", "original", "format", "dry_run", "state", "stopping", "resumed", "resumed_line", "done", "total"),
    *("line", "undone", "kept", "created_at"),
    *("created", "updated", "unchanged", "refused", "warnings", "error"),
)


def is_undoable(run: ImportRun) -> bool:
    """Whether there is something to take back."""
    ended = run.state in {DONE, STOPPED, FAILED} and not run.dry_run
    return ended and db.value("SELECT 1 FROM import_change WHERE run_id = ? AND state = '' LIMIT 1", run.id) is not None


def can_go_on(run: ImportRun) -> bool:
    """Whether it was stopped before its end, or before it began."""
    return run.state == STOPPED and (run.done < run.total or not run.total)


def _seconds_left(run: ImportRun) -> int | None:
    """How long it will take at the pace of the present stretch; None as long as nobody can know."""
    done = run.done - run.began_done
    if run.state != RUNNING or done <= 0 or run.began_at is None:
        return None
    passed: float = (run.touched_at - run.began_at).total_seconds()
    return round(passed / done * (run.total - run.done))


def reports(site: Site, limit: int = 20, kind: str = PRODUCTS) -> list[Report]:
    """The last runs of a site, the newest first, without their failed pictures."""
    runs = ImportRun.for_site(site).where(ImportRun.kind == kind).order_by(ImportRun.id.desc()).limit(limit)
    return [_report(run) for run in runs]


def find_run(site: Site, run_id: int, kind: str = PRODUCTS) -> ImportRun:
    """The row of a run of this site. Raises NotFound."""
    run: ImportRun | None = ImportRun.for_site(site).where(ImportRun.id == run_id, ImportRun.kind == kind).first()
    if run is None:
        raise NotFound
    return run


def remarks_csv(site: Site, run_id: int, kind: str = PRODUCTS) -> Iterator[bytes]:
    """The file of remarks in pieces, and behind it the pictures that could not be fetched. Raises NotFound."""
    run = find_run(site, run_id, kind)
    path = remarks_path(run.file)
    columns = remark_columns()
    if path.exists():
        columns = ()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    with speaking(run.language):
        cells = [remark_cells(_problem(failure)) for failure in failed_pictures(run.id)]
    text = io.StringIO(newline="")
    write_rows(text, columns, cells)
    yield text.getvalue().encode("utf-8-sig" if columns else "utf-8")


def first_remarks(site: Site, run_id: int, limit: int, kind: str = PRODUCTS) -> list[tuple[str, ...]]:
    """(line, column, kind, what is wrong, what to do) of the first remarks, for a page. Raises NotFound."""
    run = find_run(site, run_id, kind)
    path = remarks_path(run.file)
    found: list[tuple[str, ...]] = []
    if path.exists():
        found = [tuple(map(unescape_formula, row.cells.values())) for row in islice(read_rows(path), limit)]
    with speaking(run.language):
        pictures = [remark_cells(_problem(failure)) for failure in failed_pictures(run.id, limit)]
    return [*found, *(tuple(map(str, cells)) for cells in pictures)][:limit]


def _problem(failure: PictureFailure) -> Problem:
    params = {"url": failure.url, "reason": failure.reason}
    return Problem(line=failure.line, column="", said=remarks.PICTURE_FAILED, params=params, warning=True)
