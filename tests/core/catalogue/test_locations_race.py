"""One process closes a place while another brings goods there: closed, it holds nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from core.catalogue.services import adjust_stock, stock_proof, stock_writer
from core.catalogue.services.locations import HoldsStock, StockBusy, add_location, close_location, open_location
from core.catalogue.services.stock import LocationClosed
from core.kernel import db
from core.testing.crowd import at_once
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, variant_id

ROUNDS = 40


@pytest.fixture
def lamp(make: Make) -> int:
    make("Lamp", "LAMP", stock=5)
    return variant_id("LAMP")


def _closing(place: int) -> Callable[[], int]:
    """Close and open; answers how often something was there although it was closed."""

    def close_and_open() -> int:
        found = 0
        for _round in range(ROUNDS):
            try:
                close_location(place, STAFF)
            except (HoldsStock, StockBusy):
                time.sleep(0.001)
                continue
            for _look in range(4):
                time.sleep(0.002)
                found += int(db.value("SELECT COUNT(*) FROM stock_level WHERE location_id = ?", place))
            open_location(place, STAFF)
        return found

    return close_and_open


def _bringing(lamp: int, place: int) -> Callable[[], int]:
    """Bring a piece and take it away; answers how often that was done."""

    def bring() -> int:
        done = 0
        for _round in range(ROUNDS):
            try:
                adjust_stock(lamp, place, 1, "Came", STAFF)
            except LocationClosed:
                time.sleep(0.001)
                continue
            adjust_stock(lamp, place, -1, "Gone", STAFF)
            done += 1
        return done

    return bring


def test_a_closed_place_holds_nothing(lamp: int) -> None:
    north = add_location("north", "North", None, "GB", STAFF)
    found, brought = at_once([_closing(north), _bringing(lamp, north)])
    assert (found, type(brought)) == (0, int), brought
    assert stock_proof() == []


def test_the_same_race_catches_levels_that_are_made_anywhere(lamp: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(variant: int, place: int) -> None:
        db.execute(
            "INSERT INTO stock_level (variant_id, location_id, on_hand, allocated, held, backorder_limit)"
            " VALUES (?, ?, 0, 0, 0, 0) ON CONFLICT (variant_id, location_id) DO NOTHING",
            variant,
            place,
        )

    monkeypatch.setattr(stock_writer, "ensure_level", planted)

    def is_caught(code: str) -> bool:
        place = add_location(code, "North", None, "GB", STAFF)
        return at_once([_closing(place), _bringing(lamp, place)])[0] != 0

    assert any(is_caught(f"north-{place}") for place in range(8))
