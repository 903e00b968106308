"""Pieces go from one place to another and are never lost, promised twice, or taken from those they are promised to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.catalogue.services import add_location, allocate, stock_transfers
from core.catalogue.services.locations import HoldsStock, close_location
from core.catalogue.services.stock import LocationClosed, OutOfStock
from core.catalogue.services.stock_audit import differences
from core.catalogue.services.stock_counts import change_backorder_limit, take_delivery
from core.catalogue.services.stock_transfers import (
    NoMoreIncoming,
    TooFewFree,
    TransferOver,
    find_transfer,
    on_their_way,
    receive_transfer,
    transfer_stock,
    undo_transfer,
)
from core.kernel import db
from core.lib.errors import NotFound, Unfit
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, location, variant_id


@pytest.fixture
def lamp(make: Make) -> int:
    """Ten lamps in the first place."""
    make("Lamp", "LAMP", stock=10)
    return variant_id("LAMP")


@pytest.fixture
def north(lamp: int) -> int:
    del lamp
    return add_location("north", "North", None, "GB", STAFF)


def there(variant: int, place: int) -> tuple[int, ...]:
    """(on hand, incoming) at a place."""
    return db.one(
        "SELECT on_hand, incoming FROM stock_level WHERE variant_id = ? AND location_id = ?", variant, place
    ) or (0, 0)


def promise(variant: int, pieces: int, reference: str = "order:1") -> None:
    with db.transaction():
        allocate({variant: pieces}, reference, "system")


def send(variant: int, place: int, pieces: int, **more: Any) -> int:
    return transfer_stock(variant, location(), place, pieces, "To the shop", STAFF, **more)


def test_pieces_go_from_shelf_to_shelf_by_two_moves(lamp: int, north: int) -> None:
    transfer = send(lamp, north, 4)
    assert (there(lamp, location()), there(lamp, north)) == ((6, 0), (4, 0))
    moves = db.rows(
        "SELECT kind, location_id, on_hand, reason, actor, reference FROM stock_move ORDER BY id DESC LIMIT 2"
    )
    same = ("To the shop", STAFF, f"transfer:{transfer}")
    assert sorted(moves) == sorted([("transfer", location(), -4, *same), ("transfer", north, 4, *same)])
    assert (differences(), on_their_way()) == ([], [])


def test_what_is_on_its_way_is_incoming_until_it_came(lamp: int, north: int) -> None:
    transfer = send(lamp, north, 4, on_its_way=True)
    assert (there(lamp, location()), there(lamp, north)) == ((6, 0), (0, 4))
    assert [(one.id, one.pieces, one.source, one.target) for one in on_their_way()] == [(transfer, 4, "Main", "North")]
    with pytest.raises(OutOfStock):  # Six are on a shelf: who is on the road cannot be sold.
        promise(lamp, 7)
    with pytest.raises(HoldsStock):
        close_location(north, STAFF)
    receive_transfer(transfer, STAFF, 3)  # One was lost on the way.
    assert (there(lamp, location()), there(lamp, north)) == ((6, 0), (3, 0))
    assert (find_transfer(transfer).came, on_their_way(), differences()) == (3, [], [])
    with pytest.raises(TransferOver):
        receive_transfer(transfer, STAFF)


def test_what_is_promised_stays(lamp: int, north: int) -> None:
    promise(lamp, 7)
    with pytest.raises(TooFewFree) as refused:
        send(lamp, north, 4)
    assert refused.value.params["free"] == 3
    # Not even where more than is there may be ordered: the shelf would owe what it has now.
    with db.transaction():
        change_backorder_limit(lamp, location(), 100)
    with pytest.raises(TooFewFree):
        send(lamp, north, 4)
    assert db.value("SELECT COUNT(*) FROM stock_transfer") == 0
    send(lamp, north, 3)
    assert (there(lamp, location()), there(lamp, north)) == ((7, 0), (3, 0))


@pytest.mark.parametrize("on_its_way", [False, True])
def test_a_transfer_is_taken_back(lamp: int, north: int, on_its_way: bool) -> None:
    transfer = send(lamp, north, 4, on_its_way=on_its_way)
    undo_transfer(transfer, "staff:2")
    assert (there(lamp, location()), there(lamp, north)) == ((10, 0), (0, 0))
    with pytest.raises(TransferOver):
        undo_transfer(transfer, STAFF)
    with pytest.raises(TransferOver):
        receive_transfer(transfer, STAFF)
    assert db.value("SELECT COUNT(*) FROM stock_move WHERE kind = 'transfer' AND actor = 'staff:2'") == 2
    assert differences() == []


def test_what_was_sold_there_since_does_not_come_back(lamp: int, north: int) -> None:
    transfer = send(lamp, north, 10)
    promise(lamp, 8)
    with pytest.raises(TooFewFree):
        undo_transfer(transfer, STAFF)
    assert there(lamp, north) == (10, 0)
    assert find_transfer(transfer).undone_at is None


def test_what_cannot_be_is_refused(lamp: int, north: int) -> None:
    for pieces, place in ((0, north), (-1, north), (1, location())):
        with pytest.raises(Unfit):
            send(lamp, place, pieces)
    for variant, place in ((lamp + 99, north), (lamp, north + 99)):
        with pytest.raises(NotFound):
            send(variant, place, 1)
    close_location(north, STAFF)
    with pytest.raises(LocationClosed):
        send(lamp, north, 1)
    with pytest.raises(Unfit):
        receive_transfer(send(lamp, add_location("south", "South", None, "", STAFF), 2, on_its_way=True), STAFF, 3)


def test_incoming_pieces_that_somebody_noted_in_another_way_do_not_come_twice(lamp: int, north: int) -> None:
    transfer = send(lamp, north, 4, on_its_way=True)
    take_delivery(lamp, north, 4, "by hand", STAFF)
    with pytest.raises(NoMoreIncoming):
        receive_transfer(transfer, STAFF)
    with pytest.raises(NoMoreIncoming):
        undo_transfer(transfer, STAFF)
    assert there(lamp, north) == (4, 0)


# -- at once -----------------------------------------------------------------------------------------------------------


def race(acts: list[Callable[[], object]]) -> list[object]:
    """All at once; what each answered or was refused with."""

    def run(act: Callable[[], object]) -> object:
        try:
            return db.retrying(act)
        except (TooFewFree, TransferOver, OutOfStock) as refusal:
            return refusal
        finally:
            db.reset_thread()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_transfers_and_orders_at_once_never_take_the_same_piece(lamp: int, north: int) -> None:
    race(
        [
            *(lambda: send(lamp, north, 3) for _ in range(4)),
            *((lambda n=n: promise(lamp, 3, f"order:{n}")) for n in range(4)),
        ]
    )
    check_shelves(lamp)


def check_shelves(lamp: int) -> None:
    levels = db.rows("SELECT on_hand, allocated FROM stock_level WHERE variant_id = ?", lamp)
    assert sum(level[0] for level in levels) == 10
    assert all(on_hand >= allocated for on_hand, allocated in levels)
    assert differences() == []


def test_a_transfer_is_received_once(lamp: int, north: int) -> None:
    transfer = send(lamp, north, 4, on_its_way=True)
    received = race([lambda: receive_transfer(transfer, STAFF)] * 3)
    undone = race([lambda: undo_transfer(transfer, STAFF)] * 3)
    assert [sum(one is None for one in done) for done in (received, undone)] == [1, 1]
    assert sum(there(lamp, place)[0] for place in (location(), north)) == 10
    check_shelves(lamp)


def test_the_same_check_sees_a_transfer_that_takes_what_is_promised(
    lamp: int, north: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stock_transfers.apply_moves

    def planted(moves: Any, actor: str, **_more: Any) -> Any:
        return real(moves, actor)

    monkeypatch.setattr(stock_transfers, "apply_moves", planted)
    with db.transaction():
        change_backorder_limit(lamp, location(), 100)
    promise(lamp, 8)
    send(lamp, north, 4)
    with pytest.raises(AssertionError):
        check_shelves(lamp)
