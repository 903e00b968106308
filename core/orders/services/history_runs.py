"""The life of an import of past orders beside its work: a file kept, its columns chosen, rehearsed, for good."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from core.hookspecs.site import Site
from core.imports.models import DONE, DRAFT, HISTORY, RUNNING, WAITING, ImportRun
from core.imports.services.kept_files import digest_of, folder, forget_file, keep_file, kept_file
from core.imports.services.mapping import LOOKED_AT, PREVIEW, CannotBeMapped, Column, kept_mappings, seen_columns
from core.imports.services.reports import find_run
from core.imports.services.runs import JOBS, NotNow, move
from core.imports.services.sources import open_table
from core.kernel import activity, db, jobs
from core.kernel.i18n import language
from core.lib import clock
from core.lib.csv import UnreadableFile
from core.orders.services.history_columns import check_past_columns, guess_past_columns
from core.orders.services.history_rows import ReadDocument, open_history

_PACKED = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLook:
    """An opened file: its columns, and its first documents. None of them as long as there is a `problem`."""

    columns: tuple[Column, ...]
    first: tuple[ReadDocument, ...] = ()
    orders: int = 0
    problem: CannotBeMapped | None = None


def open_history_file(
    site: Site, source: BinaryIO | Path, original: str, actor: str, *, currency: str = "", prefix: str = ""
) -> int:
    """Keep the file (of one packed by gzip what is in it) and guess what its columns mean. Commits.

    Answers the id of the rehearsal to be. Raises UnreadableFile, FileTooLarge, and then keeps nothing.
    """
    name = _keep(source)
    try:
        with open_table(folder() / name) as rows:
            mapping = _best(site, rows.columns)
        run = ImportRun(
            site_id=site.id, kind=HISTORY, currency=currency.strip().upper()[:3], prefix=prefix.strip()[:20], file=name,
            original=original[:255], mapping=mapping, actor=actor, dry_run=True, state=DRAFT,
        )  # fmt: skip
        return _new(site, run)
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


def _best(site: Site, columns: tuple[str, ...]) -> dict[str, str]:
    """A kept choice for a file of just these columns, or else what their names suggest."""
    for kept in kept_mappings(site, HISTORY):
        if set(kept.mapping) == set(columns):
            return dict(kept.mapping)
    return guess_past_columns(columns)


def _new(site: Site, run: ImportRun, *, later: bool = True) -> int:
    run.digest, run.format, run.language, run.created_at = digest_of(run.file), "history", language(), clock.now()
    with db.transaction():
        run.save(force_insert=True)
        if later and run.state == WAITING:
            _enqueue(site, run.id)
        if not run.dry_run:
            activity.record(
                run.actor, "orders.history_imported", f"import:{run.id}", title=run.original, site_id=site.id
            )
    return int(run.id)


def _enqueue(site: Site, run_id: int) -> None:
    jobs.enqueue(JOBS[HISTORY], {"run": run_id}, site_id=site.id, key=f"{JOBS[HISTORY]}:{run_id}")


def look_at_history(site: Site, run_id: int) -> PastLook:
    """The columns of an opened file and its first documents. Reads no more than its first rows. Raises NotFound."""
    run = find_run(site, run_id, HISTORY)
    path = kept_file(run.file)
    columns = seen_columns(path, run.mapping)
    try:
        check_past_columns(run.mapping)
    except CannotBeMapped as problem:
        return PastLook(columns=columns, problem=problem)
    with open_history(path, run.mapping, run.currency or site.currency, most=LOOKED_AT) as file:
        return PastLook(columns=columns, first=tuple(islice(file.documents(), PREVIEW)), orders=file.count)


def choose_history_columns(site: Site, run_id: int, mapping: Mapping[str, str], currency: str, prefix: str) -> None:
    """What the columns of an opened file mean, and what is to be done with its numbers. Raises NotFound, NotNow."""
    run = find_run(site, run_id, HISTORY)
    with db.transaction():
        changed = (
            ImportRun.update(mapping=dict(mapping), currency=currency.strip().upper()[:3], prefix=prefix.strip()[:20])
            .where(ImportRun.site_id == site.id, ImportRun.id == run.id, ImportRun.state == DRAFT)
            .execute()
        )
        if not changed:
            raise NotNow


def rehearse_history(site: Site, run_id: int) -> None:
    """Let a worker say what importing an opened file would do. Raises NotFound, NotNow, CannotBeMapped. Commits."""
    run = find_run(site, run_id, HISTORY)
    check_past_columns(run.mapping)
    with db.transaction():
        move(run, DRAFT, WAITING)
        _enqueue(site, run.id)


def import_history_for_good(site: Site, run_id: int, actor: str) -> int:
    """After a rehearsal, the same file once more and for good; answers the new run's id. Commits.

    Raises NotFound, NotNow where nothing was rehearsed to its end.
    """
    run = find_run(site, run_id, HISTORY)
    if not run.dry_run or run.state != DONE:
        raise NotNow
    name = keep_file(kept_file(run.file))
    try:
        again = ImportRun(
            site_id=site.id, kind=HISTORY, currency=run.currency, prefix=run.prefix, file=name, original=run.original,
            mapping=run.mapping, actor=actor, dry_run=False, state=WAITING,
        )  # fmt: skip
        return _new(site, again)
    except BaseException:
        forget_file(name)
        raise


def history_at_once(
    site: Site, file: Path | BinaryIO, original: str, actor: str, *, currency: str = "", prefix: str = "",
    dry_run: bool = False,
) -> int:  # fmt: skip
    """For a command: keep the file, its columns taken as they are called, for `carry_on_history` to deal with.

    A run of this very file that did not end is answered instead: it goes on where it stopped. Commits.
    Raises UnreadableFile, CannotBeMapped, and then keeps nothing.
    """
    name = _keep(file)
    try:
        if not dry_run and (found := _interrupted(site, name)) is not None:
            forget_file(name)
            return found
        with open_table(folder() / name) as rows:
            mapping = _best(site, rows.columns)
        check_past_columns(mapping)
        run = ImportRun(
            site_id=site.id, kind=HISTORY, currency=currency.strip().upper()[:3], prefix=prefix.strip()[:20], file=name,
            original=original[:255], mapping=mapping, actor=actor, dry_run=dry_run, state=WAITING,
        )  # fmt: skip
        return _new(site, run, later=False)
    except BaseException:
        forget_file(name)
        raise


def _interrupted(site: Site, name: str) -> int | None:
    found: int | None = db.value(
        "SELECT id FROM import_run WHERE site_id = ? AND kind = ? AND digest = ? AND state = ? AND dry_run = ?"
        " ORDER BY id DESC LIMIT 1",
        site.id, HISTORY, digest_of(name), RUNNING, False,
    )  # fmt: skip
    return found
