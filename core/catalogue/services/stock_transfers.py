"""Pieces that go from one location to another: at once from shelf to shelf, or on their way until received.

Each verb has two sides and one transaction. What is promised to anybody stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from core.catalogue.services.availability import refresh_availability, tell_stock_changed
from core.catalogue.services.stock_shapes import Move, StockPromised
from core.catalogue.services.stock_writer import apply_moves
from core.catalogue.services.writing import insert
from core.kernel import activity, db
from core.kernel.repeats import claim
from core.lib import clock
from core.lib.errors import NotFound, Refused, Unfit

TAKEN_BACK = "taken_back"


class TooFewFree(Refused):
    """A transfer takes nothing that is promised."""

    code = "too_few_free"
    default_message = "Only %(free)s of %(sku)s are free there. What is promised to orders and carts stays."


class NoMoreIncoming(Refused):
    """What was on its way was taken in by another act, or written off."""

    code = "no_more_incoming"
    default_message = "Fewer of %(sku)s are incoming there than were sent: somebody has noted them in another way."


class TransferOver(Refused):
    """It was received or undone already."""

    code = "transfer_over"
    default_message = "This transfer was received or undone already."


class Transfer(Struct, frozen=True, kw_only=True):
    """A transfer as people read it; `received_at` None: it is on its way."""

    id: int
    variant_id: int
    sku: str
    source_id: int
    source: str
    target_id: int
    target: str
    pieces: int
    came: int
    reason: str
    actor: str
    sent_at: datetime
    received_at: datetime | None
    undone_at: datetime | None

    @property
    def can_be_undone(self) -> bool:
        return self.undone_at is None and (self.received_at is None or self.came > 0)


def transfer_reference(transfer_id: int) -> str:
    """What a transfer's moves are for."""
    return f"transfer:{transfer_id}"


# -- verbs -------------------------------------------------------------------------------------------------------------


def transfer_stock(
    variant_id: int,
    source_id: int,
    target_id: int,
    pieces: int,
    reason: str,
    actor: str,
    *,
    on_its_way: bool = False,
    key: str = "",
) -> int:
    """Move free pieces from one place to another; `on_its_way`: they are incoming there until received. Commits.

    Answers the transfer's id. Raises Unfit, NotFound, TooFewFree, LocationClosed, DoneBefore.
    """
    if pieces <= 0 or source_id == target_id:
        raise Unfit({"pieces": "Choose two different places and at least one piece."})
    with db.transaction():
        claim(key)
        sku = _sku(variant_id)
        if len(db.rows("SELECT id FROM location WHERE id IN (?, ?)", source_id, target_id)) < 2:
            raise NotFound
        now = clock.now_us()
        row = {
            "variant_id": variant_id, "source_id": source_id, "target_id": target_id, "pieces": pieces,
            "came": 0 if on_its_way else pieces, "reason": reason[:200], "actor": actor, "sent_at": now,
            "received_at": None if on_its_way else now,
        }  # fmt: skip
        transfer_id = insert("stock_transfer", row)
        arriving = {"incoming": pieces} if on_its_way else {"on_hand": pieces}
        _move(
            transfer_id,
            variant_id,
            {source_id: {"on_hand": -pieces}, target_id: arriving},
            actor,
            reason,
            takes=source_id,
        )
        after = {"from": _name(source_id), "to": _name(target_id), "pieces": pieces}
        activity.record(actor, "stock.transfer", f"variant:{variant_id}", title=sku, after=after)
    return transfer_id


def receive_transfer(transfer_id: int, actor: str, came: int | None = None, *, key: str = "") -> None:
    """What was on its way arrived: all of it, or `came` pieces, and the others are lost. Commits.

    Raises NotFound, TransferOver, Unfit, NoMoreIncoming, DoneBefore.
    """
    with db.transaction():
        claim(key)
        one = find_transfer(transfer_id)
        arrived = one.pieces if came is None else came
        if not 0 <= arrived <= one.pieces:
            raise Unfit({"came": "Write how many came, at most as many as were sent."})
        if not db.execute(
            "UPDATE stock_transfer SET received_at = ?, came = ? WHERE id = ? AND received_at IS NULL"
            " AND undone_at IS NULL",
            clock.now_us(), arrived, one.id,
        ):  # fmt: skip
            raise TransferOver
        changes = {one.target_id: {"incoming": -one.pieces, "on_hand": arrived}}
        _move(one.id, one.variant_id, changes, actor, one.reason)
        after = {"to": one.target, "pieces": one.pieces, "came": arrived}
        activity.record(actor, "stock.transfer_received", f"variant:{one.variant_id}", title=one.sku, after=after)


def undo_transfer(transfer_id: int, actor: str, *, key: str = "") -> None:
    """What came goes back, or what is on its way returns. Commits.

    Raises NotFound, TransferOver, TooFewFree where it was promised since, LocationClosed, DoneBefore.
    """
    with db.transaction():
        claim(key)
        one = find_transfer(transfer_id)
        if not one.can_be_undone or not db.execute(
            "UPDATE stock_transfer SET undone_at = ? WHERE id = ? AND undone_at IS NULL AND"
            f" {'received_at IS NULL' if one.received_at is None else 'received_at IS NOT NULL'}",
            clock.now_us(), one.id,
        ):  # fmt: skip
            raise TransferOver
        back, state = (one.pieces, "incoming") if one.received_at is None else (one.came, "on_hand")
        changes = {one.target_id: {state: -back}, one.source_id: {"on_hand": back}}
        takes = None if one.received_at is None else one.target_id
        _move(one.id, one.variant_id, changes, actor, TAKEN_BACK, takes=takes)
        after = {"from": one.target, "to": one.source, "pieces": back}
        activity.record(actor, "stock.transfer_undone", f"variant:{one.variant_id}", title=one.sku, after=after)


def _move(
    transfer_id: int,
    variant_id: int,
    changes: dict[int, dict[str, int]],
    actor: str,
    reason: str,
    *,
    takes: int | None = None,
) -> None:
    moves = [
        Move(
            variant_id=variant_id, location_id=at, kind="transfer", reason=reason[:200],
            reference=transfer_reference(transfer_id), **pieces,
        )
        for at, pieces in changes.items()
    ]  # fmt: skip
    try:
        noticed = apply_moves(moves, actor, only_free=True)
    except StockPromised:
        sku = _sku(variant_id)
        raise (
            NoMoreIncoming(sku=sku) if takes is None else TooFewFree(sku=sku, free=_free(variant_id, takes))
        ) from None
    if noticed:
        refresh_availability(noticed)
    tell_stock_changed([variant_id])


def _free(variant_id: int, location_id: int | None) -> int:
    free = db.value(
        "SELECT on_hand - allocated - held - preordered FROM stock_level WHERE variant_id = ? AND location_id = ?",
        variant_id, location_id,
    )  # fmt: skip
    return max(0, int(free or 0))


def _sku(variant_id: int) -> str:
    sku = db.value("SELECT sku FROM variant WHERE id = ?", variant_id)
    if sku is None:
        raise NotFound
    return str(sku)


def _name(location_id: int) -> str:
    return str(db.value("SELECT name FROM location WHERE id = ?", location_id))


# -- reading -----------------------------------------------------------------------------------------------------------

_READ = (
    "SELECT t.id, t.variant_id, v.sku, t.source_id, s.name, t.target_id, g.name, t.pieces, t.came, t.reason, t.actor,"
    " t.sent_at, t.received_at, t.undone_at FROM stock_transfer t JOIN variant v ON v.id = t.variant_id"
    " JOIN location s ON s.id = t.source_id JOIN location g ON g.id = t.target_id"
)


def find_transfer(transfer_id: int) -> Transfer:
    """One transfer; raises NotFound."""
    found = db.rows(f"{_READ} WHERE t.id = ?", transfer_id)
    if not found:
        raise NotFound
    return _told(found)[0]


def transfers(limit: int, before: int | None = None) -> list[Transfer]:
    """The latest transfers, newest first. One statement."""
    return _told(db.rows(f"{_READ} WHERE t.id < ? ORDER BY t.id DESC LIMIT ?", before or 2**31 - 1, limit))


def on_their_way() -> list[Transfer]:
    """What was sent and has not arrived, the longest on its way first. One statement."""
    return _told(db.rows(f"{_READ} WHERE t.received_at IS NULL AND t.undone_at IS NULL ORDER BY t.id LIMIT 200"))


def _told(found: Iterable[db.Row]) -> list[Transfer]:
    return [
        Transfer(
            id=row[0], variant_id=row[1], sku=row[2], source_id=row[3], source=row[4], target_id=row[5], target=row[6],
            pieces=int(row[7]), came=int(row[8]), reason=row[9], actor=row[10], sent_at=clock.instant(row[11]),
            received_at=_instant(row[12]), undone_at=_instant(row[13]),
        )
        for row in found
    ]  # fmt: skip


def _instant(at: int | None) -> datetime | None:
    return None if at is None else clock.instant(at)
