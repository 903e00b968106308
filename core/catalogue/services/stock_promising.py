"""Promising pieces to an order, or holding them for a cart: where they are taken from, and whose holds end with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from core.catalogue.services.stock_holds import end_holds_of
from core.catalogue.services.stock_places import Places, Spot, as_wanted, places_of
from core.catalogue.services.stock_places import plan as plan_for
from core.catalogue.services.stock_reserves import take_reserved
from core.catalogue.services.stock_settling import allocated_to, last_first, parts_of, settling
from core.catalogue.services.stock_shapes import Allocation, Move, OutOfStock
from core.catalogue.services.stock_writer import Moving
from core.catalogue.services.writing import insert_rows
from core.kernel import db
from core.lib import clock
from core.lib.errors import Broken

_TRIES = 1000  # A promise that others beat so often gives up.


def allocate(
    needs: Mapping[int, int],
    reference: str,
    actor: str,
    wanted: Mapping[int, Mapping[int, int]] | None = None,
    *,
    site_id: int | None = None,
    cart: str = "",
    reason: str = "",
    why: Mapping[int, str] | None = None,
    channel: str = "",
) -> list[Allocation]:
    """Promise pieces (variant id to quantity) to `reference`; variants that are not counted are passed over.

    Takes from one location if one has all on the shelf, by priority, and splits only if none has; then what may be
    ordered beyond that. Raises OutOfStock: nothing is promised then, since the caller's transaction ends. `wanted` says
    which locations give how much of a variant; where that cannot be had (any more), the rule above takes its place.
    `why` are its reasons by location, where there are better ones than `reason`. What is kept back from the site
    `site_id` stays. What is held for `cart`, and what is kept for the site or its `channel`, goes into the promise with
    the same statement.
    """
    return _promise(
        _Asking(needs, "allocate", reference, actor, wanted or {}, site_id, cart, why or {}, reason, channel)
    )


def hold(
    needs: Mapping[int, int], reference: str, actor: str, *, until: datetime, site_id: int | None = None
) -> list[Allocation]:
    """Hold as many of these pieces as can be had, until an instant, instead of what was held for `reference` before.

    Never refuses: what cannot be had is not held. Nor are pieces that are sold before their release.
    """
    made = _promise(_Asking(needs, "hold", reference, actor, {}, site_id, reference, {}))
    rows = [(reference, one.variant_id, one.location_id, one.quantity, clock.micros(until)) for one in made]
    insert_rows("stock_hold", ("reference", "variant_id", "location_id", "pieces", "until"), rows)
    return made


class _Asking(Struct, frozen=True):
    """What is to be promised or held; `cart` is whose holds end with it, `why` the reason of each location."""

    needs: Mapping[int, int]
    kind: str
    reference: str
    actor: str
    wanted: Mapping[int, Mapping[int, int]]
    site_id: int | None
    cart: str
    why: Mapping[int, str]
    reason: str = ""
    channel: str = ""

    def places(self, variant_ids: Sequence[int]) -> dict[int, Places]:
        return places_of(variant_ids, self.site_id, self.channel)


def _promise(asking: _Asking) -> list[Allocation]:
    db.require_transaction()
    if any(quantity <= 0 for quantity in asking.needs.values()):
        raise ValueError("a quantity is at least 1")
    moving = Moving(asking.actor, asking.reason)
    places = asking.places(sorted(asking.needs))
    held = [v for v, found in places.items() if found.has_holds]
    given = end_holds_of(held, asking.cart) if held or asking.kind == "hold" else {}
    places, kept = _with_reserves(asking, places, waited=bool(held))
    made = []
    for variant_id in sorted({*asking.needs, *given}):
        made += _promise_one(
            moving, asking, variant_id, places.get(variant_id), given.get(variant_id, {}), kept.get(variant_id, {})
        )
    moving.finish()
    return made


def _with_reserves(
    asking: _Asking, places: dict[int, Places], *, waited: bool
) -> tuple[dict[int, Places], dict[int, dict[int, int]]]:
    """What is there after what is kept for whoever asks was taken, and how much of it per variant and location.

    While it waited for others who end the same holds, or take of the same reserve, they may have given pieces back.
    """
    wanted = {
        variant_id: asking.needs[variant_id]
        for variant_id, found in places.items()
        if found.reserved and found.tracked and asking.kind == "allocate"
    }
    kept = take_reserved(asking.site_id, asking.channel, wanted) if wanted and asking.site_id is not None else {}
    return (asking.places(sorted(asking.needs)) if waited or kept else places), kept


def _promise_one(
    moving: Moving, asking: _Asking, variant_id: int, found: Places | None, given: dict[int, int],
    kept: Mapping[int, int],
) -> list[Allocation]:  # fmt: skip
    """Take the wanted pieces, and give back in the same statements what holds gave free at these locations.

    `kept` is what was kept for whoever asks. A guard that fails was beaten by another writer since the reading, so what
    is there is read again.
    """
    for location_id, pieces in kept.items():
        given[location_id] = given.get(location_id, 0) + pieces
    mine = sum(kept.values())
    left, made = asking.needs.get(variant_id, 0), list[Allocation]()
    found = _kept_still(asking, variant_id, found)
    for _attempt in range(_TRIES):
        plan = _next_plan(asking, variant_id, found, given, left, mine)
        if found is None or not plan:
            break
        taken = _take_plan(moving, asking, variant_id, found, plan, given, mine)
        made += taken
        got = sum(one.quantity for one in taken)
        left, mine = left - got, max(0, mine - got)
        if left:
            found = asking.places([variant_id]).get(variant_id)
    else:
        raise OutOfStock(variant_id, asking.needs[variant_id], asking.needs[variant_id] - left)
    _give_back(moving, asking, variant_id, given)
    return made


def _kept_still(asking: _Asking, variant_id: int, found: Places | None) -> Places | None:
    """What a site keeps back is kept by all its locations together: until the commit nobody else moves any of them."""
    if found is None or not found.kept or len(found.spots) < 2 or db.is_sqlite():
        return found
    db.rows("SELECT location_id FROM stock_level WHERE variant_id = ? ORDER BY location_id FOR UPDATE", variant_id)
    return asking.places([variant_id]).get(variant_id)


def _kept_back(found: Places, spots: Mapping[int, Spot], mine: int) -> int:
    """What the site leaves to others: of what is free for all, never of the `mine` that are kept for it."""
    return min(found.kept, max(0, sum(spot.free for spot in spots.values()) - mine))


def _next_plan(
    asking: _Asking, variant_id: int, found: Places | None, given: Mapping[int, int], left: int, mine: int
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
    can_be_had = max(0, sum(spot.free for spot in spots.values()) - _kept_back(found, spots, mine))
    if can_be_had < left and not is_hold:
        raise OutOfStock(variant_id, wanted, wanted - left + can_be_had, found.sku)
    now = min(left, can_be_had)
    if not now:
        return {}
    return as_wanted(asking.wanted.get(variant_id), spots, now) or plan_for(now, spots)


def _take_plan(
    moving: Moving, asking: _Asking, variant_id: int, found: Places, plan: Mapping[int, int], given: dict[int, int],
    mine: int,
) -> list[Allocation]:  # fmt: skip
    """Move what the plan says, as far as the guards let it; of `given` stays what could not be given back yet."""
    spots, taken = found.with_holds(given), list[Allocation]()
    back_for_others = _kept_back(found, spots, mine)
    why = asking.why if not asking.wanted or plan == asking.wanted.get(variant_id) else {}
    for location_id in sorted({*plan, *given}):
        part, back = plan.get(location_id, 0), given.pop(location_id, 0)
        others = sum(spot.free - plan.get(at, 0) for at, spot in spots.items() if at != location_id)
        floor = max(0, back_for_others - others) if part else None
        done = _take(
            moving, asking, variant_id, location_id, part, back, is_ahead=found.is_ahead, floor=floor,
            why=why.get(location_id, ""),
        )  # fmt: skip
        if done is None:
            given[location_id] = back
        elif part:
            taken.append(done)
    return taken


def _take(
    moving: Moving,
    asking: _Asking,
    variant_id: int,
    location_id: int,
    part: int,
    back: int,
    *,
    is_ahead: bool,
    floor: int | None,
    why: str = "",
) -> Allocation | None:
    """Promise or hold `part` pieces and end holds of `back`, with one statement; None if there is not as much."""
    column = "preordered" if is_ahead else "held" if asking.kind == "hold" else "allocated"
    pieces = {column: part}
    pieces["held"] = pieces.get("held", 0) - back
    move = Move(
        variant_id=variant_id, location_id=location_id, kind=asking.kind if part else "unhold",
        reference=asking.reference, allocated=pieces.get("allocated", 0), held=pieces["held"],
        preordered=pieces.get("preordered", 0), reason=why if part else "",
    )  # fmt: skip
    if not any(move.pieces):
        return Allocation(variant_id, location_id, part)  # What was held stays held.
    if not moving.move(move, floor):
        return None
    return Allocation(variant_id, location_id, part, 0 if is_ahead else min(part, moving.late), is_ahead)


def _give_back(moving: Moving, asking: _Asking, variant_id: int, given: Mapping[int, int]) -> None:
    """Pieces of holds that ended, at locations that are not needed now."""
    for location_id, pieces in sorted(given.items()):
        if pieces and not _take(moving, asking, variant_id, location_id, 0, pieces, is_ahead=False, floor=None):
            raise Broken("A level holds less than its holds.", permanent=True)


def promise_difference(
    needs: Mapping[int, int],
    reference: str,
    actor: str,
    wanted: Mapping[int, Mapping[int, int]] | None = None,
    *,
    site_id: int | None = None,
    holder: str = "",
    reason: str = "",
    why: Mapping[int, str] | None = None,
    channel: str = "",
) -> list[Allocation]:
    """Promise pieces more (or give back pieces less, below zero) per variant, in one pass in sorted order.

    So two changes that each give back one thing and take another never wait for each other in a circle. What is held
    for `holder` goes into the promise, and its holds end. Answers what was promised. Raises OutOfStock.
    """
    db.require_transaction()
    moving, made = Moving(actor, reason), list[Allocation]()
    more = {variant_id: pieces for variant_id, pieces in needs.items() if pieces > 0}
    asking = _Asking(more, "allocate", reference, actor, wanted or {}, site_id, holder, why or {}, "", channel)
    places = asking.places(sorted(more))
    held = [v for v, found in places.items() if found.has_holds]
    given = end_holds_of(held, holder) if held or holder else {}
    places, kept = _with_reserves(asking, places, waited=bool(held))
    has = allocated_to(reference)
    for variant_id in sorted({*needs, *given}):
        pieces = needs.get(variant_id, 0)
        made += _promise_one(
            moving, asking, variant_id, places.get(variant_id), given.get(variant_id, {}), kept.get(variant_id, {})
        )
        if pieces >= 0:
            continue
        for part in parts_of({variant_id: -pieces}, last_first(has)):
            if not moving.move(settling(part, "release", reference, allocated=-1)):
                raise OutOfStock(variant_id, part.quantity, 0)
    moving.finish()
    return made
