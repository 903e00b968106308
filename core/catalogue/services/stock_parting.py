"""A variant that goes for good: its pieces go out by a last move at every place, and all its moves stay."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.catalogue.services.stock_shapes import STATES, Move
from core.catalogue.services.stock_writer import Moving
from core.catalogue.services.writing import insert_rows
from core.kernel import db
from core.lib import clock


def part_with(variant_ids: Collection[int], actor: str, *, reason: str = "", reference: str = "") -> None:
    """Part of a verb that deletes these variants next: end their levels, and note what their moves were about."""
    db.require_transaction()
    if not variant_ids:
        return
    ids = sorted(variant_ids)
    marks = db.marks(ids)
    levels = db.rows(
        f"DELETE FROM stock_level WHERE variant_id IN ({marks}) RETURNING variant_id, location_id, {', '.join(STATES)}",
        *ids,
    )
    moving = Moving(actor, reason)
    moving.moves = [
        Move(variant_id=variant_id, location_id=location_id, kind="remove", reference=reference, **_taken(pieces))  # type: ignore[arg-type]  # the states are the names of its fields
        for variant_id, location_id, *pieces in sorted(levels)
        if any(pieces)
    ]
    for move in moving.moves:
        moving.touch(move)
    moving.write()
    former = db.rows(f"SELECT id, sku FROM variant WHERE id IN ({marks}) ORDER BY id", *ids)
    insert_rows("former_variant", ("variant_id", "sku", "gone_at"), [(*row, clock.now_us()) for row in former])


def _taken(pieces: Sequence[int]) -> dict[str, int]:
    return {state: -int(n) for state, n in zip(STATES, pieces, strict=True)}
