"""The life of an import of orders: a file kept, its columns chosen, rehearsed, for good; and its work, batch by batch.

Open orders of other channels and past ones live the same life. What is different between them is a Kind each; what
is done with a batch, each declares where it is written.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from msgspec import Struct

from core.hookspecs.site import Site
from core.imports.models import DONE, DRAFT, HISTORY, ORDERS, RUNNING, STOPPED, WAITING, ImportRun
from core.imports.services.days import DayOrder, check_order_of_days, order_of_days
from core.imports.services.kept_files import RemarksFile, digest_of, folder, forget_file, keep_file, kept_file
from core.imports.services.mapping import LOOKED_AT, PREVIEW, CannotBeMapped, Column, kept_mappings, seen_columns
from core.imports.services.reports import find_run
from core.imports.services.running import Progress, TakenOver, batches, end, fail, take, telling
from core.imports.services.runs import JOBS, NotNow, move
from core.imports.services.sources import open_table
from core.kernel import activity, db, jobs
from core.kernel.i18n import language, speaking
from core.kernel.repeats import claim
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.csv import UnreadableFile
from core.lib.errors import Refused
from core.orders.services import channel_columns, history_columns
from core.orders.services.channel_columns import check_columns, guess_columns
from core.orders.services.channel_rows import ReadOrder, open_orders
from core.orders.services.file_rows import OpenFile
from core.orders.services.history_columns import check_past_columns, guess_past_columns
from core.orders.services.history_rows import ReadDocument, open_history

_PACKED = b"\x1f\x8b"
# So few orders hold the counter of numbers while shoppers wait for theirs.
BATCH = 20
# So many new orders change how a database should look for them.
_MANY = 500
AnyRead = ReadOrder | ReadDocument
AnyFile = OpenFile[ReadOrder] | OpenFile[ReadDocument]


class Terms(Struct, frozen=True, kw_only=True):
    """What is meant where the file does not say it: of open orders the channel, of past ones the currency.

    `prefix` stands before the numbers of past ones; `dates` is the order of day, month and year.
    """

    channel: str = ""
    currency: str = ""
    prefix: str = ""
    dates: str = ""

    @property
    def columns(self) -> dict[str, str]:
        """As a run keeps them."""
        return {
            "channel": " ".join(self.channel.split())[:60], "currency": self.currency.strip().upper()[:3],
            "prefix": self.prefix.strip()[:20],
        }  # fmt: skip


UNSAID = Terms()


class Kind(Struct, frozen=True, kw_only=True):
    """What is different between the two: what columns are taken for, how rows are read, what the log calls it.

    `days` are what columns may stand for that say when. `opened` takes the site, the run, and how many rows do for a
    preview.
    """

    format: str
    verb: str
    days: tuple[str, ...]
    guess: Callable[[Sequence[str]], dict[str, str]]
    check: Callable[[Mapping[str, str]], None]
    opened: Callable[[Site, ImportRun, int | None], AbstractContextManager[AnyFile]]


def _open_orders(site: Site, run: ImportRun, most: int | None) -> AbstractContextManager[AnyFile]:
    """The channel may be named as the last thing; until then the orders are shown without it."""
    channel = run.channel or ("" if most is None else "–")
    return open_orders(site, kept_file(run.file), run.mapping, channel=channel, dates=run.dates, most=most)


def _open_history(site: Site, run: ImportRun, most: int | None) -> AbstractContextManager[AnyFile]:
    return open_history(kept_file(run.file), run.mapping, run.currency or site.currency, run.dates, most=most)


KINDS = {
    ORDERS: Kind(
        format="orders", verb="orders.imported", days=channel_columns.DAYS, guess=guess_columns, check=check_columns,
        opened=_open_orders,
    ),
    HISTORY: Kind(
        format="history", verb="orders.history_imported", days=history_columns.DAYS, guess=guess_past_columns,
        check=check_past_columns, opened=_open_history,
    ),
}  # fmt: skip


# -- a file kept -------------------------------------------------------------------------------------------------------


class Look(Struct, frozen=True, kw_only=True):
    """An opened file: its columns, and its first orders. None of them as long as there is a `problem`."""

    columns: tuple[Column, ...]
    first: tuple[AnyRead, ...] = ()
    orders: int = 0
    problem: CannotBeMapped | None = None


def open_file(
    site: Site, kind: str, source: BinaryIO | Path, original: str, actor: str, terms: Terms = UNSAID, *, key: str = ""
) -> int:
    """Keep the file (of one packed by gzip what is in it) and guess what its columns mean. Commits.

    Answers the id of the rehearsal to be. Raises UnreadableFile, FileTooLarge, DoneBefore, and then keeps nothing.
    """
    name = _keep(source)
    try:
        mapping, kept = _best(site, kind, name)
        days = order_of_days(folder() / name, _days(kind, mapping), terms.dates, kept)
        return _new(site, kind, name, original, actor, mapping, terms, days, key=key)
    except BaseException:
        forget_file(name)
        raise


def at_once(
    site: Site, kind: str, source: BinaryIO | Path, original: str, actor: str, terms: Terms = UNSAID, *,
    dry_run: bool = False,
) -> int:  # fmt: skip
    """For a command: keep the file, its columns taken as they are called, for `carry_on` to deal with.

    A run of this very file that did not end is answered instead: it goes on where it stopped. Commits.
    Raises UnreadableFile, CannotBeMapped, Unfit about the order of days, and then keeps nothing.
    """
    name = _keep(source)
    try:
        if not dry_run and (found := _interrupted(site, kind, name)) is not None:
            forget_file(name)
            return found
        mapping, kept = _best(site, kind, name)
        KINDS[kind].check(mapping)
        days = order_of_days(folder() / name, _days(kind, mapping), terms.dates, kept)
        check_order_of_days(folder() / name, _days(kind, mapping), days.order)
        return _new(site, kind, name, original, actor, mapping, terms, days, dry_run=dry_run, state=WAITING)
    except BaseException:
        forget_file(name)
        raise


def _keep(source: BinaryIO | Path) -> str:
    with ExitStack() as stack:
        stream = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        head = stream.read(2)
        stream.seek(0)
        if head != _PACKED:
            return keep_file(stream)
        try:
            return keep_file(cast("BinaryIO", stack.enter_context(gzip.open(stream))))
        except (EOFError, gzip.BadGzipFile) as error:
            raise UnreadableFile from error


def _best(site: Site, kind: str, name: str) -> tuple[dict[str, str], str]:
    """A kept choice for a file of just these columns, with its order of days, or else what their names suggest."""
    with open_table(folder() / name) as rows:
        columns = rows.columns
    for kept in kept_mappings(site, kind):
        if set(kept.mapping) == set(columns):
            return dict(kept.mapping), kept.dates
    return KINDS[kind].guess(columns), ""


def _days(kind: str, mapping: Mapping[str, str]) -> list[str]:
    """The columns of a file that say when."""
    return [column for column, target in mapping.items() if target in KINDS[kind].days]


def _new(
    site: Site, kind: str, name: str, original: str, actor: str, mapping: Mapping[str, str], terms: Terms,
    days: DayOrder, *, dry_run: bool = True, state: str = DRAFT, later: bool = False, key: str = "",
) -> int:  # fmt: skip
    with db.transaction():
        claim(key)
        run = ImportRun.create(
            site_id=site.id, kind=kind, **terms.columns, file=name, original=original[:255], digest=digest_of(name),
            format=KINDS[kind].format, mapping=dict(mapping), dates=days.order, dates_line=days.line,
            language=language(), actor=actor, dry_run=dry_run, state=state, created_at=clock.now(),
        )  # fmt: skip
        if later:
            _enqueue(site, run)
        if not dry_run:
            activity.record(actor, KINDS[kind].verb, f"import:{run.id}", title=run.original, site_id=site.id)
    return int(run.id)


def _interrupted(site: Site, kind: str, name: str) -> int | None:
    found: int | None = db.value(
        "SELECT id FROM import_run WHERE site_id = ? AND kind = ? AND digest = ? AND state = ? AND dry_run = ?"
        " ORDER BY id DESC LIMIT 1",
        site.id, kind, digest_of(name), RUNNING, False,
    )  # fmt: skip
    return found


def _enqueue(site: Site, run: ImportRun) -> None:
    jobs.enqueue(JOBS[run.kind], {"run": run.id}, site_id=site.id, key=f"{JOBS[run.kind]}:{run.id}")


# -- looked at, rehearsed, for good ------------------------------------------------------------------------------------


def look(site: Site, kind: str, run_id: int) -> Look:
    """The columns of an opened file and its first orders. Reads no more than its first rows. Raises NotFound."""
    run = find_run(site, run_id, kind)
    columns = seen_columns(kept_file(run.file), run.mapping)
    try:
        KINDS[kind].check(run.mapping)
    except CannotBeMapped as problem:
        return Look(columns=columns, problem=problem)
    with KINDS[kind].opened(site, run, LOOKED_AT) as file:
        return Look(columns=columns, first=tuple(islice(file.read(), PREVIEW)), orders=file.count)


def choose(
    site: Site, kind: str, run_id: int, mapping: Mapping[str, str], terms: Terms, *, kept_dates: str = ""
) -> None:
    """What the columns of an opened file mean, and what it does not say; what was kept counts where it fits. Commits.

    Raises NotFound, NotNow, and Unfit where the file contradicts the order of days.
    """
    run = find_run(site, run_id, kind)
    days = order_of_days(kept_file(run.file), _days(kind, mapping), terms.dates, kept_dates)
    with db.transaction():
        changed = (
            ImportRun.update(mapping=dict(mapping), dates=days.order, dates_line=days.line, **terms.columns)
            .where(ImportRun.site_id == site.id, ImportRun.id == run.id, ImportRun.state == DRAFT)
            .execute()
        )
        if not changed:
            raise NotNow


def rehearse(site: Site, kind: str, run_id: int) -> None:
    """Let a worker say what importing an opened file would do. Commits.

    Raises NotFound, NotNow, CannotBeMapped, and Unfit where nobody has said in which order it has days.
    """
    run = find_run(site, run_id, kind)
    KINDS[kind].check(run.mapping)
    check_order_of_days(kept_file(run.file), _days(kind, run.mapping), run.dates)
    with db.transaction():
        move(run, DRAFT, WAITING)
        _enqueue(site, run)


def for_good(site: Site, kind: str, run_id: int, actor: str) -> int:
    """After a rehearsal, the same file once more and for good; answers the new run's id. Commits.

    Raises NotFound, NotNow where nothing was rehearsed to its end.
    """
    run = find_run(site, run_id, kind)
    if not run.dry_run or run.state != DONE:
        raise NotNow
    name = keep_file(kept_file(run.file))
    terms = Terms(channel=run.channel, currency=run.currency, prefix=run.prefix)
    try:
        return _new(
            site, kind, name, run.original, actor, run.mapping, terms, DayOrder(run.dates, run.dates_line),
            dry_run=False, state=WAITING, later=True,
        )  # fmt: skip
    except BaseException:
        forget_file(name)
        raise


# -- the work ----------------------------------------------------------------------------------------------------------

Deal = Callable[[ImportRun, Sequence[Any]], None]
Begin = Callable[[Site, Any, RemarksFile], Deal]
_BEGIN: dict[str, Begin] = {}


def deals_with(kind: str) -> Callable[[Begin], Begin]:
    """Declare who deals with batches of a kind: for a site, an opened file and its remarks it answers how."""

    def declare(begin: Begin) -> Begin:
        _BEGIN[kind] = begin
        return begin

    return declare


@jobs.job(JOBS[ORDERS])
@jobs.job(JOBS[HISTORY])
def _run_job(running: jobs.Running) -> None:
    """A worker's part. Killed, it is taken up again by the next one, behind the last order that was dealt with."""
    run_id = int(running.payload["run"])
    try:
        carry_on(run_id, telling(running))
    except Refused as error:
        fail(run_id, error)


def carry_on(run_id: int, progress: Progress = lambda _done, _total: None) -> None:
    """Begin a run, or go on with one that was interrupted, until it ends, is stopped, or somebody else has it."""
    run = ImportRun.get_by_id(run_id)  # All sites: the worker has the id from the run's own job.
    if run.state not in {WAITING, RUNNING}:
        return
    site = state_of(run.site_id).site
    with (
        speaking(run.language, site.timezone),
        KINDS[run.kind].opened(site, run, None) as file,
        RemarksFile(run.file) as told,
    ):
        try:
            _work(take(run, file.count), file, _BEGIN[run.kind](site, file, told), progress)
        except TakenOver:
            return


def _work(run: ImportRun, file: AnyFile, deal: Deal, progress: Progress) -> None:
    looked = 0
    for batch in batches(file.read(run.line), BATCH):
        deal(run, batch)
        run = ImportRun.get_by_id(run.id)  # All sites: as above.
        progress(run.done, run.total)
        if run.stopping:
            end(run, STOPPED)
            return
        if not run.dry_run and run.done >= 4 * looked + _MANY:
            db.look_again()
            looked = run.done
    end(run, DONE)
