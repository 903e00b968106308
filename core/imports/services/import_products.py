"""A file into a site: started, carried on after an interruption, and told about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from core.hookspecs.site import Site
from core.imports.models import DONE, FAILED, RUNNING, WAITING, ImportRun
from core.imports.services.formats import Header, detect_format
from core.imports.services.kept_files import RemarksFile, folder, forget_file, keep_file
from core.imports.services.pictures import want_pictures
from core.imports.services.read_products import ProductFile, ReadProduct, open_products
from core.imports.services.reports import Report, find_run, report
from core.imports.services.sources import open_table
from core.imports.services.store_products import Result, Store, Stored
from core.kernel import activity, db, jobs
from core.kernel.i18n import language, say, speaking
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.errors import Refused

BATCH = 50
KEPT = timedelta(days=30)
# So many new products change how a database should look for them.
_MANY = 500
Progress = Callable[[int, int], None]


# -- verbs -------------------------------------------------------------------------------------------------------------


def import_products(
    site: Site,
    source: str | Path | BinaryIO,
    *,
    dry_run: bool = False,
    format_name: str = "",
    mapping: Mapping[str, str] | None = None,
    pictures: str = "",
    actor: str = "system",
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Import a file now, in this process; for commands. `progress(done, total)` counts products.

    `pictures` is the address, or here also the folder (`file:///...`), of pictures that have only a name in the file.
    Commits one transaction per batch of products. Raises UnreadableFile and MissingColumns; then nothing is stored.
    """
    run_id = _new_run(site, source, "", format_name, mapping, actor, pictures=pictures, dry_run=dry_run, later=False)
    try:
        _carry_on(run_id, progress)
    except Refused as error:
        _fail(run_id, error)
        raise
    return report(site, run_id)


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
) -> int:
    """Keep the file and let a worker import it; answers the run's id. Remarks are made in the present language.

    Raises UnreadableFile, MissingColumns and FileTooLarge at once, and then keeps nothing.
    """
    return _new_run(site, source, original, format_name, mapping, actor, pictures=pictures, dry_run=dry_run, later=True)


def import_for_good(site: Site, run_id: int, actor: str) -> int:
    """After a dry run, the same file once more and for good; answers the new run's id. Raises NotFound."""
    run = find_run(site, run_id)
    return _new_run(
        site, folder() / run.file, run.original, run.format, run.mapping, actor, pictures=run.pictures, dry_run=False,
        later=True,
    )  # fmt: skip


# -- a run -------------------------------------------------------------------------------------------------------------


def _new_run(
    site: Site,
    source: str | Path | BinaryIO,
    original: str,
    format_name: str,
    mapping: Mapping[str, str] | None,
    actor: str,
    *,
    pictures: str,
    dry_run: bool,
    later: bool,
) -> int:
    name = keep_file(source)
    try:
        with open_table(folder() / name) as rows:
            format_ = detect_format(Header(rows.columns, mapping), format_name)
        with db.transaction():
            run = ImportRun.create(
                site_id=site.id,
                file=name,
                original=(original or (Path(source).name if isinstance(source, str | Path) else ""))[:255],
                format=format_.name,
                mapping=dict(mapping or {}),
                pictures=pictures[:500],
                language=language(),
                actor=actor,
                dry_run=dry_run,
                state=WAITING,
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


@jobs.job("imports.run")
def _run_job(running: jobs.Running) -> None:
    """A worker's part. Killed, it is taken up again by the next one, behind the last product that was dealt with."""
    run_id = int(running.payload["run"])

    def tell(done: int, total: int) -> None:
        running.progress(done * 100 // max(total, 1))

    try:
        _carry_on(run_id, tell)
    except Refused as error:
        _fail(run_id, error)


def _carry_on(run_id: int, progress: Progress) -> None:
    run = ImportRun.get_by_id(run_id)  # All sites: the worker has the id from the run's own job.
    if run.state not in {WAITING, RUNNING}:
        return
    site = state_of(run.site_id).site
    store = Store(site, run.actor, dry_run=run.dry_run)
    with (
        speaking(run.language, site.timezone),
        open_products(site, folder() / run.file, run.format, run.mapping, pictures=run.pictures) as file,
        RemarksFile(run.file, run.remarks_bytes) as remarks,
    ):
        _note(run, state=RUNNING, total=file.count)
        looked = 0
        for batch in _batches(file, run.line):
            stored = store.save([read.product for read in batch if read.product is not None])
            if not run.dry_run:
                want_pictures(site, run.id, stored)
            _count(run, batch, stored, remarks)
            progress(run.done, run.total)
            if not run.dry_run and run.done >= 4 * looked + _MANY:
                db.look_again()
                looked = run.done
    _note(run, state=DONE, ended_at=clock.now())


def _batches(file: ProductFile, after: int) -> Iterator[list[ReadProduct]]:
    batch: list[ReadProduct] = []
    for found in file.products(after):
        batch.append(found)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _count(run: ImportRun, batch: Sequence[ReadProduct], stored: Sequence[Stored], remarks: RemarksFile) -> None:
    """Write the batch's remarks, then note how far the run is: what a crash leaves between the two is cut off again."""
    problems = [problem for read in batch for problem in read.problems]
    problems += [one.problem for one in stored if one.problem is not None]
    results = Counter(one.result for one in stored)
    unread = sum(read.product is None for read in batch)
    _note(
        run,
        line=batch[-1].line,
        done=run.done + len(batch),
        created=run.created + results[Result.CREATED],
        updated=run.updated + results[Result.UPDATED],
        unchanged=run.unchanged + results[Result.UNCHANGED],
        refused=run.refused + results[Result.REFUSED] + unread,
        warnings=run.warnings + sum(problem.warning for problem in problems),
        remarks_bytes=remarks.add(sorted(problems, key=lambda problem: problem.line)),
    )


def _note(run: ImportRun, **changes: object) -> None:
    for name, value in changes.items():
        setattr(run, name, value)
    with db.transaction():
        run.save()


def _fail(run_id: int, error: Refused) -> None:
    run = ImportRun.get_by_id(run_id)  # All sites: the caller has just carried on with this run.
    with speaking(run.language):
        _note(run, state=FAILED, error=say(error), ended_at=clock.now())


@jobs.job("imports.forget", every=timedelta(days=1))
def _forget(running: jobs.Running) -> None:
    """Files of old runs go; what became of their products stays known."""
    del running
    # All sites: old files of every site are in the way.
    for run in ImportRun.select().where(ImportRun.created_at < clock.now() - KEPT):
        forget_file(run.file)
