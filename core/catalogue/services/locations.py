"""The places that goods ship from: add one, name it, put them in order, close one, open it again.

Whoever knows how many there are asks under the tag `locations`, which each verb here touches.
"""

from __future__ import annotations

import re

from msgspec import Struct

from core.catalogue.services.stock import STATES, UNLIMITED
from core.catalogue.services.writing import insert
from core.kernel import activity, cache, db
from core.kernel.repeats import claim
from core.lib import clock
from core.lib.errors import NotFound, Refused, Unfit

_CODE = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\Z")
_EMPTY = " AND ".join(f"{state} = 0" for state in STATES)
_TERMS = "(backorder_limit > 0 OR preorder_cap > 0)"


class HoldsStock(Refused):
    """A place is closed when nothing of the stock is left there."""

    code = "holds_stock"
    default_message = (
        "%(name)s still has stock: pieces there, promised, put aside or on order. Correct their counts first, or ship"
        " what is promised."
    )


class StockBusy(Refused):
    """Somebody else moves stock that this is about; nobody waits for it, so that nobody waits in a circle."""

    code = "stock_busy"
    default_message = "Somebody is changing stock just now. Try again."


class LastLocation(Refused):
    """Goods must come from somewhere."""

    code = "last_location"
    default_message = "%(name)s is the only place that goods come from. Add another one first."


class ClosedAlready(Refused):
    """Somebody else was quicker."""

    code = "location_closed_already"
    default_message = "%(name)s is closed already."


class OpenAlready(Refused):
    """Somebody else was quicker."""

    code = "location_open_already"
    default_message = "%(name)s is open already."


class LocationStock(Struct, frozen=True, kw_only=True):
    """A place with the sums of all its levels, and how many variants are counted there."""

    id: int
    code: str
    name: str
    country: str
    postcode: str
    is_open: bool
    variants: int
    on_hand: int
    promised: int
    beside: int


def all_locations() -> list[LocationStock]:
    """Every place with its sums, the first to ship from first, closed ones last. One statement.

    `promised` counts what is held and sold ahead too; `beside` what is damaged, looked at or on order.
    """
    found = db.rows(
        "SELECT o.id, o.code, o.name, o.country, o.postcode, o.closed_at, COUNT(l.variant_id), SUM(l.on_hand),"
        " SUM(l.allocated + l.held + l.preordered), SUM(l.damaged + l.quality + l.incoming) FROM location o"
        " LEFT JOIN stock_level l ON l.location_id = o.id GROUP BY o.id, o.code, o.name, o.country, o.postcode,"
        " o.closed_at, o.priority ORDER BY CASE WHEN o.closed_at IS NULL THEN 0 ELSE 1 END, o.priority, o.id"
    )
    return [
        LocationStock(
            id=row[0], code=row[1], name=row[2], country=row[3], postcode=row[4], is_open=row[5] is None,
            variants=row[6], on_hand=int(row[7] or 0), promised=int(row[8] or 0), beside=int(row[9] or 0),
        )
        for row in found
    ]  # fmt: skip


def add_location(code: str, name: str, priority: int | None, country: str, actor: str, *, postcode: str = "") -> int:
    """A further place to ship from, behind the others if no `priority` is given. Answers its id. Raises Unfit."""
    with db.transaction():
        errors = _unfit(name)
        if not _CODE.match(code):
            errors["code"] = "Write small letters, digits and hyphens."
        elif db.value("SELECT 1 FROM location WHERE code = ?", code) is not None:
            errors["code"] = "Another location has this code."
        if errors:
            raise Unfit(errors)
        if priority is None:
            priority = _behind()
        after = {
            "code": code, "name": name, "priority": priority, "country": country, "postcode": _postcode(postcode),
        }  # fmt: skip
        location_id = insert("location", after)
        _record(actor, "location.added", location_id, name, after=after)
        return location_id


def edit_location(location_id: int, name: str, country: str, actor: str, *, postcode: str = "") -> None:
    """Name a place, and say where it is. Raises NotFound, Unfit. Commits."""
    postcode = _postcode(postcode)
    with db.transaction():
        if errors := _unfit(name):
            raise Unfit(errors)
        before = db.one("SELECT name, country, postcode FROM location WHERE id = ?", location_id)
        if before is None:
            raise NotFound
        if (name, country, postcode) == tuple(before):
            return
        db.execute(
            "UPDATE location SET name = ?, country = ?, postcode = ? WHERE id = ?", name, country, postcode, location_id
        )
        _record(
            actor, "location.changed", location_id, name,
            before={"name": before[0], "country": before[1], "postcode": before[2]},
            after={"name": name, "country": country, "postcode": postcode},
        )  # fmt: skip


def move_location(location_id: int, *, up: bool, actor: str, key: str = "") -> None:
    """One place earlier or later in the order in which goods are taken. Commits.

    Raises NotFound, ClosedAlready, StockBusy, DoneBefore.
    """
    with db.transaction():
        claim(key)
        order, name = _lock_open(), _name(location_id)
        if location_id not in order:
            raise ClosedAlready(name=name)
        at = order.index(location_id)
        to = at - 1 if up else at + 1
        if not 0 <= to < len(order):
            return
        first = order[0]
        order[at], order[to] = order[to], order[at]
        for priority, one in enumerate(order):
            db.execute("UPDATE location SET priority = ? WHERE id = ? AND priority <> ?", priority, one, priority)
        if order[0] != first:
            _carry_terms(first, order[0])
        _record(
            actor, "location.ordered", location_id, name, before={"place": at + 1}, after={"place": to + 1}
        )  # fmt: skip


def close_location(location_id: int, actor: str) -> None:
    """Nothing comes from here any more; its moves stay.

    Raises NotFound, ClosedAlready, HoldsStock, LastLocation, StockBusy.
    Whoever brings goods here at the same moment comes before it, and it is refused, or after it, and they are.
    """
    with db.transaction():
        order, name = _lock_open(), _name(location_id)
        if location_id not in order:
            raise ClosedAlready(name=name)
        if len(order) == 1:
            raise LastLocation(name=name)
        _lock_levels("location_id = ?", location_id)
        if db.value(f"SELECT 1 FROM stock_level WHERE location_id = ? AND NOT ({_EMPTY}) LIMIT 1", location_id):
            raise HoldsStock(name=name)
        _carry_terms(location_id, next(one for one in order if one != location_id))
        db.execute(f"DELETE FROM stock_level WHERE location_id = ? AND {_EMPTY}", location_id)
        if db.value("SELECT 1 FROM stock_level WHERE location_id = ? LIMIT 1", location_id):
            raise HoldsStock(name=name)
        db.execute("UPDATE location SET closed_at = ? WHERE id = ?", clock.now_us(), location_id)
        _record(actor, "location.closed", location_id, name)


def open_location(location_id: int, actor: str, *, as_before: bool = False) -> None:
    """Ship from a closed place again, behind the others, or `as_before` it was closed. Commits.

    Raises NotFound, OpenAlready, StockBusy.
    """
    with db.transaction():
        order, name = _lock_open(), _name(location_id)
        if location_id in order:
            raise OpenAlready(name=name)
        db.execute("UPDATE location SET closed_at = NULL WHERE id = ?", location_id)
        if not as_before:
            db.execute("UPDATE location SET priority = ? WHERE id = ?", _behind(), location_id)
        elif (first := _lock_open()[0]) != order[0]:
            _carry_terms(order[0], first)
        _record(actor, "location.opened", location_id, name)


def _name(location_id: int) -> str:
    name = db.value("SELECT name FROM location WHERE id = ?", location_id)
    if name is None:
        raise NotFound
    return str(name)


def _postcode(text: str) -> str:
    return " ".join(text.upper().split())[:20]


def _unfit(name: str) -> dict[str, str]:
    return {} if name and len(name) <= 120 else {"name": "Write a name of at most 120 letters."}


def _behind() -> int:
    return int(db.value("SELECT MAX(priority) FROM location")) + 1


def _lock_open() -> list[int]:
    """The open places in their order; until the commit nobody else adds a level to any of them.

    Orders go on: whoever only names a place in a move does not wait.
    """
    if not db.is_sqlite():
        db.rows("SELECT id FROM location ORDER BY id FOR NO KEY UPDATE")
    return [row[0] for row in db.rows("SELECT id FROM location WHERE closed_at IS NULL ORDER BY priority, id")]


def _lock_levels(where: str, *params: object) -> None:
    """Nobody else moves these until the commit. Raises StockBusy instead of waiting."""
    if db.is_sqlite():
        return
    there = int(db.value(f"SELECT COUNT(*) FROM stock_level WHERE {where}", *params))
    if len(db.rows(f"SELECT variant_id FROM stock_level WHERE {where} FOR UPDATE SKIP LOCKED", *params)) < there:
        raise StockBusy


def _carry_terms(came_from: int, goes_to: int) -> None:
    """What may be ordered beyond the stock is said of the first place, so it goes along to the new first one.

    What is promised beyond it already stays where it is promised, so in all as much may be ordered as before.
    """
    _lock_levels(
        "location_id IN (?, ?) AND variant_id IN"
        f" (SELECT variant_id FROM stock_level WHERE location_id = ? AND {_TERMS})",
        came_from, goes_to, came_from,
    )  # fmt: skip
    used = "CASE WHEN allocated + held > on_hand THEN allocated + held - on_hand ELSE 0 END"
    db.execute(
        "INSERT INTO stock_level (variant_id, location_id, on_hand, allocated, held, backorder_limit, preorder_cap)"
        f" SELECT variant_id, CAST(? AS BIGINT), 0, 0, 0, CASE WHEN backorder_limit >= {UNLIMITED} THEN {UNLIMITED}"
        f" ELSE backorder_limit - {used} END, preorder_cap - preordered FROM stock_level"
        f" WHERE location_id = ? AND {_TERMS} ON CONFLICT (variant_id, location_id) DO UPDATE SET"
        f" backorder_limit = CASE WHEN stock_level.backorder_limit + excluded.backorder_limit >= {UNLIMITED}"
        f" THEN {UNLIMITED} ELSE stock_level.backorder_limit + excluded.backorder_limit END,"
        " preorder_cap = stock_level.preorder_cap + excluded.preorder_cap",
        goes_to, came_from,
    )  # fmt: skip
    db.execute(
        f"UPDATE stock_level SET backorder_limit = {used}, preorder_cap = preordered"
        f" WHERE location_id = ? AND {_TERMS}",
        came_from,
    )


def _record(
    actor: str,
    verb: str,
    location_id: int,
    name: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """One line in the activity log; what is known of the places is read anew."""
    activity.record(actor, verb, f"location:{location_id}", title=name, before=before, after=after)
    cache.touch("locations")
