"""All of an import taken back: what it made goes, what it changed is put back, and what was touched since is told."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import peewee
from msgspec import Struct, field

from core.catalogue.services.cards import changing
from core.catalogue.services.removal import remove_attribute, remove_category, remove_products
from core.catalogue.services.stock import apply_moves
from core.catalogue.services.stock_counts import change_backorder_limit, count_moves, first_location
from core.catalogue.services.stock_parting import part_with
from core.catalogue.services.writing import insert_rows, update
from core.hookspecs.site import Site
from core.imports.models import UNDOING, UNDONE, ImportRun
from core.imports.services.journal import PARTS, STOCK, Facts, Part, Rows, decoded_facts, facts, hold, import_reference
from core.imports.services.reports import find_run, is_undoable
from core.imports.services.running import begin_undo, end_undo
from core.kernel import activity, db, jobs
from core.kernel.i18n import gettext
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.csv import write_rows
from core.lib.errors import Refused

BATCH = 50
_AT_ONCE = 500
EDITED, SOLD, MOVED, IN_USE, REFUSED = "edited", "sold", "moved", "in_use", "refused"
KEPT = "kept"
Sold = Callable[[Sequence[int], datetime], Collection[int]]
_sold: list[Sold] = []


class CannotBeUndone(Refused):
    """The run still goes on, has changed nothing, or was taken back already."""

    code = "cannot_be_undone"
    default_message = "This import cannot be undone: it still runs, or nothing of it is left to take back."


def sold_since(function: Sold) -> Sold:
    """Register who knows what was sold: of these variants the ones in an order since. Asked before a transaction."""
    _sold.append(function)
    return function


# -- verbs -------------------------------------------------------------------------------------------------------------


def undo_import(site: Site, run_id: int, actor: str) -> None:
    """Let a worker take an import back. Raises NotFound, CannotBeUndone."""
    run = find_run(site, run_id)
    if not is_undoable(run):
        raise CannotBeUndone
    with db.transaction():
        if not begin_undo(run):
            raise CannotBeUndone
        jobs.enqueue("imports.undo", {"run": run.id, "actor": actor}, site_id=site.id, key=f"imports.undo:{run.id}")
        activity.record(actor, "products.import_undone", f"import:{run.id}", title=run.original, site_id=site.id)


@jobs.job("imports.undo")
def _undo_job(running: jobs.Running) -> None:
    """Batch by batch, the last change first. Killed, it goes on with what is not marked yet."""
    run = ImportRun.get_by_id(int(running.payload["run"]))  # All sites: the worker has the id from the run's own job.
    if run.state != UNDOING:
        return
    site = state_of(run.site_id).site
    actor = str(running.payload["actor"])
    while steps := _next(run.id):
        _take_back(site, run, steps, actor)
        running.progress(0)
    end_undo(run)


# -- a batch -----------------------------------------------------------------------------------------------------------


class _Step(Struct):
    """A row of the journal that is not dealt with yet. `now` are the product's rows as they are."""

    id: int
    kind: str
    ref: int
    created: bool
    version: int
    before: Facts
    after: Facts
    now: Facts = field(default_factory=dict)
    kept: str = ""

    def rows(self, table: str) -> Rows:
        """How the rows of a table were before; as they are where nothing of it was changed."""
        return self.before.get(table, self.now.get(table, []))

    def touched_variants(self) -> set[int]:
        """Those that must go, or get another stock: none of them may have been sold since."""
        if self.created:
            return {row["id"] for row in self.now.get("variant", [])}
        return self.added_variants() | {row["variant_id"] for row in self.after.get(STOCK, [])}

    def added_variants(self) -> set[int]:
        """Those that a known product has and had not before."""
        return {row["id"] for row in self.now.get("variant", [])} - {row["id"] for row in self.rows("variant")}


def _next(run_id: int) -> list[_Step]:
    """The last rows first, all of them products, or all categories and attributes that were made for such products.

    Counters of a category follow at the end of a transaction, so it goes in a later one than its products.
    """
    found = db.rows(
        "SELECT id, kind, ref, created, version, before, after FROM import_change WHERE run_id = ? AND state = ''"
        " ORDER BY id DESC LIMIT ?",
        run_id, BATCH,
    )  # fmt: skip
    steps = (
        _Step(id_, kind, ref, bool(created), version, decoded_facts(before), decoded_facts(after))
        for id_, kind, ref, created, version, before, after in found
    )
    return list(next((group for _, group in groupby(steps, key=lambda step: step.kind == "product")), ()))


def _take_back(site: Site, run: ImportRun, steps: Sequence[_Step], actor: str) -> None:
    products = {step.ref: step for step in steps if step.kind == "product"}
    _look(site, products)
    touched = sorted({variant for step in products.values() for variant in step.touched_variants()})
    sold = {variant for function in _sold for variant in function(touched, run.created_at)} if touched else set()
    with changing(products) as change:
        hold(products)
        _look(site, products)
        _judge(products, sold)
        _remove([step for step in products.values() if step.created and not step.kept], run, actor)
        for step in products.values():
            if not step.created and not step.kept:
                _put_back(site, run, step, actor)
            if not step.kept:
                change.products.add(step.ref)
        for step in steps:
            gone = {"category": lambda ref: remove_category(ref, actor), "attribute": remove_attribute}.get(step.kind)
            if gone is not None and not gone(step.ref):
                step.kept = IN_USE
        _mark(run, steps)


def _look(site: Site, products: Mapping[int, _Step]) -> None:
    for ref, rows in facts(site, products).items():
        products[ref].now = rows


def _judge(products: Mapping[int, _Step], sold: set[int]) -> None:
    """Leave what someone has edited, sold or moved since, and say so."""
    versions: dict[int, int] = dict(
        db.rows(f"SELECT id, version FROM product WHERE id IN ({db.marks(tuple(products))})", *products)
    )
    new = [variant for step in products.values() if step.created for variant in step.touched_variants()]
    # The import itself counted a new variant once.
    moved = {
        row[0]
        for row in db.rows(
            f"SELECT variant_id FROM stock_move WHERE variant_id IN ({db.marks(new)}) GROUP BY variant_id"
            " HAVING COUNT(*) > 1",
            *new,
        )
    }
    for ref, step in products.items():
        given = step.after.get(STOCK, [])
        if ref not in versions:
            step.created, step.kept = False, EDITED
        elif sold & step.touched_variants():
            step.kept = SOLD
        elif versions[ref] != step.version:
            step.kept = EDITED
        elif moved & step.touched_variants() or (given and given != step.now.get(STOCK, [])):
            step.kept = MOVED


def _remove(steps: Sequence[_Step], run: ImportRun, actor: str) -> None:
    """Take the products away, all at once; if something still refers to one of them, that one stays."""
    try:
        with db.db.atomic():
            remove_products([step.ref for step in steps], actor, import_reference(run.id))
    except peewee.IntegrityError:
        for step in steps if len(steps) > 1 else ():
            _remove([step], run, actor)
        if len(steps) == 1:
            steps[0].kept = REFUSED


def _put_back(site: Site, run: ImportRun, step: _Step, actor: str) -> None:
    """All rows of a product as they were. What the database or its stock refuses stays as it is, whole."""
    try:
        with db.db.atomic():
            part_with(step.added_variants(), actor, reference=import_reference(run.id))
            for part in reversed(PARTS):
                if part.table in step.before:
                    _delete(part, step)
            for part in PARTS:
                if part.table in step.before:
                    _write(part, step)
            _forget_pictures(run, step.ref)
            if STOCK in step.before:
                _put_stock_back(run, step, actor)
            update("product", step.ref, {"version": step.version + 1, "updated_at": clock.now_us()})
            before, after = ({table: len(rows[table]) for table in step.before} for rows in (step.now, step.before))
            activity.record(
                actor, "product.put_back", f"product:{step.ref}", site_id=site.id, before=before, after=after
            )
    except (Refused, peewee.IntegrityError):
        step.kept = REFUSED


def _key(part: Part, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in part.keys)


def _delete(part: Part, step: _Step) -> None:
    wanted = {_key(part, row) for row in step.before[part.table]}
    where = " AND ".join(f'"{name}" = ?' for name in part.keys)
    for row in step.now.get(part.table, []):
        if _key(part, row) not in wanted:
            db.execute(f'DELETE FROM "{part.table}" WHERE {where}', *_key(part, row))


def _write(part: Part, step: _Step) -> None:
    present = {_key(part, row): row for row in step.now.get(part.table, [])}
    others = [name for name in part.columns if name not in part.keys]
    columns, where = (
        link.join(f'"{name}" = ?' for name in names) for link, names in ((", ", others), (" AND ", part.keys))
    )
    new = []
    for row in step.before[part.table]:
        if _key(part, row) not in present:
            new.append([row[name] for name in part.columns])
        elif present[_key(part, row)] != row:
            values = [row[name] for name in others]
            db.execute(f'UPDATE "{part.table}" SET {columns} WHERE {where}', *values, *_key(part, row))
    insert_rows(part.table, part.columns, new)


def _forget_pictures(run: ImportRun, product_id: int) -> None:
    """Take away the pictures that came with the run; the files stay, since other products may show them."""
    shown = [
        row[0]
        for row in db.rows(
            "SELECT media_id FROM picture_source WHERE run_id = ? AND product_id = ? AND media_id IS NOT NULL",
            run.id, product_id,
        )
    ]  # fmt: skip
    marks = db.marks(shown)
    db.execute(f"DELETE FROM product_media WHERE product_id = ? AND media_id IN ({marks})", product_id, *shown)
    db.execute(f"UPDATE variant SET media_id = NULL WHERE product_id = ? AND media_id IN ({marks})", product_id, *shown)
    db.execute("DELETE FROM picture_source WHERE run_id = ? AND product_id = ?", run.id, product_id)


def _put_stock_back(run: ImportRun, step: _Step, actor: str) -> None:
    """Count it as it was before; what had no stock then has none again."""
    old = {row["variant_id"]: row for row in step.before[STOCK]}
    left = {row["id"] for row in step.rows("variant")}
    wanted = {
        row["variant_id"]: old.get(row["variant_id"], {"on_hand": 0, "backorder_limit": 0})
        for row in step.now.get(STOCK, [])
        if row["variant_id"] in left
    }
    location_id = first_location()
    for variant_id, row in sorted(wanted.items()):
        change_backorder_limit(variant_id, location_id, row["backorder_limit"])
    counts = {variant_id: row["on_hand"] for variant_id, row in wanted.items()}
    apply_moves(count_moves(counts, location_id, reference=import_reference(run.id)), actor, UNDONE)


def _mark(run: ImportRun, steps: Sequence[_Step]) -> None:
    for step in steps:
        db.execute(
            "UPDATE import_change SET state = ?, reason = ? WHERE id = ?",
            KEPT if step.kept else UNDONE, step.kept, step.id,
        )  # fmt: skip
    gone = [step.ref for step in steps if step.kind == "product" and step.created and not step.kept]
    db.execute(f"DELETE FROM picture_source WHERE product_id IN ({db.marks(gone)})", *gone)
    products = [step for step in steps if step.kind == "product"]
    kept = sum(bool(step.kept) for step in products)
    db.execute(
        "UPDATE import_run SET undone = undone + ?, kept = kept + ?, touched_at = ? WHERE id = ?",
        len(products) - kept, kept, clock.now_us(), run.id,
    )  # fmt: skip


# -- what was left -----------------------------------------------------------------------------------------------------


class Left(Struct, frozen=True, kw_only=True):
    """A product that an undo left as it is, and why: edited, sold, moved, refused."""

    line: int
    product_id: int
    title: str
    reason: str


def left(site: Site, run_id: int, limit: int) -> list[Left]:
    """The first products that an undo left. Raises NotFound."""
    run = find_run(site, run_id)
    found = db.rows(
        "SELECT line, ref, title, reason FROM import_change WHERE run_id = ? AND state = ? AND kind = 'product'"
        " ORDER BY line, id LIMIT ?",
        run.id, KEPT, limit,
    )  # fmt: skip
    return [Left(line=line, product_id=ref, title=title, reason=reason) for line, ref, title, reason in found]


def left_csv(site: Site, run_id: int, reason: Callable[[Left], str]) -> Iterator[bytes]:
    """All products that an undo left, as a file in pieces; `reason` says why in words. Raises NotFound."""
    run, last = find_run(site, run_id), 0
    yield _lines((gettext("Line"), gettext("Product"), gettext("What is wrong")), []).encode("utf-8-sig")
    while found := db.rows(
        "SELECT id, line, ref, title, reason FROM import_change WHERE run_id = ? AND state = ? AND kind = 'product'"
        " AND id > ? ORDER BY id LIMIT ?",
        run.id, KEPT, last, _AT_ONCE,
    ):  # fmt: skip
        last = found[-1][0]
        rows = [Left(line=row[1], product_id=row[2], title=row[3], reason=row[4]) for row in found]
        yield _lines((), [(one.line, one.title, reason(one)) for one in rows]).encode()


def _lines(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    write_rows(text, columns, rows)
    return text.getvalue()
