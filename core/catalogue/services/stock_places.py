"""Where a variant is: what each location has of it and may promise, and how a need is split over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.kernel import db
from core.lib import clock


class Spot(Struct, frozen=True):
    """What a location has of a variant: on the shelf, and to be promised."""

    there: int
    free: int

    def more(self, pieces: int) -> Spot:
        """With what holds gave free; never less than nothing."""
        return Spot(self.there + pieces, max(0, self.free + pieces))


class Places(Struct, frozen=True):
    """Where a variant is, the preferred location first, and how much of it the site keeps back.

    `is_ahead`: it is sold before its release, so its spots are what is left of its caps. `reserved` are the pieces that
    are kept for whoever asks; they are in no spot.
    """

    sku: str
    tracked: bool
    is_ahead: bool
    kept: int
    has_holds: bool
    spots: dict[int, Spot]
    reserved: int = 0

    def with_holds(self, given: Mapping[int, int]) -> dict[int, Spot]:
        """The spots with what ended holds gave free there; what is sold ahead is never held."""
        return {at: spot.more(0 if self.is_ahead else given.get(at, 0)) for at, spot in self.spots.items()}


def places_of(variant_ids: Sequence[int], site_id: int | None = None, channel: str = "") -> dict[int, Places]:
    """Where variants are, for the orders of a site or of one of its channels. One statement."""
    found: dict[int, Places] = {}
    now = clock.now_us()
    for variant_id, sku, tracked, release_at, kept, reserved, holds, location_id, there, limit, ahead in db.rows(
        "SELECT v.id, v.sku, v.tracked, v.release_at,"
        " (SELECT s.pieces FROM stock_safety s WHERE s.variant_id = v.id AND s.site_id = ?),"
        " (SELECT SUM(r.pieces) FROM stock_reserve r WHERE r.site_id = ? AND r.channel = ? AND r.variant_id = v.id),"
        " (SELECT MIN(h.id) FROM stock_hold h WHERE h.variant_id = v.id),"
        " l.location_id, l.on_hand - l.allocated - l.held - l.preordered, l.backorder_limit,"
        " l.preorder_cap - l.preordered FROM variant v"
        " LEFT JOIN stock_level l ON l.variant_id = v.id LEFT JOIN location o ON o.id = l.location_id"
        f" WHERE v.id IN ({db.marks(variant_ids)}) AND v.active AND v.deleted_at IS NULL ORDER BY v.id, o.priority,"
        " o.id",
        site_id,
        site_id,
        channel,
        *variant_ids,
    ):
        is_ahead = release_at is not None and release_at > now
        places = found.setdefault(
            variant_id,
            Places(
                sku,
                bool(tracked),
                is_ahead,
                int(kept or 0),
                holds is not None,
                {},
                0 if is_ahead else int(reserved or 0),
            ),
        )
        if location_id is not None:
            places.spots[location_id] = Spot(0, ahead) if is_ahead else Spot(there, there + limit)
    return found


def as_wanted(wanted: Mapping[int, int] | None, spots: Mapping[int, Spot], needed: int) -> dict[int, int] | None:
    """A plan that was made before, if it adds up and can still be had."""
    if not wanted or sum(wanted.values()) != needed:
        return None
    return dict(wanted) if all(at in spots and 0 < n <= spots[at].free for at, n in wanted.items()) else None


def plan(needed: int, spots: Mapping[int, Spot]) -> dict[int, int]:
    """Which locations give how much: from the shelves if they have it all, else also what may be ordered beyond it.

    The first that has all, else the preferred ones together.
    """
    there = {at: max(0, spot.there) for at, spot in spots.items()}
    free = {at: max(0, spot.free) for at, spot in spots.items()}
    pieces = there if sum(there.values()) >= needed else free
    for location_id, has in pieces.items():
        if has >= needed:
            return {location_id: needed}
    parts: dict[int, int] = {}
    for location_id, has in pieces.items():
        part = min(has, needed - sum(parts.values()))
        if part > 0:
            parts[location_id] = part
    return parts
