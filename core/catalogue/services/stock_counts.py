"""What staff do to stock.

Correct it, count it, receive it, say how much may be ordered beyond it. Each is a verb of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.catalogue.services.availability import refresh_availability, tell_stock_changed
from core.catalogue.services.stock import STATES, Move, StockPromised, apply_moves, ensure_level
from core.kernel import activity, db
from core.kernel.repeats import claim
from core.lib.errors import NotFound, Unfit


def adjust_stock(variant_id: int, location_id: int, delta: int, reason: str, actor: str, *, key: str = "") -> int:
    """Add `delta` pieces (or take them away) and answer how many are there now. Raises StockPromised, DoneBefore."""
    with db.transaction():
        claim(key)
        return _move(variant_id, location_id, delta, "adjust", reason, actor)


def count_stock(variant_id: int, location_id: int, counted: int, reason: str, actor: str, *, key: str = "") -> int:
    """Someone counted: there are `counted`. Answers the difference to what was thought.

    Raises StockPromised, DoneBefore. Commits.
    """
    with db.transaction():
        claim(key)
        difference = counted - _on_hand(variant_id, location_id)
        if difference:
            _move(variant_id, location_id, difference, "count", reason, actor)
        return difference


def receive_stock(needs: Mapping[int, int], location_id: int, reference: str, actor: str) -> None:
    """A delivery came in: variant ids to pieces."""
    with db.transaction():
        for variant_id, quantity in sorted(needs.items()):
            _move(variant_id, location_id, quantity, "receive", "", actor, reference)


def sort_stock(
    variant_id: int,
    location_id: int,
    pieces: int,
    came_from: str,
    goes_to: str,
    reason: str,
    actor: str,
    *,
    key: str = "",
) -> None:
    """Move pieces from one state to another: on_hand, damaged, quality, or out of the house (`gone`). Commits.

    One guarded statement; raises StockPromised where there are not as many, or some are promised, DoneBefore.
    """
    if pieces <= 0 or came_from == goes_to or not {came_from, goes_to} <= {"on_hand", "damaged", "quality", "gone"}:
        raise Unfit({"pieces": "Choose two different states and at least one piece."})
    changes = {came_from: -pieces, goes_to: pieces}
    changes.pop("gone", None)
    with db.transaction():
        claim(key)
        _apply(Move(variant_id=variant_id, location_id=location_id, kind="sort", reason=reason, **changes), actor)  # type: ignore[arg-type]  # the states are the names of its fields


def expect_stock(variant_id: int, location_id: int, pieces: int, reference: str, actor: str, *, key: str = "") -> None:
    """Pieces are on order with a supplier (or no longer, below zero). They cannot be sold yet. Commits.

    Raises DoneBefore.
    """
    with db.transaction():
        claim(key)
        _apply(
            Move(variant_id=variant_id, location_id=location_id, kind="expect", incoming=pieces, reference=reference),
            actor,
        )


def take_delivery(variant_id: int, location_id: int, pieces: int, reference: str, actor: str, *, key: str = "") -> None:
    """Expected pieces came in. Raises StockPromised where fewer were expected, DoneBefore. Commits."""
    with db.transaction():
        claim(key)
        move = Move(
            variant_id=variant_id, location_id=location_id, kind="receive", on_hand=pieces, incoming=-pieces,
            reference=reference,
        )  # fmt: skip
        _apply(move, actor)


def _apply(move: Move, actor: str) -> None:
    """One move of a verb with its card and its line in the activity log. Raises NotFound, StockPromised."""
    sku = db.value("SELECT sku FROM variant WHERE id = ?", move.variant_id)
    if sku is None:
        raise NotFound
    noticed = apply_moves([move], actor)
    if noticed:
        refresh_availability(noticed)
    after = {state: pieces for state, pieces in zip(STATES, move.pieces, strict=True) if pieces}
    activity.record(actor, f"stock.{move.kind}", f"variant:{move.variant_id}", title=sku, after=after)
    tell_stock_changed([move.variant_id])


def set_backorder_limit(variant_id: int, location_id: int, limit: int, actor: str) -> None:
    """How many more than are there may be ordered.

    `stock.UNLIMITED` for as many as people want. Raises StockPromised.
    """
    with db.transaction():
        if change_backorder_limit(variant_id, location_id, limit):
            refresh_availability([variant_id])
            activity.record(actor, "stock.backorders", f"variant:{variant_id}", after={"backorder_limit": limit})
            tell_stock_changed([variant_id])


def change_backorder_limit(variant_id: int, location_id: int, limit: int) -> bool:
    """Part of a verb, which must refresh the cards: set the limit; False if it was so already."""
    ensure_level(variant_id, location_id)
    before = db.value(
        "SELECT backorder_limit FROM stock_level WHERE variant_id = ? AND location_id = ?", variant_id, location_id
    )
    if before == limit:
        return False
    if not db.execute(
        "UPDATE stock_level SET backorder_limit = ? WHERE variant_id = ? AND location_id = ? AND allocated + held <="
        " on_hand + ?",
        limit,
        variant_id,
        location_id,
        limit,
    ):
        raise StockPromised(variant_id)
    return True


def count_moves(
    counted: Mapping[int, int], location_id: int, *, fresh: bool = False, reference: str = ""
) -> list[Move]:
    """Part of a verb: the moves that bring variants to these counts; none for those that are right.

    `fresh`: these variants are new, so that nothing of them has been counted.
    """
    known: dict[int, int] = (
        {}
        if fresh
        else dict(
            db.rows(
                f"SELECT variant_id, on_hand FROM stock_level WHERE location_id = ? AND variant_id IN"
                f" ({db.marks(tuple(counted))}){_for_update()}",
                location_id,
                *counted,
            )
        )
    )
    return [
        Move(
            variant_id=variant_id, location_id=location_id, kind="count", on_hand=number - known.get(variant_id, 0),
            reference=reference,
        )
        for variant_id, number in sorted(counted.items())
        if number != known.get(variant_id, 0)
    ]  # fmt: skip


def first_location() -> int:
    """The preferred place to ship from; there is always one that is open."""
    return int(db.value("SELECT id FROM location WHERE closed_at IS NULL ORDER BY priority, id LIMIT 1"))


def _move(
    variant_id: int, location_id: int, delta: int, kind: str, reason: str, actor: str, reference: str = ""
) -> int:
    sku = db.value("SELECT sku FROM variant WHERE id = ?", variant_id)
    if sku is None:
        raise NotFound
    before = _on_hand(variant_id, location_id)
    move = Move(
        variant_id=variant_id, location_id=location_id, kind=kind, on_hand=delta, reason=reason, reference=reference
    )
    noticed = apply_moves([move], actor)
    if noticed:
        refresh_availability(noticed)
    after = _on_hand(variant_id, location_id)
    activity.record(
        actor,
        f"stock.{kind}",
        f"variant:{variant_id}",
        title=sku,
        before={"on_hand": before},
        after={"on_hand": after, "reason": reason},
    )
    tell_stock_changed([variant_id])
    return after


def _on_hand(variant_id: int, location_id: int) -> int:
    """How many are there, held still on PostgreSQL until the verb ends, so that a difference stays true."""
    found = db.value(
        f"SELECT on_hand FROM stock_level WHERE variant_id = ? AND location_id = ?{_for_update()}",
        variant_id,
        location_id,
    )
    return int(found or 0)


def _for_update() -> str:
    return "" if db.is_sqlite() else " FOR UPDATE"
