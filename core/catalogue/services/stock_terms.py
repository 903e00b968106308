"""On which terms a variant is sold beyond what is there: backorders, before its release, less what a site keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import asdict

from core.catalogue.services.availability import refresh_availability, tell_stock_changed
from core.catalogue.services.cards import postpone_cards
from core.catalogue.services.stock import StockPromised, ensure_level
from core.catalogue.services.stock_counts import change_backorder_limit, first_location
from core.catalogue.services.stock_short import touch_short
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.lib import clock
from core.lib.errors import NotFound, Unfit

_MOST = 10**9


class StockTerms(Struct, frozen=True, kw_only=True):
    """`backorder_limit` pieces more than are there may be ordered; they leave from `promised_at` on.

    Before `release_at` the variant is sold ahead, at most `preorder_cap` pieces of it, and nothing leaves. `safety`
    pieces are not sold by the site that is asked for. Limit and cap are those of the first location.
    """

    backorder_limit: int = 0
    promised_at: datetime | None = None
    release_at: datetime | None = None
    preorder_cap: int = 0
    preordered: int = 0
    safety: int = 0


def stock_terms(site: Site, variant_ids: Sequence[int]) -> dict[int, StockTerms]:
    """The terms of variants on a site. One statement."""
    found = db.rows(
        "SELECT v.id, v.promised_at, v.release_at, COALESCE(l.backorder_limit, 0), COALESCE(l.preorder_cap, 0),"
        " COALESCE(l.preordered, 0), COALESCE(s.pieces, 0) FROM variant v"
        " LEFT JOIN stock_level l ON l.variant_id = v.id"
        " AND l.location_id = (SELECT id FROM location WHERE closed_at IS NULL ORDER BY priority, id LIMIT 1)"
        f" LEFT JOIN stock_safety s ON s.variant_id = v.id AND s.site_id = ? WHERE v.id IN ({db.marks(variant_ids)})",
        site.id,
        *variant_ids,
    )
    return {
        row[0]: StockTerms(
            promised_at=None if row[1] is None else clock.instant(row[1]),
            release_at=None if row[2] is None else clock.instant(row[2]),
            backorder_limit=row[3],
            preorder_cap=row[4],
            preordered=row[5],
            safety=row[6],
        )
        for row in found
    }


def set_stock_terms(site: Site, variant_id: int, terms: StockTerms, actor: str) -> None:
    """Store them: for every site, but `safety`, which is of this one. `preordered` is not among what is stored.

    A variant with any of them is counted from here on. Raises Unfit, NotFound, and StockPromised where more is promised
    by now. Commits.
    """
    _check(terms)
    with db.transaction():
        before = stock_terms(site, [variant_id]).get(variant_id)
        if before is None:
            raise NotFound
        if terms == before:
            return
        location_id = first_location()
        change_backorder_limit(variant_id, location_id, terms.backorder_limit)
        if not db.execute(
            "UPDATE stock_level SET preorder_cap = ? WHERE variant_id = ? AND location_id = ? AND preordered <= ?",
            terms.preorder_cap, variant_id, location_id, terms.preorder_cap,
        ):  # fmt: skip
            raise StockPromised(variant_id)
        db.execute(
            "UPDATE variant SET promised_at = ?, release_at = ?, tracked = ? WHERE id = ?",
            _micros(terms.promised_at), _micros(terms.release_at), True, variant_id,
        )  # fmt: skip
        _keep_back(site, variant_id, terms.safety)
        if terms.release_at != before.release_at:
            places = db.rows("SELECT location_id FROM stock_level WHERE variant_id = ? AND preordered > 0", variant_id)
            touch_short((variant_id, row[0], "") for row in places)
        _tell(site, variant_id, before, terms, actor)


def _check(terms: StockTerms) -> None:
    wrong = {
        name: "Write a whole number of 0 or more."
        for name in ("backorder_limit", "preorder_cap", "safety")
        if not 0 <= getattr(terms, name) <= _MOST
    }
    if wrong:
        raise Unfit(wrong)


def _keep_back(site: Site, variant_id: int, pieces: int) -> None:
    ensure_level(variant_id, first_location())
    db.execute("DELETE FROM stock_safety WHERE site_id = ? AND variant_id = ?", site.id, variant_id)
    if pieces:
        db.execute(
            "INSERT INTO stock_safety (site_id, variant_id, pieces) VALUES (?, ?, ?)", site.id, variant_id, pieces
        )


def _tell(site: Site, variant_id: int, before: StockTerms, after: StockTerms, actor: str) -> None:
    product_id, sku = db.rows("SELECT product_id, sku FROM variant WHERE id = ?", variant_id)[0]
    refresh_availability([variant_id])
    postpone_cards([product_id])  # They wake up at the release.
    tell_stock_changed([variant_id])
    old, new = _said(before), _said(after)
    activity.record(
        actor, "stock.terms", f"variant:{variant_id}", title=sku, site_id=site.id,
        before={name: value for name, value in old.items() if value != new[name]},
        after={name: value for name, value in new.items() if value != old[name]},
    )  # fmt: skip


def _said(terms: StockTerms) -> dict[str, object]:
    """For the activity log; `preordered` is no term."""
    values = {name: value for name, value in asdict(terms).items() if name != "preordered"}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _micros(at: datetime | None) -> int | None:
    return None if at is None else clock.micros(at)
