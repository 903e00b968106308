"""A batch of products into the shop: update or create by SKU, in one transaction of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

import peewee
from msgspec import Struct

from core.catalogue.services.categories import make_path
from core.catalogue.services.drafts import ProductDraft
from core.catalogue.services.products import Saved, save_products
from core.hookspecs.site import Site
from core.imports.models import ImportRun
from core.imports.services import remarks
from core.imports.services.drafting import CannotBeDrafted, draft
from core.imports.services.journal import STOCK, Note, attribute_ids, differing, facts, hold, import_reference, note
from core.imports.services.known import Known, look_up
from core.imports.services.rows import Problem, ProductRow, Said
from core.kernel import db
from core.kernel.i18n import lazy
from core.lib.errors import Refused, Unfit

Path = tuple[str, ...]
Wanted = tuple[ProductRow, ProductDraft]
_NOT_STORED = "The shop could not store this product."


class Result(StrEnum):
    """What became of a product of the file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Stored(Struct, frozen=True, kw_only=True):
    """What became of one product; `product_id` is None where it was refused, and in a dry run where it is new."""

    row: ProductRow
    result: Result
    product_id: int | None = None
    version: int = 0
    problem: Problem | None = None


Conclude = Callable[[Sequence[Stored]], None]


class Store:
    """The way into the shop for one run: it remembers categories, so that each is looked for once."""

    def __init__(self, site: Site, run: ImportRun) -> None:
        self._site = site
        self._run = run
        self._dry_run = bool(run.dry_run)
        self._categories: dict[Path, int] = {}

    def save(self, rows: Sequence[ProductRow], conclude: Conclude) -> None:
        """Save a batch, each product all or not at all, and hand over what became of each, in their order.

        Commits one transaction: the products, the journal of their changes, and what `conclude` writes. Before it one
        for every category that is missing. A dry run keeps nothing but what `conclude` writes, in one of its own.
        """
        self._find_categories(path for row in rows for path in row.categories or ())
        known = look_up(self._site, rows)
        drafts = [self._draft(row, known) for row in rows]
        wanted = [(row, found) for row, found in zip(rows, drafts, strict=True) if isinstance(found, ProductDraft)]

        def told(results: Sequence[Saved | Refused]) -> list[Stored]:
            saved = iter(results)
            return [
                self._stored(row, next(saved)) if isinstance(found, ProductDraft) else _refused(row, found)
                for row, found in zip(rows, drafts, strict=True)
            ]

        if wanted and not self._dry_run:
            try:
                self._save(wanted, lambda results: conclude(told(results)))
            except (peewee.IntegrityError, peewee.DataError):
                # Something that only the database knows of: the product that it is about must not keep out the others.
                results = [self._save_alone(row, found) for row, found in wanted]
            else:
                return
        else:
            results = save_products(self._site, [found for _, found in wanted], self._run.actor, dry_run=True)
        with db.transaction():
            conclude(told(results))

    def _save(self, wanted: Sequence[Wanted], conclude: Callable[[Sequence[Saved | Refused]], None]) -> None:
        @contextmanager
        def journal(results: list[Saved | Refused]) -> Iterator[None]:
            with self._noting([row for row, _ in wanted], [found.id for _, found in wanted if found.id], results):
                yield
            conclude(results)

        save_products(
            self._site, [found for _, found in wanted], self._run.actor, reference=import_reference(self._run.id),
            around=journal,
        )  # fmt: skip

    def _save_alone(self, row: ProductRow, found: ProductDraft) -> Saved | Refused:
        results: list[Saved | Refused] = []
        try:
            self._save([(row, found)], results.extend)
        except (peewee.IntegrityError, peewee.DataError):
            return Refused(_NOT_STORED)
        return results[0]

    @contextmanager
    def _noting(
        self, rows: Sequence[ProductRow], product_ids: Collection[int], results: Sequence[Saved | Refused]
    ) -> Iterator[None]:
        """Note in the journal what the saves inside make and change."""
        hold(product_ids)
        before, attributes = facts(self._site, product_ids), attribute_ids()
        yield
        pairs = [(row, saved) for row, saved in zip(rows, results, strict=True) if isinstance(saved, Saved)]
        after = facts(self._site, [saved.product_id for _, saved in pairs if saved.changed and not saved.created])
        notes = [Note(kind="attribute", ref=made) for made in sorted(attribute_ids() - attributes)]
        for row, saved in pairs:
            if saved.changed:
                old, new = before.get(saved.product_id, {}), after.get(saved.product_id, {})
                notes.append(
                    Note(
                        line=row.line,
                        ref=saved.product_id,
                        title=next((text.name for text in row.texts if text.name), "") or row.variants[0].sku,
                        created=saved.created,
                        version=saved.version,
                        before=None if saved.created else differing(old, new),
                        after=() if old.get(STOCK) == new.get(STOCK) else new.get(STOCK, ()),
                    )
                )
        note(self._run.id, notes)

    def _draft(self, row: ProductRow, known: Known) -> ProductDraft | Problem:
        try:
            return draft(self._site, row, known, self._categories)
        except CannotBeDrafted as error:
            return error.problem

    def _stored(self, row: ProductRow, saved: Saved | Refused) -> Stored:
        if isinstance(saved, Refused):
            return _refused(row, problem_of(row, saved))
        if saved.created:
            product_id = None if self._dry_run else saved.product_id
            return Stored(row=row, result=Result.CREATED, product_id=product_id, version=saved.version)
        changed = saved.changed or any(path not in self._categories for path in row.categories or ())
        result = Result.UPDATED if changed else Result.UNCHANGED
        return Stored(row=row, result=result, product_id=saved.product_id, version=saved.version)

    def _find_categories(self, paths: Iterable[Path]) -> None:
        """Remember the ids of categories; those that are missing are made, or in a dry run left out."""
        for path in dict.fromkeys(paths):
            if path in self._categories:
                continue
            if not self._dry_run:
                self._categories[path] = self._make(path)
            elif (found := _existing(path, self._site.language)) is not None:
                self._categories[path] = found

    def _make(self, path: Path) -> int:
        with db.transaction():
            category_id, made = make_path(path, self._site.language, self._run.actor)
            note(self._run.id, [Note(kind="category", ref=one, title=path[-1]) for one in made])
        return category_id


def _existing(path: Path, language: str) -> int | None:
    """The category at a path of names, as `ensure_category` would find it."""
    parent: int | None = None
    for name in path:
        above, params = ("c.parent_id IS NULL", []) if parent is None else ("c.parent_id = ?", [parent])
        parent = db.value(
            "SELECT c.id FROM category c JOIN category_text t ON t.category_id = c.id"
            f" WHERE {above} AND c.deleted_at IS NULL AND t.name = ?"
            " ORDER BY CASE WHEN t.language = ? THEN 0 ELSE 1 END, c.id LIMIT 1",
            *params, name, language,
        )  # fmt: skip
        if parent is None:
            return None
    return parent


def _refused(row: ProductRow, problem: Problem) -> Stored:
    return Stored(row=row, result=Result.REFUSED, problem=problem)


def problem_of(row: ProductRow, error: Refused) -> Problem:
    """What the catalogue refused, as a remark about the product's first line."""
    message = " ".join(error.errors.values()) if isinstance(error, Unfit) and error.errors else error.message
    return Problem(line=row.line, column="", said=Said(lazy(message), remarks.NOT_STORED.fix), params=error.params)
