"""A batch of products into the shop: update or create by SKU, in one transaction of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import peewee

from core.catalogue.services.categories import ensure_category
from core.catalogue.services.drafts import ProductDraft
from core.catalogue.services.products import Saved, save_products
from core.hookspecs.site import Site
from core.imports.services import remarks
from core.imports.services.drafting import CannotBeDrafted, draft
from core.imports.services.known import Known, look_up
from core.imports.services.rows import Problem, ProductRow, Said
from core.kernel import db
from core.kernel.i18n import lazy
from core.lib.errors import Refused, Unfit

Path = tuple[str, ...]
_NOT_STORED = "The shop could not store this product."


class Result(StrEnum):
    """What became of a product of the file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of one product; `product_id` is None where it was refused, and in a dry run where it is new."""

    row: ProductRow
    result: Result
    product_id: int | None = None
    problem: Problem | None = None


class Store:
    """The way into the shop for one run: it remembers categories, so that each is looked for once."""

    def __init__(self, site: Site, actor: str, *, dry_run: bool) -> None:
        self._site = site
        self._actor = actor
        self._dry_run = dry_run
        self._categories: dict[Path, int] = {}

    def save(self, rows: Sequence[ProductRow]) -> list[Stored]:
        """Save a batch, each product all or not at all; what became of each, in their order.

        Commits one transaction for the products, and one for every category that is missing. A dry run keeps nothing.
        """
        self._find_categories(path for row in rows for path in row.categories or ())
        known = look_up(self._site, rows)
        drafts = [self._draft(row, known) for row in rows]
        wanted = [found for found in drafts if isinstance(found, ProductDraft)]
        saved = iter(self._save(wanted))
        return [
            self._stored(row, next(saved)) if isinstance(found, ProductDraft) else _refused(row, found)
            for row, found in zip(rows, drafts, strict=True)
        ]

    def _save(self, drafts: Sequence[ProductDraft]) -> list[Saved | Refused]:
        if not drafts:
            return []
        try:
            return save_products(self._site, drafts, self._actor, dry_run=self._dry_run)
        except (peewee.IntegrityError, peewee.DataError):
            # Something that only the database knows of: the one product that it is about must not keep out the others.
            if len(drafts) == 1:
                return [Refused(_NOT_STORED)]
            return [result for one in drafts for result in self._save([one])]

    def _draft(self, row: ProductRow, known: Known) -> ProductDraft | Problem:
        try:
            return draft(self._site, row, known, self._categories)
        except CannotBeDrafted as error:
            return error.problem

    def _stored(self, row: ProductRow, saved: Saved | Refused) -> Stored:
        if isinstance(saved, Refused):
            return _refused(row, problem_of(row, saved))
        if saved.created:
            return Stored(row=row, result=Result.CREATED, product_id=None if self._dry_run else saved.product_id)
        changed = saved.changed or any(path not in self._categories for path in row.categories or ())
        return Stored(row=row, result=Result.UPDATED if changed else Result.UNCHANGED, product_id=saved.product_id)

    def _find_categories(self, paths: Iterable[Path]) -> None:
        """Remember the ids of categories; those that are missing are made, or in a dry run left out."""
        for path in dict.fromkeys(paths):
            if path in self._categories:
                continue
            if not self._dry_run:
                self._categories[path] = ensure_category(path, self._site.language, self._actor)
            elif (found := _existing(path, self._site.language)) is not None:
                self._categories[path] = found


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
