"""Pieces that are kept for one site, or for one channel of it: nobody else can be promised them.

A reserve is part of what its levels hold, so the one writer of stock guards it. Orders that it is kept for take of it
first, with the statement that promises. It is for what is on the shelf: nothing is kept of what is still to come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.catalogue.services.availability import refresh_availability, tell_stock_changed
from core.catalogue.services.stock_shapes import Move
from core.catalogue.services.stock_writer import Moving
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.lib.errors import NotFound, Refused, Unfit

_LOCK = 0x6B656570
_MOST = 10**9
_LONGEST_CHANNEL = 60


class NotFree(Refused):
    """Only what is on the shelf and promised to nobody can be kept."""

    code = "not_free"
    default_message = "Only %(available)s of %(sku)s are on the shelf and promised to nobody."


class Reserve(Struct, frozen=True, kw_only=True):
    """Pieces of a variant that are kept for a site, or for its `channel`."""

    site_id: int
    channel: str
    pieces: int


def reserves_of(variant_id: int) -> list[Reserve]:
    """For whom pieces of a variant are kept, over all locations. One statement."""
    return [
        Reserve(site_id=row[0], channel=row[1], pieces=int(row[2]))
        for row in db.rows(
            "SELECT site_id, channel, SUM(pieces) FROM stock_reserve WHERE variant_id = ?"
            " GROUP BY site_id, channel ORDER BY site_id, channel",
            variant_id,
        )
    ]


def reference_of(site_id: int, channel: str) -> str:
    """What the moves of a reserve are for."""
    return f"kept:{site_id}:{channel}"[:80]


def keep_for(site: Site, channel: str, variant_id: int, pieces: int, actor: str) -> None:
    """Keep so many pieces in all for a site's own orders, or for those of a channel; 0 keeps none. Commits.

    More are taken from the shelves in the order of the locations, less goes back to them from the last one.
    Raises NotFound, NotFree, Unfit.
    """
    channel = " ".join(channel.split())
    if not 0 <= pieces <= _MOST:
        raise Unfit({"kept": "Write a whole number of 0 or more."})
    if len(channel) > _LONGEST_CHANNEL:
        raise Unfit({"channel": "At most 60 characters."})
    with db.transaction():
        sku = db.value("SELECT sku FROM variant WHERE id = ? AND deleted_at IS NULL", variant_id)
        if sku is None:
            raise NotFound
        if not db.is_sqlite():
            # One after the other: what was kept before is what the difference is to.
            db.rows("SELECT pg_advisory_xact_lock(?, ?)", _LOCK, variant_id)
        has = _kept_at(site, channel, variant_id)
        before = sum(has.values())
        moving = Moving(actor)
        if pieces > before:
            _keep(moving, site, channel, variant_id, pieces - before, sku)
        else:
            _let_go(moving, site, channel, variant_id, before - pieces, has)
        moving.finish()
        if pieces != before:
            refresh_availability([variant_id])
            tell_stock_changed([variant_id])
            activity.record(
                actor, "stock.kept", f"variant:{variant_id}", title=sku, site_id=site.id,
                before={"kept": before, "channel": channel}, after={"kept": pieces, "channel": channel},
            )  # fmt: skip


def _kept_at(site: Site, channel: str, variant_id: int) -> dict[int, int]:
    """Pieces per location, the preferred one first; nobody else takes of them until the commit."""
    locked = "" if db.is_sqlite() else " FOR UPDATE OF r"
    return {
        row[0]: int(row[1])
        for row in db.rows(
            "SELECT r.location_id, r.pieces FROM stock_reserve r JOIN location o ON o.id = r.location_id"
            f" WHERE r.site_id = ? AND r.channel = ? AND r.variant_id = ? ORDER BY o.priority, o.id{locked}",
            site.id, channel, variant_id,
        )
    }  # fmt: skip


def _keep(moving: Moving, site: Site, channel: str, variant_id: int, more: int, sku: str) -> None:
    shelves = db.rows(
        "SELECT l.location_id, l.on_hand - l.allocated - l.held - l.preordered FROM stock_level l"
        " JOIN location o ON o.id = l.location_id WHERE l.variant_id = ? ORDER BY o.priority, o.id",
        variant_id,
    )
    left, parts = more, dict[int, int]()
    for location_id, there in shelves:
        if (part := min(left, max(0, int(there)))) > 0:
            parts[location_id] = part
            left -= part
    available = sum(max(0, int(there)) for _location, there in shelves)
    if left:
        raise NotFree(field="kept", sku=sku, available=available)
    for location_id, part in sorted(parts.items()):
        move = Move(
            variant_id=variant_id, location_id=location_id, kind="keep", held=part,
            reference=reference_of(site.id, channel),
        )  # fmt: skip
        if not moving.move(move, shelf=0):  # Somebody was promised it since it was read.
            raise NotFree(field="kept", sku=sku, available=max(0, available - part))
        db.execute(
            "INSERT INTO stock_reserve (site_id, channel, variant_id, location_id, pieces) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (site_id, channel, variant_id, location_id)"
            " DO UPDATE SET pieces = stock_reserve.pieces + excluded.pieces",
            site.id, channel, variant_id, location_id, part,
        )  # fmt: skip


def _let_go(moving: Moving, site: Site, channel: str, variant_id: int, less: int, has: Mapping[int, int]) -> None:
    back = dict[int, int]()
    for location_id, pieces in reversed(list(has.items())):
        if part := min(less, pieces):
            back[location_id] = part
            less -= part
    for location_id, part in sorted(back.items()):
        _take(site.id, channel, variant_id, location_id, part, has[location_id])
        moving.move(
            Move(
                variant_id=variant_id, location_id=location_id, kind="unkeep", held=-part,
                reference=reference_of(site.id, channel),
            )
        )  # fmt: skip


def take_reserved(site_id: int, channel: str, wanted: Mapping[int, int]) -> dict[int, dict[int, int]]:
    """Part of a promise: at most so many pieces out of what is kept for whoever orders, per variant and location.

    They are still held by their levels: whoever takes them says so in the statement that promises. Rows are locked in
    one order, before any level.
    """
    locked = "" if db.is_sqlite() else " FOR UPDATE"
    left, taken = dict(wanted), defaultdict[int, dict[int, int]](dict)
    for variant_id, location_id, pieces in db.rows(
        "SELECT variant_id, location_id, pieces FROM stock_reserve WHERE site_id = ? AND channel = ?"
        f" AND variant_id IN ({db.marks(tuple(wanted))}) ORDER BY variant_id, location_id{locked}",
        site_id, channel, *wanted,
    ):  # fmt: skip
        if (part := min(left[variant_id], int(pieces))) > 0:
            _take(site_id, channel, variant_id, location_id, part, int(pieces))
            taken[variant_id][location_id] = part
            left[variant_id] -= part
    return dict(taken)


def _take(site_id: int, channel: str, variant_id: int, location_id: int, part: int, pieces: int) -> None:
    here = (site_id, channel, variant_id, location_id)
    where = "site_id = ? AND channel = ? AND variant_id = ? AND location_id = ?"
    if part == pieces:
        db.execute(f"DELETE FROM stock_reserve WHERE {where}", *here)
    else:
        db.execute(f"UPDATE stock_reserve SET pieces = pieces - ? WHERE {where} AND pieces >= ?", part, *here, part)


def reserved_for(site_id: int, channels: Sequence[str], variant_ids: Sequence[int]) -> dict[tuple[str, int], int]:
    """Pieces per (channel, variant) that are kept for channels of a site. One statement."""
    if not channels or not variant_ids:
        return {}
    return {
        (row[0], row[1]): int(row[2])
        for row in db.rows(
            "SELECT channel, variant_id, SUM(pieces) FROM stock_reserve WHERE site_id = ?"
            f" AND channel IN ({db.marks(channels)}) AND variant_id IN ({db.marks(variant_ids)})"
            " GROUP BY channel, variant_id",
            site_id, *channels, *variant_ids,
        )
    }  # fmt: skip


def loose_holds(limit: int = 100) -> list[tuple[str, str, int, int]]:
    """(SKU, location, held, in holds and reserves) of levels that hold something else. Empty is right."""
    return [
        (row[0], row[1], int(row[2]), int(row[3]))
        for row in db.rows(
            "SELECT v.sku, o.name, l.held, COALESCE(x.pieces, 0) FROM stock_level l"
            " JOIN variant v ON v.id = l.variant_id JOIN location o ON o.id = l.location_id LEFT JOIN"
            " (SELECT variant_id, location_id, SUM(pieces) AS pieces"
            " FROM (SELECT variant_id, location_id, pieces FROM stock_hold UNION ALL"
            " SELECT variant_id, location_id, pieces FROM stock_reserve) y GROUP BY variant_id, location_id) x"
            " ON x.variant_id = l.variant_id AND x.location_id = l.location_id WHERE l.held <> COALESCE(x.pieces, 0)"
            " ORDER BY v.sku, o.id LIMIT ?",
            limit,
        )
    ]  # fmt: skip


def all_reserves(limit: int = 200) -> Sequence[tuple[int, str, str, int]]:
    """(site, channel, SKU, pieces) of everything that is kept, for the page of the proof. One statement."""
    return [  # All sites: the proof is about every level.
        (row[0], row[1], row[2], int(row[3]))
        for row in db.rows(
            "SELECT r.site_id, r.channel, v.sku, SUM(r.pieces) FROM stock_reserve r"
            " JOIN variant v ON v.id = r.variant_id GROUP BY r.site_id, r.channel, v.sku"
            " ORDER BY r.site_id, r.channel, v.sku LIMIT ?",
            limit,
        )
    ]
