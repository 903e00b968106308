"""Stock in the transaction of an order, a return or an import: promise, give back, ship, receive, hold.

Every change of a level is the one guarded UPDATE below, in sorted order, with its move beside it. So two buyers of
the last
piece cannot both get it, whatever either has read before, and no two writers wait for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.catalogue.services.availability import refresh_availability
from core.catalogue.services.shapes import LOW_STOCK
from core.catalogue.services.writing import insert_rows
from core.kernel import db
from core.lib import clock
from core.lib.errors import Broken, Refused

STATES = ("on_hand", "allocated", "held", "damaged", "quality", "incoming", "preordered")
_TRIES = 1000  # A promise that others beat so often gives up.
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


class NotReleased(Refused):
    """Pieces that were sold before their release leave from then on."""

    code = "not_released"
    default_message = "%(sku)s is not released yet. It can be sent from %(day)s on."


class StockPromised(Refused):
    """A level cannot fall below what is promised to orders and held for carts."""

    code = "stock_promised"
    default_message = "Some of it is promised to orders. Cancel or ship those first."

    def __init__(self, variant_id: int) -> None:
        super().__init__(field="stock")
        self.variant_id = variant_id


class LocationClosed(Refused):
    """Nothing comes to a place that is closed."""

    code = "location_closed"
    default_message = "This place is closed. Choose another one."


@dataclass(frozen=True, slots=True)
class Allocation:
    """Pieces of a variant at a location, promised, held, or moved.

    `late` of them are not there yet; `ahead`: they were sold before their release.
    """

    variant_id: int
    location_id: int
    quantity: int
    late: int = 0
    ahead: bool = False


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
    preordered: int = 0
    reason: str = ""
    reference: str = ""

    @property
    def pieces(self) -> tuple[int, ...]:
        """Its differences, in the order of `STATES`."""
        return (
            self.on_hand, self.allocated, self.held, self.damaged, self.quality, self.incoming, self.preordered
        )  # fmt: skip


# -- promising ---------------------------------------------------------------------------------------------------------


def allocate(
    needs: Mapping[int, int],
    reference: str,
    actor: str,
    wanted: Mapping[int, Mapping[int, int]] | None = None,
    *,
    site_id: int | None = None,
    cart: str = "",
) -> list[Allocation]:
    """Promise pieces (variant id to quantity) to `reference`; variants that are not counted are passed over.

    Takes from one location if one has all on the shelf, by priority, and splits only if none has; then what may be
    ordered beyond that. Raises OutOfStock: nothing is promised then, since the caller's transaction ends. `wanted` says
    which locations give how much of a variant; where that cannot be had (any more), the rule above takes its place.
    What is kept back from the site `site_id` stays. What is held for `cart` goes into the promise with the same
    statement.
    """
    return _promise(_Asking(needs, "allocate", reference, actor, wanted or {}, site_id, cart))


def hold(
    needs: Mapping[int, int], reference: str, actor: str, *, until: datetime, site_id: int | None = None
) -> list[Allocation]:
    """Hold as many of these pieces as can be had, until an instant, instead of what was held for `reference` before.

    Never refuses: what cannot be had is not held. Nor are pieces that are sold before their release.
    """
    made = _promise(_Asking(needs, "hold", reference, actor, {}, site_id, reference))
    rows = [(reference, one.variant_id, one.location_id, one.quantity, clock.micros(until)) for one in made]
    insert_rows("stock_hold", ("reference", "variant_id", "location_id", "pieces", "until"), rows)
    return made


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is to be promised or held; `cart` is whose holds end with it."""

    needs: Mapping[int, int]
    kind: str
    reference: str
    actor: str
    wanted: Mapping[int, Mapping[int, int]]
    site_id: int | None
    cart: str


def _promise(asking: _Asking) -> list[Allocation]:
    db.require_transaction()
    if any(quantity <= 0 for quantity in asking.needs.values()):
        raise ValueError("a quantity is at least 1")
    moving = _Moving(asking.actor)
    places = _places(sorted(asking.needs), asking.site_id)
    held = [v for v, found in places.items() if found.has_holds]
    given = _end_holds(held, asking.cart) if held or asking.kind == "hold" else {}
    if held:  # While it waited for others who end the same holds, they may have given them back.
        places = _places(sorted(asking.needs), asking.site_id)
    made = []
    for variant_id in sorted({*asking.needs, *given}):
        made += _promise_one(moving, asking, variant_id, places.get(variant_id), given.get(variant_id, {}))
    moving.finish()
    return made


def _promise_one(
    moving: _Moving, asking: _Asking, variant_id: int, found: _Places | None, given: dict[int, int]
) -> list[Allocation]:
    """Take the wanted pieces, and give back in the same statements what holds gave free at these locations.

    A guard that fails was beaten by another writer since the reading, so what is there is read again.
    """
    left, made = asking.needs.get(variant_id, 0), list[Allocation]()
    found = _kept_still(asking, variant_id, found)
    for _attempt in range(_TRIES):
        plan = _next_plan(asking, variant_id, found, given, left)
        if found is None or not plan:
            break
        taken = _take_plan(moving, asking, variant_id, found, plan, given)
        made += taken
        left -= sum(one.quantity for one in taken)
        if left:
            found = _places([variant_id], asking.site_id).get(variant_id)
    else:
        raise OutOfStock(variant_id, asking.needs[variant_id], asking.needs[variant_id] - left)
    _give_back(moving, asking, variant_id, given)
    return made


def _kept_still(asking: _Asking, variant_id: int, found: _Places | None) -> _Places | None:
    """What a site keeps back is kept by all its locations together: until the commit nobody else moves any of them."""
    if found is None or not found.kept or len(found.spots) < 2 or db.is_sqlite():
        return found
    db.rows("SELECT location_id FROM stock_level WHERE variant_id = ? ORDER BY location_id FOR UPDATE", variant_id)
    return _places([variant_id], asking.site_id).get(variant_id)


def _next_plan(
    asking: _Asking, variant_id: int, found: _Places | None, given: Mapping[int, int], left: int
) -> dict[int, int]:
    """How much of what is `left` each location shall give; nothing where nothing is to be taken. Raises OutOfStock."""
    wanted, is_hold = asking.needs.get(variant_id, 0), asking.kind == "hold"
    if not left or (found is not None and not found.tracked):
        return {}
    if is_hold and (found is None or found.is_ahead):
        return {}
    if found is None:
        raise OutOfStock(variant_id, wanted, 0)
    spots = found.with_holds(given)
    can_be_had = max(0, sum(spot.free for spot in spots.values()) - found.kept)
    if can_be_had < left and not is_hold:
        raise OutOfStock(variant_id, wanted, wanted - left + can_be_had, found.sku)
    now = min(left, can_be_had)
    if not now:
        return {}
    return _as_wanted(asking.wanted.get(variant_id), spots, now) or _plan(now, spots)


def _take_plan(
    moving: _Moving, asking: _Asking, variant_id: int, found: _Places, plan: Mapping[int, int], given: dict[int, int]
) -> list[Allocation]:
    """Move what the plan says, as far as the guards let it; of `given` stays what could not be given back yet."""
    spots, taken = found.with_holds(given), list[Allocation]()
    for location_id in sorted({*plan, *given}):
        part, back = plan.get(location_id, 0), given.pop(location_id, 0)
        others = sum(spot.free - plan.get(at, 0) for at, spot in spots.items() if at != location_id)
        floor = max(0, found.kept - others) if part else None
        done = moving.take(asking, variant_id, location_id, part, back, is_ahead=found.is_ahead, floor=floor)
        if done is None:
            given[location_id] = back
        elif part:
            taken.append(done)
    return taken


def _give_back(moving: _Moving, asking: _Asking, variant_id: int, given: Mapping[int, int]) -> None:
    """Pieces of holds that ended, at locations that are not needed now."""
    for location_id, pieces in sorted(given.items()):
        if pieces and not moving.take(asking, variant_id, location_id, 0, pieces, is_ahead=False, floor=None):
            raise Broken("A level holds less than its holds.", permanent=True)


@dataclass(frozen=True, slots=True)
class _Spot:
    """What a location has of a variant: on the shelf, and to be promised."""

    there: int
    free: int

    def more(self, pieces: int) -> _Spot:
        """With what holds gave free; never less than nothing."""
        return _Spot(self.there + pieces, max(0, self.free + pieces))


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a variant is, the preferred location first, and how much of it the site keeps back.

    `is_ahead`: it is sold before its release, so its spots are what is left of its caps.
    """

    sku: str
    tracked: bool
    is_ahead: bool
    kept: int
    has_holds: bool
    spots: dict[int, _Spot]

    def with_holds(self, given: Mapping[int, int]) -> dict[int, _Spot]:
        """The spots with what ended holds gave free there; what is sold ahead is never held."""
        return {at: spot.more(0 if self.is_ahead else given.get(at, 0)) for at, spot in self.spots.items()}


def _places(variant_ids: Sequence[int], site_id: int | None = None) -> dict[int, _Places]:
    found: dict[int, _Places] = {}
    now = clock.now_us()
    for variant_id, sku, tracked, release_at, kept, holds, location_id, there, limit, ahead in db.rows(
        "SELECT v.id, v.sku, v.tracked, v.release_at,"
        " (SELECT s.pieces FROM stock_safety s WHERE s.variant_id = v.id AND s.site_id = ?),"
        " (SELECT MIN(h.id) FROM stock_hold h WHERE h.variant_id = v.id),"
        " l.location_id, l.on_hand - l.allocated - l.held - l.preordered, l.backorder_limit,"
        " l.preorder_cap - l.preordered FROM variant v"
        " LEFT JOIN stock_level l ON l.variant_id = v.id LEFT JOIN location o ON o.id = l.location_id"
        f" WHERE v.id IN ({db.marks(variant_ids)}) AND v.active AND v.deleted_at IS NULL ORDER BY v.id, o.priority,"
        " o.id",
        site_id,
        *variant_ids,
    ):
        is_ahead = release_at is not None and release_at > now
        places = found.setdefault(
            variant_id, _Places(sku, bool(tracked), is_ahead, int(kept or 0), holds is not None, {})
        )
        if location_id is not None:
            places.spots[location_id] = _Spot(0, ahead) if is_ahead else _Spot(there, there + limit)
    return found


def _as_wanted(wanted: Mapping[int, int] | None, spots: Mapping[int, _Spot], needed: int) -> dict[int, int] | None:
    """A plan that was made before, if it adds up and can still be had."""
    if not wanted or sum(wanted.values()) != needed:
        return None
    return dict(wanted) if all(at in spots and 0 < n <= spots[at].free for at, n in wanted.items()) else None


def _plan(needed: int, spots: Mapping[int, _Spot]) -> dict[int, int]:
    """Which locations give how much: from the shelves if they have it all, else also what may be ordered beyond it.

    The first that has all, else the preferred ones together.
    """
    there = {at: max(0, spot.there) for at, spot in spots.items()}
    free = {at: max(0, spot.free) for at, spot in spots.items()}
    pieces = there if sum(there.values()) >= needed else free
    for location_id, has in pieces.items():
        if has >= needed:
            return {location_id: needed}
    plan: dict[int, int] = {}
    for location_id, has in pieces.items():
        part = min(has, needed - sum(plan.values()))
        if part > 0:
            plan[location_id] = part
    return plan


def promise_difference(
    needs: Mapping[int, int],
    reference: str,
    actor: str,
    wanted: Mapping[int, Mapping[int, int]] | None = None,
    *,
    site_id: int | None = None,
) -> list[Allocation]:
    """Promise pieces more (or give back pieces less, below zero) per variant, in one pass in sorted order.

    So two changes that each give back one thing and take another never wait for each other in a circle. Answers what
    was promised. Raises OutOfStock.
    """
    db.require_transaction()
    moving, made = _Moving(actor), list[Allocation]()
    more = {variant_id: pieces for variant_id, pieces in needs.items() if pieces > 0}
    asking = _Asking(more, "allocate", reference, actor, wanted or {}, site_id, "")
    places = _places(sorted(more), site_id)
    held = [v for v, found in places.items() if found.has_holds]
    given = _end_holds(held, "") if held else {}
    if held:
        places = _places(sorted(more), site_id)
    has = allocated_to(reference)
    for variant_id, pieces in sorted(needs.items()):
        if pieces > 0:
            made += _promise_one(moving, asking, variant_id, places.get(variant_id), given.get(variant_id, {}))
            continue
        for part in _parts({variant_id: -pieces}, _last_first(has)):
            if not moving.move(_settling(part, "release", reference, allocated=-1)):
                raise OutOfStock(variant_id, part.quantity, 0)
    moving.finish()
    return made


def cart_reference(cart_id: int) -> str:
    """What a cart's holds are for."""
    return f"cart:{cart_id}"


# -- holds -------------------------------------------------------------------------------------------------------------


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


def _end_holds(variant_ids: Sequence[int], cart: str) -> dict[int, dict[int, int]]:
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
    moving = _Moving(actor)
    for variant_id, location_id, pieces, reference in sorted(ended):
        move = Move(
            variant_id=variant_id, location_id=location_id, kind="unhold", held=-pieces, reference=reference
        )  # fmt: skip
        if not moving.move(move):
            raise OutOfStock(variant_id, pieces, 0)
    moving.finish()


# -- what became of a promise ------------------------------------------------------------------------------------------


def release(needs: Mapping[int, int], reference: str, actor: str) -> list[Allocation]:
    """Give promised pieces back: at most what `reference` still has. Answers what was given back."""
    return _settle(needs, reference, actor, kind="release", allocated=-1)


def hand_over(needs: Mapping[int, int], reference: str, to: str, actor: str) -> list[Allocation]:
    """Promised pieces are promised to `to` from now on: at most what `reference` still has. No level changes."""
    db.require_transaction()
    done = _parts(needs, _last_first(allocated_to(reference)))
    moving = _Moving(actor)
    for part in done:
        moving.moves.append(_settling(part, "release", reference, allocated=-1))
        moving.moves.append(_settling(part, "allocate", to, allocated=1))
    moving.write()
    return done


def ship(needs: Mapping[int, int], reference: str, actor: str) -> list[Allocation]:
    """Promised pieces leave the house. Raises OutOfStock where they are not there yet (a backorder), NotReleased."""
    return _settle(needs, reference, actor, kind="ship", allocated=-1, on_hand=-1)


def _settle(
    needs: Mapping[int, int], reference: str, actor: str, *, kind: str, on_hand: int = 0, allocated: int = 0
) -> list[Allocation]:
    db.require_transaction()
    has = allocated_to(reference)
    moving = _Moving(actor)
    done = _parts(needs, has if on_hand else _last_first(has))
    if on_hand:
        _check_released([part.variant_id for part in done if part.ahead])
    for part in sorted(done, key=lambda part: (part.variant_id, part.location_id)):
        if not moving.move(_settling(part, kind, reference, allocated=allocated, on_hand=on_hand)):
            raise OutOfStock(part.variant_id, part.quantity, 0)
    moving.finish()
    return done


def _settling(part: Allocation, kind: str, reference: str, *, allocated: int, on_hand: int = 0) -> Move:
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


def _last_first(has: Sequence[Allocation]) -> list[Allocation]:
    """What was sold ahead is given back before what could leave now."""
    return sorted(has, key=lambda part: not part.ahead)


def _parts(needs: Mapping[int, int], has: Iterable[Allocation]) -> list[Allocation]:
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


# -- coming in ---------------------------------------------------------------------------------------------------------


def restock(needs: Mapping[int, int], location_id: int, reference: str, actor: str) -> None:
    """Returned pieces go back on the shelf at a location; variants that are not counted are passed over."""
    db.require_transaction()
    moving, location_id = _Moving(actor), _open_place(location_id)
    for variant_id, places in sorted(_places(sorted(needs)).items()):
        if places.tracked:
            ensure_level(variant_id, location_id)
            move = Move(
                variant_id=variant_id,
                location_id=location_id,
                kind="restock",
                on_hand=needs[variant_id],
                reference=reference,
            )
            if not moving.move(move):
                raise LocationClosed
    moving.finish()


def put_aside(
    needs: Mapping[int, int], location_id: int, state: str, reference: str, actor: str, reason: str = ""
) -> None:
    """Returned pieces that cannot be sold go to `damaged` or `quality`; what is not counted is passed over."""
    db.require_transaction()
    moving, location_id = _Moving(actor), _open_place(location_id)
    for variant_id, places in sorted(_places(sorted(needs)).items()):
        if places.tracked:
            ensure_level(variant_id, location_id)
            pieces = {state: needs[variant_id]}
            move = Move(
                variant_id=variant_id, location_id=location_id, kind="restock", reason=reason, reference=reference,
                **pieces,
            )  # fmt: skip
            if not moving.move(move):
                raise LocationClosed
    moving.finish()


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


def _has_level(variant_id: int, location_id: int) -> bool:
    return bool(
        db.value("SELECT 1 FROM stock_level WHERE variant_id = ? AND location_id = ?", variant_id, location_id)
    )


def _open_place(location_id: int) -> int:
    """The location, or the first one if it was closed: what was sent from there comes back to where goods are now."""
    return int(
        db.value(
            "SELECT id FROM location WHERE closed_at IS NULL ORDER BY CASE WHEN id = ? THEN 0 ELSE 1 END, priority, id"
            " LIMIT 1",
            location_id,
        )
    )


def apply_moves(moves: Iterable[Move], actor: str) -> frozenset[int]:
    """Part of a verb: make moves, with empty levels where there are none. Raises StockPromised, LocationClosed.

    Answers the variants whose shown stock changed; the verb must refresh their cards.
    """
    db.require_transaction()
    moving = _Moving(actor)
    for move in sorted(moves, key=lambda move: (move.variant_id, move.location_id)):
        ensure_level(move.variant_id, move.location_id)
        if not moving.move(move):
            if not _has_level(move.variant_id, move.location_id):
                raise LocationClosed
            raise StockPromised(move.variant_id)
    moving.write()
    return frozenset(moving.noticed)


# -- the one writer ----------------------------------------------------------------------------------------------------

_FREE = "on_hand + backorder_limit - allocated - held - preordered"
_GUARDED = f"""
UPDATE stock_level SET {", ".join(f"{state} = {state} + ?" for state in STATES)}
WHERE variant_id = ? AND location_id = ?
  AND {" AND ".join(f"{state} + ? >= 0" for state in STATES)}
  AND allocated + held + ? <= on_hand + ? + backorder_limit
  AND preordered + ? <= preorder_cap
  AND {_FREE} + ? >= ? AND preorder_cap - preordered - ? >= ?
RETURNING {_FREE}, backorder_limit, preorder_cap - preordered,
  (SELECT MAX(s.pieces) FROM stock_safety s WHERE s.variant_id = stock_level.variant_id)
"""
_MOVES = ("variant_id", "location_id", "kind", *STATES, "reason", "actor", "reference", "at")
_ANY = -(10**15)


class _Moving:
    """The moves of one verb: each level as it is asked, their journal at the end with one statement."""

    def __init__(self, actor: str) -> None:
        self.actor = actor
        self.moves: list[Move] = []
        self.noticed: set[int] = set()
        self.late = 0

    def take(
        self,
        asking: _Asking,
        variant_id: int,
        location_id: int,
        part: int,
        back: int,
        *,
        is_ahead: bool,
        floor: int | None,
    ) -> Allocation | None:
        """Promise or hold `part` pieces and end holds of `back`, with one statement; None if there is not as much."""
        column = "preordered" if is_ahead else "held" if asking.kind == "hold" else "allocated"
        pieces = {column: part}
        pieces["held"] = pieces.get("held", 0) - back
        move = Move(
            variant_id=variant_id, location_id=location_id, kind=asking.kind if part else "unhold",
            reference=asking.reference, allocated=pieces.get("allocated", 0), held=pieces["held"],
            preordered=pieces.get("preordered", 0),
        )  # fmt: skip
        if not any(move.pieces):
            return Allocation(variant_id, location_id, part)  # What was held stays held.
        if not self.move(move, floor):
            return None
        return Allocation(variant_id, location_id, part, 0 if is_ahead else min(part, self.late), is_ahead)

    def move(self, move: Move, floor: int | None = None) -> bool:
        """Change one level; False, and nothing changed, if it does not have as much.

        `floor`: of what can still be promised after it, at least this much must be left.
        """
        promised = move.allocated + move.held
        change = move.on_hand - promised - move.preordered
        # What was sold ahead may exceed what came, so only new promises look at what is free.
        floors = (_ANY, _ANY) if floor is None else (_ANY, floor) if move.preordered else (floor, _ANY)
        row = db.one(
            _GUARDED, *move.pieces, move.variant_id, move.location_id, *move.pieces, promised, move.on_hand,
            move.preordered, change, floors[0], move.preordered, floors[1],
        )  # fmt: skip
        if row is None:
            return False
        self.moves.append(move)
        free, limit, ahead, kept = row[0], row[1], row[2], int(row[3] or 0)
        self.late = max(0, limit - free)
        # Pages say "available" until few are left, so a sale from plenty changes nothing that anybody sees.
        if (
            min(free, free - change) <= LOW_STOCK + kept
            or (move.preordered and min(ahead, ahead + move.preordered) <= LOW_STOCK + kept)
            or (limit and min(free, free - change) - limit <= LOW_STOCK + kept and max(free, free - change) > limit)
        ):
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
