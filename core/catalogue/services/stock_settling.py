"""What became of a promise: given back, handed over to another order, or sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from core.catalogue.services.stock_shapes import Allocation, Move, NotPromisedThere, NotReleased, OutOfStock
from core.catalogue.services.stock_writer import Moving
from core.kernel import db
from core.lib import clock


def release(needs: Mapping[int, int], reference: str, actor: str, reason: str = "") -> list[Allocation]:
    """Give promised pieces back: at most what `reference` still has. Answers what was given back."""
    return _settle(needs, reference, actor, reason, kind="release", allocated=-1)


def hand_over(needs: Mapping[int, int], reference: str, to: str, actor: str, reason: str = "") -> list[Allocation]:
    """Promised pieces are promised to `to` from now on: at most what `reference` still has. No level changes.

    But who waits at a short level is worked out at the end of the transaction, with the level held still. So it is held
    from here on: whoever takes pieces holds levels before anything else that others wait for, too.
    """
    db.require_transaction()
    done = parts_of(needs, last_first(allocated_to(reference)))
    if not db.is_sqlite():
        for level in sorted({(part.variant_id, part.location_id) for part in done}):
            db.rows("SELECT 1 FROM stock_level WHERE variant_id = ? AND location_id = ? FOR UPDATE", *level)
    moving = Moving(actor, reason)
    for part in done:
        moving.moves.append(settling(part, "release", reference, allocated=-1))
        moving.moves.append(settling(part, "allocate", to, allocated=1))
        moving.touch(moving.moves[-2])
    moving.write()
    return done


def ship(
    needs: Mapping[int, int], reference: str, actor: str, reason: str = "", *, at: int | None = None
) -> list[Allocation]:
    """Promised pieces leave the house: from `at` alone, or wherever they were promised, by the places' ids.

    Raises OutOfStock where they are not there yet (a backorder), NotPromisedThere, NotReleased.
    """
    return _settle(needs, reference, actor, reason, kind="ship", allocated=-1, on_hand=-1, at=at)


def _settle(
    needs: Mapping[int, int],
    reference: str,
    actor: str,
    reason: str,
    *,
    kind: str,
    on_hand: int = 0,
    allocated: int = 0,
    at: int | None = None,
) -> list[Allocation]:
    db.require_transaction()
    has = allocated_to(reference)
    if at is not None:
        has = _promised_there(needs, has, at)
    moving = Moving(actor, reason)
    done = parts_of(needs, has if on_hand else last_first(has))
    if on_hand:
        _check_released([part.variant_id for part in done if part.ahead])
    for part in sorted(done, key=lambda part: (part.variant_id, part.location_id)):
        if not moving.move(settling(part, kind, reference, allocated=allocated, on_hand=on_hand)):
            raise OutOfStock(part.variant_id, part.quantity, 0)
    moving.finish()
    return done


def _promised_there(needs: Mapping[int, int], has: Sequence[Allocation], at: int) -> list[Allocation]:
    """What was promised at a place; all that is needed of what is counted must be among it."""
    there = [part for part in has if part.location_id == at]
    for variant_id in {part.variant_id for part in has}:
        can_leave = sum(part.quantity for part in there if part.variant_id == variant_id)
        if can_leave < needs.get(variant_id, 0):
            sku = db.value("SELECT sku FROM variant WHERE id = ?", variant_id)
            raise NotPromisedThere(sku=sku, available=can_leave)
    return there


def settling(part: Allocation, kind: str, reference: str, *, allocated: int, on_hand: int = 0) -> Move:
    n = part.quantity
    return Move(
        variant_id=part.variant_id, location_id=part.location_id, kind=kind, reference=reference, on_hand=on_hand * n,
        allocated=0 if part.ahead else allocated * n, preordered=allocated * n if part.ahead else 0,
    )  # fmt: skip


def _check_released(variant_ids: Sequence[int]) -> None:
    if not variant_ids:
        return
    waits = db.one(
        f"SELECT sku, release_at FROM variant WHERE id IN ({db.marks(variant_ids)}) AND release_at > ?",
        *variant_ids,
        clock.now_us(),
    )
    if waits:
        raise NotReleased(sku=waits[0], day=clock.instant(waits[1]).date().isoformat())


def last_first(has: Sequence[Allocation]) -> list[Allocation]:
    """What was sold ahead is given back before what could leave now."""
    return sorted(has, key=lambda part: not part.ahead)


def parts_of(needs: Mapping[int, int], has: Iterable[Allocation]) -> list[Allocation]:
    left = dict(needs)
    parts: list[Allocation] = []
    for allocation in has:
        quantity = min(allocation.quantity, left.get(allocation.variant_id, 0))
        if quantity > 0:
            left[allocation.variant_id] -= quantity
            parts.append(replace(allocation, quantity=quantity))
    return parts


def allocated_to(reference: str) -> list[Allocation]:
    """What `reference` is promised and has not shipped, by its moves, in the order of variants and locations."""
    found = db.rows(
        "SELECT variant_id, location_id, SUM(allocated), SUM(preordered) FROM stock_move WHERE reference = ?"
        " GROUP BY variant_id, location_id HAVING SUM(allocated) > 0 OR SUM(preordered) > 0"
        " ORDER BY variant_id, location_id",
        reference,
    )
    return [
        Allocation(row[0], row[1], int(pieces), ahead=is_ahead)
        for row in found
        for pieces, is_ahead in ((row[2], False), (row[3], True))
        if pieces > 0
    ]
