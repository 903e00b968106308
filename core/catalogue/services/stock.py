"""Stock in the transaction of an order, a return or an import: promise, give back, ship, receive, hold.

Every change of a level is the one guarded UPDATE below, in sorted order, with its move beside it. So two buyers of
the last
piece cannot both get it, whatever either has read before, and no two writers wait for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.catalogue.services.availability import refresh_availability
from core.catalogue.services.shapes import LOW_STOCK
from core.catalogue.services.writing import insert_rows
from core.kernel import db
from core.lib import clock
from core.lib.errors import Refused

STATES = ("on_hand", "allocated", "held", "damaged", "quality", "incoming")
UNLIMITED = 10**9  # The backorder limit of a variant that may always be ordered.


class OutOfStock(Refused):
    """Fewer than `wanted` pieces of the variant can be had."""

    code = "out_of_stock"
    default_message = "Only %(available)s of %(sku)s can be had now."

    def __init__(self, variant_id: int, wanted: int, available: int, sku: str = "") -> None:
        super().__init__(
            "" if available > 0 else "%(sku)s is sold out.", wanted=wanted, available=available, sku=sku or variant_id
        )
        self.variant_id, self.wanted, self.available = variant_id, wanted, available


class StockPromised(Refused):
    """A level cannot fall below what is promised to orders and held for carts."""

    code = "stock_promised"
    default_message = "Some of it is promised to orders. Cancel or ship those first."

    def __init__(self, variant_id: int) -> None:
        super().__init__(field="stock")
        self.variant_id = variant_id


@dataclass(frozen=True, slots=True)
class Allocation:
    """Pieces of a variant at a location, promised, held, or moved."""

    variant_id: int
    location_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of a level; `reference` is what it is for, such as `order:12`."""

    variant_id: int
    location_id: int
    kind: str
    on_hand: int = 0
    allocated: int = 0
    held: int = 0
    damaged: int = 0
    quality: int = 0
    incoming: int = 0
    reason: str = ""
    reference: str = ""

    @property
    def pieces(self) -> tuple[int, ...]:
        """Its differences, in the order of `STATES`."""
        return (self.on_hand, self.allocated, self.held, self.damaged, self.quality, self.incoming)


# -- promising ---------------------------------------------------------------------------------------------------------


def allocate(
    needs: Mapping[int, int], reference: str, actor: str, wanted: Mapping[int, Mapping[int, int]] | None = None
) -> list[Allocation]:
    """Promise pieces (variant id to quantity) to `reference`; variants that are not counted are passed over.

    Takes from one location if one has all, by priority, and splits only if none has. Raises OutOfStock: nothing is
    promised
    then, since the caller's transaction ends. `wanted` says which locations give how much of a variant; where that
    cannot be had (any more), the rule above takes its place.
    """
    return _promise(needs, "allocate", reference, actor, wanted or {})


def hold(needs: Mapping[int, int], reference: str, actor: str) -> list[Allocation]:
    """Like `allocate`, but held for a while: for a cart at the till. Ends with `unhold` or `allocate_held`."""
    return _promise(needs, "hold", reference, actor, {})


def _promise(
    needs: Mapping[int, int], kind: str, reference: str, actor: str, wanted: Mapping[int, Mapping[int, int]]
) -> list[Allocation]:
    db.require_transaction()
    if any(quantity <= 0 for quantity in needs.values()):
        raise ValueError("a quantity is at least 1")
    moving = _Moving(actor)
    places = _places(sorted(needs))
    for variant_id in sorted(needs):
        found = places.get(variant_id)
        if found is not None and (plan := wanted.get(variant_id)):
            found = _preferring(plan, found, needs[variant_id])
        _promise_one(moving, variant_id, needs[variant_id], found, kind, reference)
    moving.finish()
    return [Allocation(move.variant_id, move.location_id, move.allocated + move.held) for move in moving.moves]


def _promise_one(
    moving: _Moving, variant_id: int, wanted: int, found: _Places | None, kind: str, reference: str
) -> None:
    """Take `wanted` pieces.

    A guard that fails was beaten by another writer since the reading, so what is there is read again.
    """
    left = wanted
    while left:
        if found is None:
            raise OutOfStock(variant_id, wanted, 0)
        if not found.tracked:
            return
        plan = _plan(left, found.free)
        if plan is None:
            raise OutOfStock(variant_id, wanted, wanted - left + sum(found.free.values()), found.sku)
        for location_id, quantity in sorted(plan.items()):
            allocated, held = (quantity, 0) if kind == "allocate" else (0, quantity)
            move = Move(
                variant_id=variant_id,
                location_id=location_id,
                kind=kind,
                allocated=allocated,
                held=held,
                reference=reference,
            )
            if moving.move(move):
                left -= quantity
        if left:
            found = _places([variant_id]).get(variant_id)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a variant is: free pieces per location, the preferred location first."""

    sku: str
    tracked: bool
    free: dict[int, int]


def _places(variant_ids: Sequence[int]) -> dict[int, _Places]:
    found: dict[int, _Places] = {}
    for variant_id, sku, tracked, location_id, free in db.rows(
        "SELECT v.id, v.sku, v.tracked, l.location_id, l.on_hand + l.backorder_limit - l.allocated - l.held FROM"
        " variant v"
        " LEFT JOIN stock_level l ON l.variant_id = v.id LEFT JOIN location o ON o.id = l.location_id"
        f" WHERE v.id IN ({db.marks(variant_ids)}) AND v.active AND v.deleted_at IS NULL ORDER BY v.id, o.priority,"
        " o.id",
        *variant_ids,
    ):
        places = found.setdefault(variant_id, _Places(sku, bool(tracked), {}))
        if location_id is not None:
            places.free[location_id] = free
    return found


def _preferring(plan: Mapping[int, int], found: _Places, needed: int) -> _Places:
    """Only the places of a plan that adds up and can be had; else all of them, as they were."""
    can = sum(plan.values()) == needed and all(0 < n <= found.free.get(at, 0) for at, n in plan.items())
    return _Places(found.sku, found.tracked, dict(plan)) if can else found


def _plan(wanted: int, free: Mapping[int, int]) -> dict[int, int] | None:
    """Which locations give how much.

    The first that has all, else the preferred ones together; None if they have too little.
    """
    for location_id, pieces in free.items():
        if pieces >= wanted:
            return {location_id: wanted}
    plan: dict[int, int] = {}
    for location_id, pieces in free.items():
        part = min(pieces, wanted - sum(plan.values()))
        if part > 0:
            plan[location_id] = part
    return plan if sum(plan.values()) == wanted else None


def promise_difference(needs: Mapping[int, int], reference: str, actor: str) -> None:
    """Promise pieces more (or give back pieces less, below zero) per variant, in one pass in sorted order.

    So two changes that each give back one thing and take another never wait for each other in a circle. Raises
    OutOfStock.
    """
    db.require_transaction()
    moving = _Moving(actor)
    places = _places(sorted(variant_id for variant_id, pieces in needs.items() if pieces > 0))
    has = allocated_to(reference)
    for variant_id, pieces in sorted(needs.items()):
        if pieces > 0:
            _promise_one(moving, variant_id, pieces, places.get(variant_id), "allocate", reference)
            continue
        for part in _parts({variant_id: -pieces}, has):
            move = Move(
                variant_id=variant_id, location_id=part.location_id, kind="release", allocated=-part.quantity,
                reference=reference,
            )  # fmt: skip
            if not moving.move(move):
                raise OutOfStock(variant_id, part.quantity, 0)
    moving.finish()


# -- what became of a promise ------------------------------------------------------------------------------------------


def release(needs: Mapping[int, int], reference: str, actor: str) -> list[Allocation]:
    """Give promised pieces back: at most what `reference` still has. Answers what was given back."""
    return _settle(needs, reference, actor, kind="release", allocated=-1)


def ship(needs: Mapping[int, int], reference: str, actor: str) -> list[Allocation]:
    """Promised pieces leave the house. Raises OutOfStock where they are not there yet (a backorder)."""
    return _settle(needs, reference, actor, kind="ship", allocated=-1, on_hand=-1)


def unhold(needs: Mapping[int, int], reference: str, actor: str) -> list[Allocation]:
    """End a hold: at most what `reference` still holds."""
    return _settle(needs, reference, actor, kind="unhold", held=-1)


def allocate_held(needs: Mapping[int, int], reference: str, actor: str) -> list[Allocation]:
    """Turn what `reference` holds into a promise to it, without a moment in between. Answers what it held."""
    return _settle(needs, reference, actor, kind="allocate", held=-1, allocated=1)


def _settle(
    needs: Mapping[int, int],
    reference: str,
    actor: str,
    *,
    kind: str,
    on_hand: int = 0,
    allocated: int = 0,
    held: int = 0,
) -> list[Allocation]:
    db.require_transaction()
    has = held_by(reference) if held else allocated_to(reference)
    moving = _Moving(actor)
    done: list[Allocation] = []
    for part in _parts(needs, has):
        n = part.quantity
        move = Move(
            variant_id=part.variant_id,
            location_id=part.location_id,
            kind=kind,
            reference=reference,
            on_hand=on_hand * n,
            allocated=allocated * n,
            held=held * n,
        )
        if not moving.move(move):
            raise OutOfStock(part.variant_id, n, 0)
        done.append(part)
    moving.finish()
    return done


def _parts(needs: Mapping[int, int], has: Iterable[Allocation]) -> list[Allocation]:
    left = dict(needs)
    parts: list[Allocation] = []
    for allocation in has:
        quantity = min(allocation.quantity, left.get(allocation.variant_id, 0))
        if quantity > 0:
            left[allocation.variant_id] -= quantity
            parts.append(Allocation(allocation.variant_id, allocation.location_id, quantity))
    return parts


def allocated_to(reference: str) -> list[Allocation]:
    """What `reference` is promised and has not shipped, by its moves, in the order of variants and locations."""
    return _sum_of_moves("allocated", reference)


def held_by(reference: str) -> list[Allocation]:
    """What `reference` holds, by its moves."""
    return _sum_of_moves("held", reference)


def _sum_of_moves(column: str, reference: str) -> list[Allocation]:
    found = db.rows(
        f"SELECT variant_id, location_id, SUM({column}) FROM stock_move WHERE reference = ?"
        f" GROUP BY variant_id, location_id HAVING SUM({column}) > 0 ORDER BY variant_id, location_id",
        reference,
    )
    return [Allocation(variant_id, location_id, int(quantity)) for variant_id, location_id, quantity in found]


# -- coming in ---------------------------------------------------------------------------------------------------------


def restock(needs: Mapping[int, int], location_id: int, reference: str, actor: str) -> None:
    """Returned pieces go back on the shelf at a location; variants that are not counted are passed over."""
    db.require_transaction()
    moving = _Moving(actor)
    for variant_id, places in sorted(_places(sorted(needs)).items()):
        if places.tracked:
            ensure_level(variant_id, location_id)
            moving.move(
                Move(
                    variant_id=variant_id,
                    location_id=location_id,
                    kind="restock",
                    on_hand=needs[variant_id],
                    reference=reference,
                )
            )
    moving.finish()


def put_aside(
    needs: Mapping[int, int], location_id: int, state: str, reference: str, actor: str, reason: str = ""
) -> None:
    """Returned pieces that cannot be sold go to `damaged` or `quality`; what is not counted is passed over."""
    db.require_transaction()
    moving = _Moving(actor)
    for variant_id, places in sorted(_places(sorted(needs)).items()):
        if places.tracked:
            ensure_level(variant_id, location_id)
            pieces = {state: needs[variant_id]}
            move = Move(
                variant_id=variant_id, location_id=location_id, kind="restock", reason=reason, reference=reference,
                **pieces,
            )  # fmt: skip
            moving.move(move)
    moving.finish()


def ensure_level(variant_id: int, location_id: int) -> None:
    """An empty level, if there is none yet."""
    db.execute(
        "INSERT INTO stock_level (variant_id, location_id, on_hand, allocated, held, backorder_limit) VALUES (?, ?,"
        " 0, 0, 0, 0)"
        " ON CONFLICT (variant_id, location_id) DO NOTHING",
        variant_id,
        location_id,
    )


def apply_moves(moves: Iterable[Move], actor: str) -> frozenset[int]:
    """Part of a verb: make moves, with empty levels where there are none. Raises StockPromised.

    Answers the variants whose shown stock changed; the verb must refresh their cards.
    """
    db.require_transaction()
    moving = _Moving(actor)
    for move in sorted(moves, key=lambda move: (move.variant_id, move.location_id)):
        ensure_level(move.variant_id, move.location_id)
        if not moving.move(move):
            raise StockPromised(move.variant_id)
    moving.write()
    return frozenset(moving.noticed)


# -- the one writer ----------------------------------------------------------------------------------------------------

_GUARDED = f"""
UPDATE stock_level SET {", ".join(f"{state} = {state} + ?" for state in STATES)}
WHERE variant_id = ? AND location_id = ?
  AND {" AND ".join(f"{state} + ? >= 0" for state in STATES)}
  AND allocated + held + ? <= on_hand + ? + backorder_limit
RETURNING on_hand + backorder_limit - allocated - held
"""
_MOVES = ("variant_id", "location_id", "kind", *STATES, "reason", "actor", "reference", "at")


class _Moving:
    """The moves of one verb: each level as it is asked, their journal at the end with one statement."""

    def __init__(self, actor: str) -> None:
        self.actor = actor
        self.moves: list[Move] = []
        self.noticed: set[int] = set()

    def move(self, move: Move) -> bool:
        """Change one level; False, and nothing changed, if it does not have as much."""
        promised = move.allocated + move.held
        free = db.value(
            _GUARDED, *move.pieces, move.variant_id, move.location_id, *move.pieces, promised, move.on_hand
        )
        if free is None:
            return False
        self.moves.append(move)
        # Pages say "available" until few are left, so a sale from plenty changes nothing that anybody sees.
        if min(free, free - move.on_hand + promised) <= LOW_STOCK:
            self.noticed.add(move.variant_id)
        return True

    def finish(self) -> None:
        """Write the journal, and correct the cards whose availability changed."""
        self.write()
        if self.noticed:
            refresh_availability(self.noticed)

    def write(self) -> None:
        """Write the journal."""
        now = clock.now_us()
        insert_rows(
            "stock_move",
            _MOVES,
            [
                (m.variant_id, m.location_id, m.kind, *m.pieces, m.reason, self.actor, m.reference, now)
                for m in self.moves
            ],
        )


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
