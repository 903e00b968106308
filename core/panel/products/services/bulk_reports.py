"""What became of one act on many products, and what acts there were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.errors import NotFound
from core.lib.languages import named
from core.panel.products.models import BulkRun
from core.panel.products.services.bulk import counts, cut_off, end_in_hand, find_run, one_end
from core.panel.products.services.bulk_acts import ACTS

PAGE = 100


class Result(Struct, frozen=True, kw_only=True):
    """What became of one product."""

    product_id: int
    name: str
    state: str
    text: str


class Report(Struct, frozen=True, kw_only=True):
    """A run: how many rows are in which state, and a page of them.

    `open` of them are still to be dealt with, `cut_off` of these are in the hands of a worker that seems to have ended.
    Before it has begun its rows say what would happen now, where the act can tell; it begins by itself at `due_at`.
    `wanted_at` and `until` are the times that were chosen with it; it `ends_at` the latter unless that was dropped.
    """

    id: int
    act: str
    is_begun: bool
    is_undone: bool
    wanted_at: datetime | None
    due_at: datetime | None
    until: datetime | None
    ends_at: datetime | None
    is_over: bool
    counts: Mapping[str, int]
    open: int
    cut_off: int
    rows: list[Result]
    further: int | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def can_be_undone(self) -> bool:
        return not self.is_undone and not self.open and self.counts.get("done", 0) > 0


def report(site: Site, run_id: int, language: str, after: int = 0) -> Report:
    """What became of the products so far. Raises NotFound."""
    run = find_run(site, run_id)
    found = db.rows(
        "SELECT id, product_id, state, text FROM bulk_row WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
        run.id,
        after,
        PAGE + 1,
    )
    shown = found[:PAGE]
    names = _names([row[1] for row in shown], language)
    said = {row[1]: row[3] for row in shown} if run.begun_at else _looked_at(site, run, [row[1] for row in shown])
    states = counts(run)
    return Report(
        id=int(run.id),
        act=run.act,
        is_begun=run.begun_at is not None,
        is_undone=run.undone_at is not None,
        wanted_at=clock.instant(run.choice["at"]) if run.choice.get("at") else None,
        due_at=run.due_at,
        until=clock.instant(run.choice["until"]) if run.choice.get("until") else None,
        ends_at=run.ends_at,
        is_over=_is_over(run.ends_at, run.undone_at),
        open=states.pop("open"),
        counts=states,
        cut_off=cut_off(run),
        rows=[
            Result(product_id=row[1], name=names.get(row[1], ""), state=row[2], text=said.get(row[1], ""))
            for row in shown
        ],
        further=found[PAGE - 1][0] if len(found) > PAGE else None,
    )


def _looked_at(site: Site, run: BulkRun, product_ids: Sequence[int]) -> Mapping[int, str]:
    look = ACTS[run.act].look
    taken = {product_id: one_end(until) for product_id, until in end_in_hand(run, product_ids).items()}
    return {**look(site, product_ids, run.choice), **taken} if look else {}


def _is_over(ends_at: Any, undone_at: Any) -> bool:
    """Whether it ended by itself, and was not undone before; both times, or both in microseconds."""
    return ends_at is not None and undone_at is not None and undone_at >= ends_at


class Past(Struct, frozen=True, kw_only=True):
    """A run in the list of them: what, of how many, by whom and when; `begins_at` and `ends_at` if that is to come."""

    id: int
    act: str
    staff: str
    at: datetime
    begins_at: datetime | None
    ends_at: datetime | None
    is_begun: bool
    is_undone: bool
    is_over: bool
    products: int


def listed(site: Site) -> list[Past]:
    """The runs that are kept: those to come first, then the latest. One statement."""
    found = db.rows(
        "SELECT r.id, r.act, COALESCE(NULLIF(s.name, ''), s.email, ''), r.at, r.due_at, r.begun_at, r.undone_at,"
        " r.ends_at, (SELECT COUNT(*) FROM bulk_row b WHERE b.run_id = r.id) FROM bulk_run r LEFT JOIN staff s"
        f" ON s.id = r.staff_id WHERE r.site_id = ? AND r.act IN ({db.marks(tuple(ACTS))})"
        " ORDER BY CASE WHEN r.begun_at IS NULL AND r.due_at IS NOT NULL THEN 0 ELSE 1 END, r.id DESC LIMIT ?",
        site.id,
        *ACTS,
        PAGE,
    )
    return [
        Past(
            id=row[0],
            act=row[1],
            staff=row[2],
            at=clock.instant(row[3]),
            begins_at=clock.instant(row[4]) if row[4] is not None and row[5] is None else None,
            is_begun=row[5] is not None,
            ends_at=clock.instant(row[7]) if row[7] is not None and row[6] is None else None,
            is_undone=row[6] is not None,
            is_over=_is_over(row[7], row[6]),
            products=row[8],
        )
        for row in found
    ]


def chosen_products(site: Site, chosen: int) -> tuple[int, ...]:
    """The products that somebody chose in the list for an act of a plugin, in their order. Raises NotFound.

    `chosen` is the number that the plugin's view was handed in its address.
    """
    run = find_run(site, chosen)
    if run.act in ACTS:
        raise NotFound
    found = db.rows("SELECT product_id FROM bulk_row WHERE run_id = ? ORDER BY id", run.id)
    return tuple(row[0] for row in found)


def _names(product_ids: Sequence[int], language: str) -> dict[int, str]:
    texts: dict[int, dict[str, str]] = {}
    for product_id, tag, name in db.rows(
        "SELECT product_id, language, name FROM product_text WHERE site_id IS NULL AND product_id IN"
        f" ({db.marks(product_ids)}) ORDER BY id",
        *product_ids,
    ):
        texts.setdefault(product_id, {})[tag] = name
    return {product_id: named(names, language) for product_id, names in texts.items()}
