"""Pieces that come back: on the shelf, kept apart from it, or out of the house again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.catalogue.services.stock_places import places_of
from core.catalogue.services.stock_shapes import LocationClosed, Move, NotWaiting
from core.catalogue.services.stock_writer import Moving, ensure_level
from core.kernel import db


def restock(needs: Mapping[int, int], location_id: int, reference: str, actor: str, reason: str = "") -> None:
    """Returned pieces go back on the shelf at a location; variants that are not counted are passed over."""
    _bring(needs, location_id, "on_hand", reference, Moving(actor, reason))


def unship(taken: Sequence[tuple[int, int, int]], reference: str, actor: str) -> None:
    """Pieces (variant, location, quantity) that were noted as sent and never left are there, and promised, again."""
    db.require_transaction()
    moving = Moving(actor, "unship")
    counted = {variant_id for variant_id, one in places_of(sorted({part[0] for part in taken})).items() if one.tracked}
    for variant_id, location_id, quantity in sorted(taken):
        if variant_id in counted:
            place = _open_place(location_id)
            ensure_level(variant_id, place)
            move = Move(
                variant_id=variant_id, location_id=place, kind="unship", on_hand=quantity, allocated=quantity,
                reference=reference,
            )  # fmt: skip
            if not moving.move(move):
                raise LocationClosed
    moving.finish()


def put_aside(
    needs: Mapping[int, int], location_id: int, state: str, reference: str, actor: str, reason: str = ""
) -> None:
    """Returned pieces that cannot be sold go to `damaged` or `quality`; what is not counted is passed over."""
    _bring(needs, location_id, state, reference, Moving(actor, reason))


def let_go(needs: Mapping[int, int], location_id: int, kind: str, reference: str, actor: str, reason: str = "") -> None:
    """Returned pieces that do not stay (`discard`, `supplier`): they came to be looked at, and went. No level changes.

    What is not counted is passed over.
    """
    db.require_transaction()
    moving, location_id = Moving(actor, reason), _open_place(location_id)
    for variant_id, places in sorted(places_of(sorted(needs)).items()):
        if places.tracked:
            for step, sign in (("restock", 1), (kind, -1)):
                move = Move(
                    variant_id=variant_id, location_id=location_id, kind=step, quality=sign * needs[variant_id],
                    reference=reference,
                )  # fmt: skip
                moving.moves.append(move)
    moving.write()


def put_away(
    needs: Mapping[int, int], location_id: int, goes_to: str, reference: str, actor: str, reason: str = ""
) -> None:
    """Pieces that wait in quality control for `reference` go on.

    They go to `on_hand` or `damaged` at a location, or out of the house (`discard`, `supplier`). What did not wait
    there, since it was not counted when it came, is brought. Raises NotWaiting where somebody has taken pieces out of
    quality control.
    """
    db.require_transaction()
    moving, place, rest = Moving(actor, reason), _open_place(location_id), {}
    waiting = _waiting(reference)
    for variant_id, wanted in sorted(needs.items()):
        left = wanted
        for at, there in waiting.get(variant_id, ()):
            if part := min(left, there):
                _go_on(moving, variant_id, at, place, part, goes_to, reference)
                left -= part
        if left:
            rest[variant_id] = left
    moving.finish()
    if rest and goes_to in {"on_hand", "damaged"}:
        _bring(rest, location_id, goes_to, reference, Moving(actor, reason))
    elif rest:
        let_go(rest, location_id, goes_to, reference, actor, reason)


def _waiting(reference: str) -> dict[int, list[tuple[int, int]]]:
    """{variant: (location, pieces)} of what came for `reference` and has not gone on yet, by its moves."""
    found: dict[int, list[tuple[int, int]]] = {}
    for variant_id, location_id, pieces in db.rows(
        "SELECT variant_id, location_id, SUM(quality) FROM stock_move WHERE reference = ? AND quality <> 0"
        " GROUP BY variant_id, location_id HAVING SUM(quality) > 0 ORDER BY variant_id, location_id",
        reference,
    ):
        found.setdefault(variant_id, []).append((location_id, int(pieces)))
    return found


def _go_on(moving: Moving, variant_id: int, at: int, place: int, pieces: int, goes_to: str, reference: str) -> None:
    """One level loses what it has in quality control; the same or another one gets it, if it stays in the house."""
    stays = goes_to in {"on_hand", "damaged"}
    there = {goes_to: pieces} if stays and place == at else {}
    move = Move(
        variant_id=variant_id, location_id=at, kind="inspect" if stays else goes_to, quality=-pieces,
        reference=reference, **there,  # type: ignore[arg-type]  # the states are the names of its fields
    )  # fmt: skip
    if not moving.move(move):
        sku = db.value("SELECT sku FROM variant WHERE id = ?", variant_id)
        raise NotWaiting(sku=sku or variant_id)
    if stays and place != at:
        ensure_level(variant_id, place)
        states = {goes_to: pieces}
        move = Move(variant_id=variant_id, location_id=place, kind="inspect", reference=reference, **states)  # type: ignore[arg-type]  # the states are the names of its fields
        if not moving.move(move):
            raise LocationClosed


def _bring(needs: Mapping[int, int], location_id: int, state: str, reference: str, moving: Moving) -> None:
    db.require_transaction()
    location_id = _open_place(location_id)
    for variant_id, places in sorted(places_of(sorted(needs)).items()):
        if places.tracked:
            ensure_level(variant_id, location_id)
            pieces = {state: needs[variant_id]}
            move = Move(variant_id=variant_id, location_id=location_id, kind="restock", reference=reference, **pieces)  # type: ignore[arg-type]  # the states are the names of its fields
            if not moving.move(move):
                raise LocationClosed
    moving.finish()


def _open_place(location_id: int) -> int:
    """The location, or the first one if it was closed: what was sent from there comes back to where goods are now."""
    return int(
        db.value(
            "SELECT id FROM location WHERE closed_at IS NULL ORDER BY CASE WHEN id = ? THEN 0 ELSE 1 END, priority, id"
            " LIMIT 1",
            location_id,
        )
    )
