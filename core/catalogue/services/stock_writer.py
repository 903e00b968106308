"""The one writer of stock: every change of a level is one guarded UPDATE, with its move beside it.

Levels are written in sorted order. So two buyers of the last piece cannot both get it, whatever either has read before,
and no two writers wait for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from core.catalogue.services.availability import refresh_availability
from core.catalogue.services.shapes import LOW_STOCK
from core.catalogue.services.stock_shapes import STATES, LocationClosed, Move, StockPromised
from core.catalogue.services.stock_short import Touched, touch_short
from core.catalogue.services.writing import insert_rows
from core.kernel import db
from core.lib import clock

_FREE = "on_hand + backorder_limit - allocated - held - preordered"
_GUARDED = f"""
UPDATE stock_level SET {", ".join(f"{state} = {state} + ?" for state in STATES)}
WHERE variant_id = ? AND location_id = ?
  AND {" AND ".join(f"{state} + ? >= 0" for state in STATES)}
  AND allocated + held + ? <= on_hand + ? + backorder_limit
  AND preordered + ? <= preorder_cap
  AND {_FREE} + ? >= ? AND preorder_cap - preordered - ? >= ?
  AND on_hand - allocated - held - preordered + ? >= ?
RETURNING {_FREE}, backorder_limit, preorder_cap - preordered, on_hand - allocated - preordered, preordered,
  (SELECT MAX(s.pieces) FROM stock_safety s WHERE s.variant_id = stock_level.variant_id)
"""
_MOVES = ("variant_id", "location_id", "kind", *STATES, "reason", "actor", "reference", "at")
_ANY = -(10**15)


class Moving:
    """The moves of one verb: each level as it is asked, their journal at the end with one statement.

    `reason` is that of all moves that have none of their own.
    """

    def __init__(self, actor: str, reason: str = "") -> None:
        self.actor, self.reason = actor, reason
        self.moves: list[Move] = []
        self.noticed: set[int] = set()
        self.changes: dict[int, int] = {}
        self.short: set[Touched] = set()
        self.late = 0

    def move(self, move: Move, floor: int | None = None, shelf: int | None = None) -> bool:
        """Change one level; False, and nothing changed, if it does not have as much.

        `floor`: of what can still be promised after it, at least this much must be left; `shelf`: of what is there and
        promised to nobody.
        """
        promised = move.allocated + move.held
        change = move.on_hand - promised - move.preordered
        # What was sold ahead may exceed what came, so only new promises look at what is free.
        floors = (_ANY, _ANY) if floor is None else (_ANY, floor) if move.preordered else (floor, _ANY)
        row = db.one(
            _GUARDED, *move.pieces, move.variant_id, move.location_id, *move.pieces, promised, move.on_hand,
            move.preordered, change, floors[0], move.preordered, floors[1], change, _ANY if shelf is None else shelf,
        )  # fmt: skip
        if row is None:
            return False
        self.moves.append(move)
        self.changes[move.variant_id] = self.changes.get(move.variant_id, 0) + change
        free, limit, ahead, kept = row[0], row[1], row[2], int(row[5] or 0)
        self.late = max(0, limit - free)
        # Pages say "available" until few are left, so a sale from plenty changes nothing that anybody sees.
        if (
            min(free, free - change) <= LOW_STOCK + kept
            or (move.preordered and min(ahead, ahead + move.preordered) <= LOW_STOCK + kept)
            or (limit and min(free, free - change) - limit <= LOW_STOCK + kept and max(free, free - change) > limit)
        ):
            self.noticed.add(move.variant_id)
        moved = move.on_hand - move.allocated - move.preordered
        if (move.on_hand or move.allocated or move.preordered) and (min(row[3], row[3] - moved) < 0 or row[4]):
            self.touch(move)
        return True

    def touch(self, move: Move) -> None:
        """Its level is short, or was, or has been handed to another: who waits there is reckoned anew at the end."""
        newcomer = move.reference if move.kind == "allocate" else ""
        self.short.add((move.variant_id, move.location_id, newcomer))

    def finish(self) -> None:
        """Write the journal, and correct the cards whose availability changed."""
        self.write()
        if self.noticed:
            refresh_availability(self.noticed, self.changes)

    def write(self) -> None:
        """Write the journal."""
        touch_short(self.short)
        now = clock.now_us()
        rows = [
            (
                move.variant_id, move.location_id, move.kind, *move.pieces, (move.reason or self.reason)[:200],
                self.actor, move.reference, now,
            )
            for move in self.moves
        ]  # fmt: skip
        insert_rows("stock_move", _MOVES, rows)


def ensure_level(variant_id: int, location_id: int) -> None:
    """An empty level, if there is none yet and the location is open; whoever is closing it comes first or waits."""
    shared = "" if db.is_sqlite() else " FOR SHARE"
    db.execute(
        "INSERT INTO stock_level (variant_id, location_id, on_hand, allocated, held, backorder_limit)"
        f" SELECT CAST(? AS BIGINT), id, 0, 0, 0, 0 FROM location WHERE id = ? AND closed_at IS NULL{shared}"
        " ON CONFLICT (variant_id, location_id) DO NOTHING",
        variant_id,
        location_id,
    )


def has_level(variant_id: int, location_id: int) -> bool:
    """Whether anything is counted there."""
    return bool(db.value("SELECT 1 FROM stock_level WHERE variant_id = ? AND location_id = ?", variant_id, location_id))


def apply_moves(moves: Iterable[Move], actor: str, reason: str = "", *, only_free: bool = False) -> frozenset[int]:
    """Part of a verb: make moves, with empty levels where there are none. Raises StockPromised, LocationClosed.

    `only_free`: what goes off a shelf is promised to nobody, not even beyond what is there.

    Answers the variants whose shown stock changed; the verb must refresh their cards.
    """
    db.require_transaction()
    moving = Moving(actor, reason)
    for move in sorted(moves, key=lambda move: (move.variant_id, move.location_id)):
        ensure_level(move.variant_id, move.location_id)
        if not moving.move(move, shelf=0 if only_free and move.on_hand < 0 else None):
            if not has_level(move.variant_id, move.location_id):
                raise LocationClosed
            raise StockPromised(move.variant_id)
    moving.write()
    return frozenset(moving.noticed)


def stock_of(variant_ids: Sequence[int]) -> dict[int, list[tuple[int, int, int, int, int]]]:
    """Levels per variant, for the panel: (location, on_hand, allocated, held, backorder_limit)."""
    levels: dict[int, list[tuple[int, int, int, int, int]]] = defaultdict(list)
    for row in db.rows(
        "SELECT l.variant_id, l.location_id, l.on_hand, l.allocated, l.held, l.backorder_limit FROM stock_level l"
        f" JOIN location o ON o.id = l.location_id WHERE l.variant_id IN ({db.marks(variant_ids)}) ORDER BY"
        " o.priority, o.id",
        *variant_ids,
    ):
        levels[row[0]].append((row[1], row[2], row[3], row[4], row[5]))
    return dict(levels)
