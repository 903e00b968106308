"""Reviews from a file: good rows are taken, the others told with line and column; a known file adds nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec import Struct, field

from core.api import (
    CsvRow,
    Refused,
    Site,
    Unfit,
    digest,
    marks,
    now,
    open_rows,
    product_data_changed,
    products_by_sku,
    record_activity,
    rows,
    transaction,
)
from core.api import gettext as _
from plugins.reviews.forms import FileReview, parse_row
from plugins.reviews.models import PUBLISHED, Review
from plugins.reviews.services.changing import PLUGIN
from plugins.reviews.services.writers import author_of_address

AT_ONCE, INSERTED_AT_ONCE = 500, 50
_Thing = TypeVar("_Thing")


class NoSuchColumns(Refused):
    """A file without its two needed columns."""

    status = 422
    code = "no_such_columns"
    default_message = "The first line must name the columns, among them sku and stars."


class RowError(Struct, frozen=True, kw_only=True):
    """What is wrong with a cell."""

    line: int
    column: str
    message: str


class Imported(Struct, kw_only=True):
    """What became of a file: rows taken, rows that were known already, and what was wrong."""

    taken: int = 0
    known: int = 0
    errors: list[RowError] = field(default_factory=list)


def import_file(site: Site, path: str | Path, *, actor: str) -> Imported:
    """Take the reviews of a file, shown at once; five hundred rows to a transaction. Raises Refused. Commits."""
    done, seen = Imported(), Counter[str]()
    with open_rows(path) as file:
        if not {"sku", "stars"} <= set(file.columns):
            raise NoSuchColumns
        for part in _parts(file, AT_ONCE):
            _take(site, list(_read(site, part, done)), done, seen)
    with transaction():
        record_activity(
            actor, f"{PLUGIN}.imported", f"site:{site.id}", after={"taken": done.taken}, site_id=site.id,
            title=Path(path).name,
        )  # fmt: skip
    return done


def _parts(things: Iterable[_Thing], size: int) -> Iterator[list[_Thing]]:
    every = iter(things)
    while part := list(islice(every, size)):
        yield part


def _read(site: Site, part: Sequence[CsvRow], done: Imported) -> Iterator[tuple[int, FileReview]]:
    """(product, review) of the rows that fit."""
    products = products_by_sku({row.cells["sku"].strip() for row in part})
    here = _listed(site, list(products.values()))
    for row in part:
        try:
            review = parse_row(row.cells, site)
        except Unfit as refusal:
            done.errors += [RowError(line=row.line, column=name, message=text) for name, text in refusal.errors.items()]
            continue
        product_id = products.get(review.sku)
        if product_id is None or product_id not in here:
            message = _("There is no product with the SKU %(sku)s on this site.", sku=review.sku)
            done.errors.append(RowError(line=row.line, column="sku", message=message))
        else:
            yield product_id, review


def _listed(site: Site, product_ids: Sequence[int]) -> set[int]:
    sql = f"SELECT product_id FROM listing WHERE site_id = ? AND product_id IN ({marks(product_ids)})"
    return {row[0] for row in rows(sql, site.id, *product_ids)} if product_ids else set()


def _take(site: Site, found: list[tuple[int, FileReview]], done: Imported, seen: Counter[str]) -> None:
    keyed: dict[tuple[int, str], tuple[_Who, FileReview]] = {}
    for product_id, review in found:
        who = _who(site, product_id, review, seen)
        keyed.setdefault((product_id, who.author), (who, review))
    at = now()
    with transaction():
        authors = [author for _product_id, author in keyed]
        known = {(row.product_id, row.author) for row in Review.for_site(site).where(Review.author.in_(authors))}
        fresh = [
            {
                "site_id": site.id, "product_id": key[0], "author": who.author, "shopper_id": who.shopper_id,
                "order_id": who.order_id, "stars": review.wanted.stars,
                "title": review.wanted.title, "text": review.wanted.text, "name": review.wanted.name,
                "language": review.wanted.language, "folded": review.wanted.folded,
                "verified": review.verified or who.order_id is not None, "state": PUBLISHED,
                "created_at": review.at, "updated_at": at, "looked_at": at,
            }
            for key, (who, review) in keyed.items()
            if key not in known
        ]  # fmt: skip
        for few in _parts(fresh, INSERTED_AT_ONCE):
            Review.insert_many(few).on_conflict_ignore().execute()
        product_data_changed(site, {product_id for product_id, author in keyed if (product_id, author) not in known})
    done.taken += len(fresh)
    done.known += len(keyed) - len(fresh)


class _Who(NamedTuple):
    """Who wrote a row: the key of the author, and the account and the order that it is known by."""

    author: str
    shopper_id: int | None = None
    order_id: int | None = None


def _who(site: Site, product_id: int, review: FileReview, seen: Counter[str]) -> _Who:
    """Whoever has the address of the row; without one, the row itself."""
    if review.email:
        return _Who(*author_of_address(site, product_id, review.email))
    return _Who(_author(product_id, review, seen))


def _author(product_id: int, review: FileReview, seen: Counter[str]) -> str:
    """The same for the same row of a file that comes again; two rows of one file that are alike are two reviews."""
    one = review.wanted
    parts = (str(product_id), str(one.stars), one.title, one.text, one.name, review.date)
    row = digest("\x1f".join(parts))
    seen[row] += 1
    return f"import:{digest(f'{row}:{seen[row]}')[:40]}"
