"""How runs are, and all remarks about one as a file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.hookspecs.site import Site
from core.imports.models import ImportRun
from core.imports.services import remarks
from core.imports.services.kept_files import remark_cells, remark_columns, remarks_path
from core.imports.services.pictures import PictureFailure, failed_pictures
from core.imports.services.rows import Problem
from core.kernel.i18n import speaking
from core.lib.csv import read_rows, unescape_formula, write_rows
from core.lib.errors import NotFound

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How far a run is and what became of the products so far. `total` is known once the file has been laid out.

    `remarks` is the CSV file of remarks, or None if there are none; `failed_pictures` grows while pictures are fetched.
    """

    id: int
    original: str
    format: str
    dry_run: bool
    state: str
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


def report(site: Site, run_id: int) -> Report:
    """How a run of this site is. Raises NotFound."""
    run = find_run(site, run_id)
    path = remarks_path(run.file)
    return Report(
        **{name: getattr(run, name) for name in _REPORTED},
        remarks=path if (run.refused or run.warnings) and path.exists() else None,
        failed_pictures=failed_pictures(run.id),
    )


_REPORTED = (
    *("id", "original", "format", "dry_run", "state", "done", "total"),
    *("created", "updated", "unchanged", "refused", "warnings", "error"),
)


def reports(site: Site, limit: int = 20) -> list[Report]:
    """The last runs of a site, the newest first."""
    runs = ImportRun.for_site(site).order_by(ImportRun.id.desc()).limit(limit)
    return [report(site, run.id) for run in runs]


def find_run(site: Site, run_id: int) -> ImportRun:
    """The row of a run of this site. Raises NotFound."""
    run: ImportRun | None = ImportRun.for_site(site).where(ImportRun.id == run_id).first()
    if run is None:
        raise NotFound
    return run


def remarks_csv(site: Site, run_id: int) -> Iterator[bytes]:
    """The file of remarks in pieces, and behind it the pictures that could not be fetched. Raises NotFound."""
    run = find_run(site, run_id)
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


def first_remarks(site: Site, run_id: int, limit: int) -> list[tuple[str, ...]]:
    """(line, column, kind, what is wrong, what to do) of the first remarks, for a page. Raises NotFound."""
    run = find_run(site, run_id)
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
