"""Every level is the sum of its moves; what is not is shown, and put right with a note."""

from __future__ import annotations

import pytest

from core.catalogue.services.stock import StockPromised, allocate
from core.catalogue.services.stock_audit import differences, prove, repair_stock
from core.catalogue.services.stock_counts import expect_stock, sort_stock, take_delivery
from core.kernel import db, jobs
from core.lib.clock import Frozen
from core.lib.errors import Unfit
from core.testing.shop import clock
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, location, variant_id

__all__ = ["clock"]


@pytest.fixture
def lamp(make: Make) -> int:
    make("Lamp", "LAMP", stock=10)
    return variant_id("LAMP")


def level(variant: int) -> tuple[int, ...]:
    """(on hand, allocated, held, damaged, quality, incoming)."""
    found = db.one(
        "SELECT on_hand, allocated, held, damaged, quality, incoming FROM stock_level WHERE variant_id = ?", variant
    )
    assert found is not None
    return found


def tamper(sql: str, *params: object) -> None:
    with db.transaction():
        db.execute(sql, *params)


def test_pieces_go_from_one_state_to_another(lamp: int) -> None:
    sort_stock(lamp, location(), 4, "on_hand", "quality", "look at them", STAFF)
    sort_stock(lamp, location(), 3, "quality", "on_hand", "fine", STAFF)
    sort_stock(lamp, location(), 1, "quality", "damaged", "cracked", STAFF)
    sort_stock(lamp, location(), 1, "damaged", "gone", "thrown away", STAFF)
    assert level(lamp) == (9, 0, 0, 0, 0, 0)
    assert differences() == []


def test_promised_pieces_are_not_put_aside(lamp: int) -> None:
    with db.transaction():
        allocate({lamp: 8}, "order:1", "system")
    with pytest.raises(StockPromised):
        sort_stock(lamp, location(), 3, "on_hand", "damaged", "", STAFF)
    with pytest.raises(StockPromised):
        sort_stock(lamp, location(), 1, "damaged", "on_hand", "", STAFF)
    assert level(lamp) == (10, 8, 0, 0, 0, 0)


@pytest.mark.parametrize(("pieces", "goes_to"), [(0, "damaged"), (1, "on_hand"), (1, "held")])
def test_states_that_nothing_can_be_sorted_into_are_refused(lamp: int, pieces: int, goes_to: str) -> None:
    with pytest.raises(Unfit):
        sort_stock(lamp, location(), pieces, "on_hand", goes_to, "", STAFF)


def test_expected_pieces_are_not_for_sale_until_they_came(lamp: int) -> None:
    expect_stock(lamp, location(), 5, "po:1", STAFF)
    assert level(lamp) == (10, 0, 0, 0, 0, 5)
    take_delivery(lamp, location(), 3, "po:1", STAFF)
    assert level(lamp) == (13, 0, 0, 0, 0, 2)
    with pytest.raises(StockPromised):
        take_delivery(lamp, location(), 3, "po:1", STAFF)


def test_the_proof_shows_what_differs_in_words(lamp: int) -> None:
    assert (prove().levels.count, prove().differences) == (1, ())
    tamper("UPDATE stock_level SET on_hand = 11, damaged = 2 WHERE variant_id = ?", lamp)
    (one,) = prove().differences
    assert (one.sku, one.words) == ("LAMP", "on_hand 11, by its moves 10, damaged 2, by its moves 0")


def test_a_repair_believes_the_journal_and_writes_itself_into_it(lamp: int) -> None:
    tamper("UPDATE stock_level SET on_hand = 11 WHERE variant_id = ?", lamp)
    repaired, left = repair_stock("system", "doctor")
    assert ([one.sku for one in repaired], left, differences()) == (["LAMP"], [], [])
    assert level(lamp)[0] == 10
    assert db.value("SELECT reason FROM stock_move WHERE kind = 'repair'") == "repair.doctor: on_hand 11 10"
    assert repair_stock("system") == ([], [])


def test_a_level_that_vanished_comes_back(lamp: int) -> None:
    tamper("DELETE FROM stock_level WHERE variant_id = ?", lamp)
    assert len(repair_stock("system")[0]) == 1
    assert level(lamp)[0] == 10


def test_what_cannot_be_is_left_for_a_person(lamp: int) -> None:
    tamper(
        "INSERT INTO stock_move (variant_id, location_id, kind, on_hand, allocated, held, reason, actor, reference, at)"
        " VALUES (?, ?, 'adjust', -13, 0, 0, '', 'nobody', '', 0)",
        lamp,
        location(),
    )
    repaired, left = repair_stock("system")
    assert (repaired, [one.sku for one in left]) == ([], ["LAMP"])
    assert level(lamp)[0] == 10


def test_the_nightly_look_tells_of_a_difference_and_changes_nothing(lamp: int, clock: Frozen) -> None:
    told = "SELECT COUNT(*) FROM activity WHERE verb = 'stock.differs' AND object = 'stock'"
    jobs.run_due()
    assert db.value(told) == 0
    tamper("UPDATE stock_level SET on_hand = 11 WHERE variant_id = ?", lamp)
    clock.move(days=1)
    jobs.run_due()
    assert (db.value(told), level(lamp)[0]) == (1, 11)
    assert db.value("SELECT state FROM job WHERE name = 'stock.audit' ORDER BY id DESC LIMIT 1") == "done"
