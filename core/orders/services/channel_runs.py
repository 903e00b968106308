"""The life of an import of orders beside its work: a file kept, its columns chosen, rehearsed, imported for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from core.hookspecs.site import Site
from core.imports.models import DONE, DRAFT, ORDERS, WAITING, ImportRun
from core.imports.services.kept_files import digest_of, folder, forget_file, keep_file, kept_file
from core.imports.services.mapping import LOOKED_AT, PREVIEW, CannotBeMapped, Column, kept_mappings, seen_columns
from core.imports.services.reports import find_run
from core.imports.services.runs import JOBS, NotNow, move
from core.imports.services.sources import open_table
from core.kernel import activity, db, jobs
from core.kernel.i18n import language
from core.lib import clock
from core.orders.services.channel_columns import check_columns, guess_columns
from core.orders.services.channel_rows import ReadOrder, open_orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An opened file: its columns, and its first orders. None of them as long as there is a `problem`."""

    columns: tuple[Column, ...]
    first: tuple[ReadOrder, ...] = ()
    orders: int = 0
    problem: CannotBeMapped | None = None


def open_orders_file(site: Site, source: BinaryIO | Path, original: str, channel: str, actor: str) -> int:
    """Keep the file and guess what its columns mean; answers the id of the rehearsal to be. Commits.

    Raises UnreadableFile, FileTooLarge, and then keeps nothing.
    """
    name = keep_file(source)
    try:
        with open_table(folder() / name) as rows:
            mapping = _best(site, rows.columns)
        return _new(site, name, original, channel, actor, mapping, dry_run=True, state=DRAFT)
    except BaseException:
        forget_file(name)
        raise


def _best(site: Site, columns: tuple[str, ...]) -> dict[str, str]:
    """A kept choice for a file of just these columns, or else what their names suggest."""
    for kept in kept_mappings(site, ORDERS):
        if set(kept.mapping) == set(columns):
            return dict(kept.mapping)
    return guess_columns(columns)


def _new(
    site: Site, name: str, original: str, channel: str, actor: str, mapping: Mapping[str, str], *, dry_run: bool,
    state: str,
) -> int:  # fmt: skip
    with db.transaction():
        run = ImportRun.create(
            site_id=site.id, kind=ORDERS, channel=" ".join(channel.split())[:60], file=name, original=original[:255],
            digest=digest_of(name), format="orders", mapping=dict(mapping), language=language(), actor=actor,
            dry_run=dry_run, state=state, created_at=clock.now(),
        )  # fmt: skip
        if state == WAITING:
            _enqueue(site, run.id)
        if not dry_run:
            activity.record(actor, "orders.imported", f"import:{run.id}", title=run.original, site_id=site.id)
    return int(run.id)


def _enqueue(site: Site, run_id: int) -> None:
    jobs.enqueue(JOBS[ORDERS], {"run": run_id}, site_id=site.id, key=f"{JOBS[ORDERS]}:{run_id}")


def look(site: Site, run_id: int) -> Look:
    """The columns of an opened file and its first orders. Reads no more than its first rows. Raises NotFound."""
    run = find_run(site, run_id, ORDERS)
    path = kept_file(run.file)
    columns = seen_columns(path, run.mapping)
    try:
        check_columns(run.mapping)
    except CannotBeMapped as problem:
        return Look(columns=columns, problem=problem)
    # The channel may be named as the last thing; until then the orders are shown without it.
    with open_orders(site, path, run.mapping, channel=run.channel or "–", most=LOOKED_AT) as file:
        return Look(columns=columns, first=tuple(islice(file.orders(), PREVIEW)), orders=file.count)


def choose_order_columns(site: Site, run_id: int, mapping: Mapping[str, str], channel: str) -> None:
    """What the columns of an opened file mean, and where its orders come from. Raises NotFound, NotNow."""
    run = find_run(site, run_id, ORDERS)
    with db.transaction():
        changed = (
            ImportRun.update(mapping=dict(mapping), channel=" ".join(channel.split())[:60])
            .where(ImportRun.site_id == site.id, ImportRun.id == run.id, ImportRun.state == DRAFT)
            .execute()
        )
        if not changed:
            raise NotNow


def rehearse_orders(site: Site, run_id: int) -> None:
    """Let a worker say what importing an opened file would do. Raises NotFound, NotNow, CannotBeMapped. Commits."""
    run = find_run(site, run_id, ORDERS)
    check_columns(run.mapping)
    with db.transaction():
        move(run, DRAFT, WAITING)
        _enqueue(site, run.id)


def import_orders_for_good(site: Site, run_id: int, actor: str) -> int:
    """After a rehearsal, the same file once more and for good; answers the new run's id. Commits.

    Raises NotFound, NotNow where nothing was rehearsed to its end.
    """
    run = find_run(site, run_id, ORDERS)
    if not run.dry_run or run.state != DONE:
        raise NotNow
    name = keep_file(kept_file(run.file))
    try:
        return _new(site, name, run.original, run.channel, actor, run.mapping, dry_run=False, state=WAITING)
    except BaseException:
        forget_file(name)
        raise
