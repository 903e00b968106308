"""The life of a run beside its work: a file kept, its columns chosen, rehearsed, imported, stopped, gone on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from core.hookspecs.site import Site
from core.imports.models import DRAFT, HISTORY, ORDERS, PRODUCTS, RUNNING, STOPPED, WAITING, ImportRun
from core.imports.services.days import check_order_of_days, order_of_days
from core.imports.services.formats import Header, columns_of_days, detect_format
from core.imports.services.kept_files import digest_of, folder, forget_file, keep_file, kept_file
from core.imports.services.mapping import best_mapping
from core.imports.services.reports import INTERRUPTED_AFTER, can_go_on, find_run
from core.imports.services.sources import open_table
from core.kernel import activity, db, jobs
from core.kernel.i18n import language
from core.lib import clock
from core.lib.errors import Refused

Source = str | Path | BinaryIO
# Whose work a run is, by what its file is about.
JOBS = {PRODUCTS: "imports.run", ORDERS: "orders.import_from_channel", HISTORY: "orders.import_history"}


class NotNow(Refused):
    """The run has begun, or has ended."""

    code = "not_now"
    default_message = "This import has gone on meanwhile. Look at it again."


def new_run(
    site: Site,
    source: Source,
    original: str,
    actor: str,
    *,
    format_name: str = "",
    mapping: Mapping[str, str] | None = None,
    pictures: str = "",
    dates: str = "",
    dry_run: bool = False,
    state: str = WAITING,
    later: bool = True,
) -> int:
    """Keep the file and make its run; answers the id. `later`: a worker does it.

    Raises UnreadableFile, MissingColumns, FileTooLarge, and Unfit where nobody looks at the order of its days before;
    and then keeps nothing.
    """
    name, kept = keep_file(source), ""
    try:
        with open_table(folder() / name) as rows:
            if state == DRAFT and not format_name:
                format_name, mapping, pictures, kept = best_mapping(site, rows.columns)
            else:
                format_name = detect_format(Header(rows.columns, mapping), format_name).name
            days = columns_of_days(rows.columns, format_name, mapping or {})
        found = order_of_days(folder() / name, days, dates, kept)
        if state != DRAFT:
            check_order_of_days(folder() / name, days, found.order)
        with db.transaction():
            run = ImportRun.create(
                site_id=site.id,
                file=name,
                original=(original or (Path(source).name if isinstance(source, str | Path) else ""))[:255],
                digest=digest_of(name),
                format=format_name,
                mapping=dict(mapping or {}),
                pictures=pictures[:500],
                dates=found.order,
                dates_line=found.line,
                language=language(),
                actor=actor,
                dry_run=dry_run,
                state=state,
                created_at=clock.now(),
            )
            if later:
                jobs.enqueue("imports.run", {"run": run.id}, site_id=site.id, key=f"imports.run:{run.id}")
            if not dry_run:
                activity.record(actor, "products.imported", f"import:{run.id}", title=run.original, site_id=site.id)
    except BaseException:
        forget_file(name)
        raise
    return int(run.id)


def start_import(
    site: Site,
    source: BinaryIO,
    original: str,
    *,
    dry_run: bool,
    actor: str,
    format_name: str = "",
    mapping: Mapping[str, str] | None = None,
    pictures: str = "",
    dates: str = "",
) -> int:
    """Keep the file and let a worker import it; answers the run's id. Remarks are made in the present language.

    Raises UnreadableFile, MissingColumns and FileTooLarge at once, and then keeps nothing.
    """
    return new_run(
        site,
        source,
        original,
        actor,
        format_name=format_name,
        mapping=mapping,
        pictures=pictures,
        dates=dates,
        dry_run=dry_run,
    )


def open_file(site: Site, source: BinaryIO, original: str, actor: str, format_name: str = "") -> int:
    """Keep the file and guess what its columns mean, for somebody to look at; answers the id of the rehearsal to be.

    Raises UnreadableFile, FileTooLarge, and MissingColumns if a format was named that this is not.
    """
    return new_run(site, source, original, actor, format_name=format_name, dry_run=True, state=DRAFT, later=False)


def choose_columns(
    site: Site,
    run_id: int,
    format_name: str,
    mapping: Mapping[str, str],
    pictures: str,
    *,
    dates: str = "",
    kept_dates: str = "",
) -> None:
    """What the columns of an opened file mean, and in which order it has days; what was kept counts where it fits.

    Raises NotFound, NotNow, MissingColumns, and Unfit where the file contradicts that order.
    """
    run = find_run(site, run_id)
    with open_table(kept_file(run.file)) as rows:
        detect_format(Header(rows.columns, mapping), format_name)
        days = columns_of_days(rows.columns, format_name, mapping)
    found = order_of_days(kept_file(run.file), days, dates, kept_dates)
    with db.transaction():
        changed = (
            ImportRun.update(
                format=format_name,
                mapping=dict(mapping),
                pictures=pictures[:500],
                dates=found.order,
                dates_line=found.line,
            )
            .where(ImportRun.site_id == site.id, ImportRun.id == run.id, ImportRun.state == DRAFT)
            .execute()
        )
        if not changed:
            raise NotNow


def rehearse(site: Site, run_id: int) -> None:
    """Let a worker say what importing an opened file would do.

    Raises NotFound, NotNow, MissingColumns, and Unfit where nobody has said in which order it has days.
    """
    run = find_run(site, run_id)
    with open_table(kept_file(run.file)) as rows:
        detect_format(Header(rows.columns, run.mapping), run.format)
        days = columns_of_days(rows.columns, run.format, run.mapping)
    check_order_of_days(kept_file(run.file), days, run.dates)
    with db.transaction():
        move(run, DRAFT, WAITING)
        jobs.enqueue("imports.run", {"run": run.id}, site_id=site.id, key=f"imports.run:{run.id}")


def import_for_good(site: Site, run_id: int, actor: str) -> int:
    """After a dry run, the same file once more and for good; answers the new run's id. Raises NotFound."""
    run = find_run(site, run_id)
    return new_run(
        site,
        kept_file(run.file),
        run.original,
        actor,
        format_name=run.format,
        mapping=run.mapping,
        pictures=run.pictures,
        dates=run.dates,
    )


def stop_import(site: Site, run_id: int, kind: str = PRODUCTS) -> None:
    """Let a run end behind its present batch; one that waits does not begin. Raises NotFound, NotNow."""
    run = find_run(site, run_id, kind)
    with db.transaction():
        if run.state == RUNNING and not _is_interrupted(run):
            if not db.execute("UPDATE import_run SET stopping = ? WHERE id = ? AND state = ?", True, run.id, RUNNING):
                raise NotNow
            return
        move(run, run.state if run.state in {WAITING, RUNNING} else WAITING, STOPPED)
        db.execute("UPDATE import_run SET ended_at = ?, worker = '' WHERE id = ?", clock.now_us(), run.id)


def go_on(site: Site, run_id: int, kind: str = PRODUCTS) -> None:
    """Let a worker carry on with a run that was interrupted or stopped, where it stood. Commits.

    If the first one lives after all, only one of the two goes on: the run has one worker. Raises NotFound, NotNow,
    FileGone.
    """
    run = find_run(site, run_id, kind)
    if not (_is_interrupted(run) or can_go_on(run)):
        raise NotNow
    kept_file(run.file)
    with db.transaction():
        if run.state == STOPPED:
            move(run, STOPPED, WAITING)
        sql = "UPDATE import_run SET stopping = ?, ended_at = NULL, touched_at = ? WHERE id = ? AND site_id = ?"
        db.execute(sql, False, clock.now_us(), run.id, site.id)
        key = f"{JOBS[kind]}:{run.id}:{run.resumed + 1}:{clock.now_us()}"
        jobs.enqueue(JOBS[kind], {"run": run.id}, site_id=site.id, key=key)


def interrupted_run(site: Site, file: Path) -> int | None:
    """The run of this very file that was begun by a command and did not end; None if there is none."""
    found: int | None = db.value(
        "SELECT id FROM import_run WHERE site_id = ? AND kind = ? AND digest = ? AND state = ? AND dry_run = ?"
        " ORDER BY id DESC LIMIT 1",
        site.id, PRODUCTS, digest_of(file), RUNNING, False,
    )  # fmt: skip
    return found


def move(run: ImportRun, before: str, after: str) -> None:
    """Part of a verb: a step in the life of a run. Raises NotNow where it stands elsewhere."""
    if not db.execute("UPDATE import_run SET state = ? WHERE id = ? AND state = ?", after, run.id, before):
        raise NotNow


def _is_interrupted(run: ImportRun) -> bool:
    return run.state == RUNNING and (run.touched_at is None or run.touched_at < clock.now() - INTERRUPTED_AFTER)
