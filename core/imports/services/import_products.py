"""A file into a site: started, carried on after an interruption, and told about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.hookspecs.site import Site
from core.imports.models import DONE, RUNNING, STOPPED, WAITING, ImportRun
from core.imports.services.kept_files import RemarksFile, folder, forget_file
from core.imports.services.pictures import want_pictures
from core.imports.services.read_products import ReadProduct, open_products
from core.imports.services.reports import Report, report
from core.imports.services.running import Progress, TakenOver, batches, count, end, fail, take, telling
from core.imports.services.runs import interrupted_run, new_run
from core.imports.services.store_products import Result, Store, Stored
from core.kernel import db, jobs
from core.kernel.i18n import speaking
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.errors import Refused

BATCH = 50
KEPT = timedelta(days=30)
# So many new products change how a database should look for them.
_MANY = 500


# -- verbs -------------------------------------------------------------------------------------------------------------


def import_products(
    site: Site,
    source: str | Path | BinaryIO,
    *,
    dry_run: bool = False,
    format_name: str = "",
    mapping: Mapping[str, str] | None = None,
    pictures: str = "",
    dates: str = "",
    actor: str = "system",
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Import a file now, in this process; for commands. `progress(done, total)` counts products.

    `pictures` is the address, or here also the folder (`file:///...`), of pictures that have only a name in the file.
    `dates` is the order of day, month and year, where the file leaves it open. Commits one transaction per batch of
    products. Raises UnreadableFile, MissingColumns and Unfit; then nothing is stored.
    """
    run_id = new_run(
        site,
        source,
        "",
        actor,
        format_name=format_name,
        mapping=mapping,
        pictures=pictures,
        dates=dates,
        dry_run=dry_run,
        later=False,
    )
    return _now(site, run_id, progress)


def resume_import(site: Site, file: Path, progress: Progress = lambda _done, _total: None) -> Report | None:
    """Carry on with the import of this very file that was interrupted; None if there is none."""
    run_id = interrupted_run(site, file)
    return None if run_id is None else _now(site, run_id, progress)


def _now(site: Site, run_id: int, progress: Progress) -> Report:
    try:
        carry_on(run_id, progress)
    except Refused as error:
        fail(run_id, error)
        raise
    return report(site, run_id)


# -- a run -------------------------------------------------------------------------------------------------------------


@jobs.job("imports.run")
def _run_job(running: jobs.Running) -> None:
    """A worker's part. Killed, it is taken up again by the next one, behind the last product that was dealt with."""
    run_id = int(running.payload["run"])
    try:
        carry_on(run_id, telling(running))
    except Refused as error:
        fail(run_id, error)


def carry_on(run_id: int, progress: Progress) -> None:
    """Begin a run, or go on with one that was interrupted, until it ends, is stopped, or somebody else has it."""
    run = ImportRun.get_by_id(run_id)  # All sites: the worker has the id from the run's own job.
    if run.state not in {WAITING, RUNNING}:
        return
    site = state_of(run.site_id).site
    with (
        speaking(run.language, site.timezone),
        open_products(
            site, folder() / run.file, run.format, run.mapping, pictures=run.pictures, dates=run.dates
        ) as file,
        RemarksFile(run.file) as remarks,
    ):
        try:
            run = take(run, file.count)
        except TakenOver:
            return
        store, looked = Store(site, run), 0
        for batch in batches(file.products(run.line), BATCH):
            conclude = partial(_conclude, site, run, batch, remarks)
            try:
                store.save([read.product for read in batch if read.product is not None], conclude)
            except TakenOver:
                return
            run = ImportRun.get_by_id(run_id)  # All sites: as above.
            progress(run.done, run.total)
            if run.stopping:
                end(run, STOPPED)
                return
            if not run.dry_run and run.done >= 4 * looked + _MANY:
                db.look_again()
                looked = run.done
    end(run, DONE)


def _conclude(
    site: Site, run: ImportRun, batch: Sequence[ReadProduct], remarks: RemarksFile, stored: Sequence[Stored]
) -> None:
    """Part of a verb: what belongs to a batch of products and is kept with it, or not at all."""
    if not run.dry_run:
        want_pictures(site, run.id, stored)
    unread = sum(read.product is None for read in batch)
    results = Counter(one.result for one in stored)
    problems = [problem for read in batch for problem in read.problems]
    problems += [one.problem for one in stored if one.problem is not None]
    count(
        run, batch[-1].line, remarks, problems, done=len(batch), created=results[Result.CREATED],
        updated=results[Result.UPDATED], unchanged=results[Result.UNCHANGED], refused=results[Result.REFUSED] + unread,
    )  # fmt: skip


@jobs.job("imports.forget", every=timedelta(days=1))
def _forget(running: jobs.Running) -> None:
    """Files and journals of old runs go; what became of their products stays known."""
    del running
    # All sites: old files of every site are in the way.
    for run in ImportRun.select().where(ImportRun.created_at < clock.now() - KEPT):
        forget_file(run.file)
        with db.transaction():
            db.execute("DELETE FROM import_change WHERE run_id = ?", run.id)
