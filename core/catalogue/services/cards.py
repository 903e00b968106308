"""Cards follow their facts: made anew in the transaction that changes a fact, written only where they differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from core.catalogue.services import card_facts
from core.catalogue.services.availability import lock_cards
from core.catalogue.services.card_answers import Answers, ask_plugins
from core.catalogue.services.card_data import RATED
from core.catalogue.services.card_making import CARD, DUE, PLACE, SHAPES, Counts, Key, Made, Row, Shape, make
from core.catalogue.services.prices import Expected
from core.catalogue.services.product_words import keep_words
from core.catalogue.services.writing import insert_rows
from core.hookspecs.events import ProductChanged
from core.kernel import cache, db, events, jobs
from core.lib import clock

AT_ONCE = 1000
_IDS_PER_EVENT = 200
_SETTLES = 3


class Change(Struct):
    """What a verb changed so far: add the ids of products whose cards may say something else now."""

    products: set[int] = field(default_factory=set)


@contextmanager
def changing(product_ids: Collection[int] = (), expected: Iterable[Expected] = ()) -> Iterator[Change]:
    """The frame of every verb that changes what cards show: ask, open the transaction, then keep all promises.

    Before it opens, plugins are asked about `product_ids`, and for prices as they are and as `expected`. At its end the
    cards of
    `change.products` are made anew, cached pages end and ProductChanged is recorded. What nobody could be asked about
    before (a new product has no id yet) is asked afterwards, and told in a second transaction. Of more than AT_ONCE
    products (a
    large category moves) the cards follow by a job in small transactions, so that nobody's sale waits for them.
    """
    answers = ask_plugins(product_ids, expected) if len(product_ids) <= AT_ONCE else Answers()
    change = Change()
    with db.transaction():
        yield change
        if len(change.products) <= AT_ONCE:
            unasked = refresh_cards(change.products, answers)
            tell_products_changed(change.products)
        else:
            unasked = frozenset()
            postpone_cards(change.products)
    settle(unasked)


def postpone_cards(product_ids: Collection[int]) -> None:
    """Let the cards of these products follow soon, by a job. Inside the transaction of the change."""
    now, ids = clock.now_us(), sorted(product_ids)
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        db.execute(
            "INSERT INTO card_due (product_id, site_id, at) SELECT product_id, site_id, CAST(? AS BIGINT) FROM listing"
            f" WHERE product_id IN ({db.marks(part)}) ON CONFLICT (product_id, site_id) DO UPDATE SET at = excluded.at",
            now,
            *part,
        )
    jobs.enqueue("cards.refresh_due", key=f"cards.refresh_due:{now}")


def settle(unasked: Collection[int]) -> None:
    """Ask plugins about these products and correct their cards; again, if an edit came between."""
    for _ in range(_SETTLES):
        if not unasked:
            return
        answers = ask_plugins(unasked)
        with db.transaction():
            unasked = refresh_cards(unasked, answers)


def refresh_cards(product_ids: Collection[int], answers: Answers) -> frozenset[int]:
    """Make the cards of these products anew, in the transaction of the change.

    Answers those that plugins were not asked about.

    Ends cached pages of the lists in which something changed.
    """
    db.require_transaction()
    if not product_ids:
        return frozenset()
    lock_cards(product_ids)
    keep_words(product_ids)
    at = clock.now_us()
    made = make(card_facts.load(product_ids), answers.not_overtaken(), at)
    old = _written(product_ids)
    for shape in SHAPES:
        _write(shape, old.rows[shape], made.rows[shape])
    _count(made.counts(), old.counts())
    _end_lists(old, made)
    _plan_due(made)
    return frozenset(made.unasked)


def _written(product_ids: Collection[int]) -> Made:
    """The rows that there are."""
    old = Made()
    for shape in SHAPES:
        columns = ", ".join(f'"{column}"' for column in shape.columns)
        for row in db.rows(
            f"SELECT {columns} FROM {shape.table} WHERE product_id IN ({db.marks(tuple(product_ids))})", *product_ids
        ):
            old.add(shape, *row)
    return old


def _write(shape: Shape, old: dict[Key, Row], new: dict[Key, Row]) -> None:
    where = " AND ".join(f"{column} = ?" for column in shape.key_columns)
    for key in old.keys() - new.keys():
        db.execute(f"DELETE FROM {shape.table} WHERE {where}", *key)
    rows = [row for key, row in new.items() if old.get(key) != row]
    insert_rows(shape.table, shape.columns, rows, _ending(shape))


def _ending(shape: Shape) -> str:
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in shape.columns[shape.key :])
    return f"ON CONFLICT ({', '.join(shape.key_columns)}) DO {'UPDATE SET ' + changes if changes else 'NOTHING'}"


_COUNT_KEY = ("site_id", "category_id", "currency", "code", "value")
_COUNT_ENDING = (
    f"ON CONFLICT ({', '.join(_COUNT_KEY)}) DO UPDATE SET total = card_count.total + excluded.total,"
    " available = card_count.available + excluded.available"
)


def _count(new: Counts, old: Counts) -> None:
    """Move the counters by the difference, in one order for all writers."""
    moved = []
    for key in sorted({*new, *old}, key=repr):
        (total, available), (had, could) = new.get(key, (0, 0)), old.get(key, (0, 0))
        if (total, available) != (had, could):
            moved.append((*key, total - had, available - could))
    if any(not row[3] for row in moved):
        cache.touch("categories")  # Menus say how many goods there are.
    insert_rows("card_count", (*_COUNT_KEY, "total", "available"), moved, _COUNT_ENDING)


def _end_lists(old: Made, new: Made) -> None:
    """A list shows what cards and places say, so pages of those whose cards or places differ end."""
    differing = {
        key[0]
        for shape in (CARD, PLACE)
        for key in {**old.rows[shape], **new.rows[shape]}
        if old.rows[shape].get(key) != new.rows[shape].get(key)
    }
    places = {key[2] for rows in (old, new) for key in rows.rows[PLACE] if key[0] in differing}
    if places:
        cache.touch(*(f"category:{category_id}" for category_id in places))
    if _rated(old) != _rated(new):
        cache.touch(RATED)


def _rated(made: Made) -> set[Key]:
    """The places whose product has stars; what has some makes every list of its site one that stars can sort."""
    return {key for key, row in made.rows[PLACE].items() if row[_STARS]}


_STARS = PLACE.columns.index("rating")


def _plan_due(made: Made) -> None:
    """Wake up when a price, a promotion or a listing begins or ends; one job per instant, however many products."""
    for at in sorted({row[2] for row in made.rows[DUE].values() if isinstance(row[2], int)}):
        jobs.enqueue("cards.refresh_due", key=f"cards.refresh_due:{at}", at=clock.instant(at))


def tell_products_changed(product_ids: Collection[int]) -> None:
    """End cached pages of these products and record ProductChanged on every site that lists them."""
    if not product_ids:
        return
    ids = sorted(product_ids)
    cache.touch(*(f"product:{product_id}" for product_id in ids))
    listed: dict[int, list[int]] = {}
    for site_id, product_id in db.rows(
        f"SELECT site_id, product_id FROM listing WHERE product_id IN ({db.marks(ids)}) ORDER BY site_id, product_id",
        *ids,
    ):
        listed.setdefault(site_id, []).append(product_id)
    for site_id, products in listed.items():
        for start in range(0, len(products), _IDS_PER_EVENT):
            events.record(ProductChanged(product_ids=tuple(products[start : start + _IDS_PER_EVENT])), site_id=site_id)
