"""Holds: pieces that wait for a cart until an instant, and go back once to whoever ends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from core.catalogue.services.stock_shapes import Allocation, Move, OutOfStock
from core.catalogue.services.stock_writer import Moving
from core.kernel import db
from core.lib import clock


def cart_reference(cart_id: int) -> str:
    """What a cart's holds are for."""
    return f"cart:{cart_id}"


def draft_reference(draft_id: int) -> str:
    """What the holds of a draft of staff are for."""
    return f"draft:{draft_id}"


def case_reference(case_id: int) -> str:
    """What the holds of an exchange are for."""
    return f"case:{case_id}"


def unhold(reference: str, actor: str) -> None:
    """End all holds of `reference`."""
    db.require_transaction()
    _unhold(_delete_holds("reference = ?", reference), actor)


def end_holds(actor: str = "system", limit: int = 500) -> int:
    """Give back what was held until now, a batch; answers how many holds ended.

    Nobody waits for it: every promise does so for its own variants.
    """
    db.require_transaction()
    ended = _delete_holds(
        "id IN (SELECT id FROM stock_hold WHERE until <= ? ORDER BY id LIMIT ?)", clock.now_us(), limit
    )
    _unhold(ended, actor)
    return len(ended)


def held_for(reference: str) -> list[Allocation]:
    """What is held for `reference` now, in the order of variants and locations."""
    return [
        Allocation(row[0], row[1], int(row[2]))
        for row in db.rows(
            "SELECT variant_id, location_id, SUM(pieces) FROM stock_hold WHERE reference = ? AND until > ?"
            " GROUP BY variant_id, location_id ORDER BY variant_id, location_id",
            reference,
            clock.now_us(),
        )
    ]


def held_until(reference: str) -> datetime | None:
    """Until when anything is held for `reference`; None if nothing is now. One statement."""
    until = db.value("SELECT MIN(until) FROM stock_hold WHERE reference = ? AND until > ?", reference, clock.now_us())
    return None if until is None else clock.instant(until)


_Hold = tuple[int, int, int, str]  # variant, location, pieces, reference


def _delete_holds(where: str, *params: object) -> list[_Hold]:
    """Delete rows, in one order for all who do, and answer them: whoever deletes a row gives its pieces back."""
    locked = "" if db.is_sqlite() else " FOR UPDATE"
    rows = db.rows(
        f"DELETE FROM stock_hold WHERE id IN (SELECT id FROM stock_hold WHERE {where} ORDER BY id{locked})"
        " RETURNING variant_id, location_id, pieces, reference",
        *params,
    )
    return [(row[0], row[1], int(row[2]), row[3]) for row in rows]


def end_holds_of(variant_ids: Sequence[int], cart: str) -> dict[int, dict[int, int]]:
    """End the holds of these variants whose time is over, and all of `cart`: pieces per variant and location.

    Before any level is locked, so that nobody waits in a circle.
    """
    ended = _delete_holds(
        f"(until <= ? AND variant_id IN ({db.marks(variant_ids)})) OR reference = ?",
        clock.now_us(), *variant_ids, cart or None,
    )  # fmt: skip
    given: dict[int, dict[int, int]] = defaultdict(dict)
    for variant_id, location_id, pieces, _reference in ended:
        given[variant_id][location_id] = given[variant_id].get(location_id, 0) + pieces
    return dict(given)


def _unhold(ended: Iterable[_Hold], actor: str) -> None:
    moving = Moving(actor)
    for variant_id, location_id, pieces, reference in sorted(ended):
        move = Move(
            variant_id=variant_id, location_id=location_id, kind="unhold", held=-pieces, reference=reference
        )  # fmt: skip
        if not moving.move(move):
            raise OutOfStock(variant_id, pieces, 0)
    moving.finish()
