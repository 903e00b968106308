"""Several places that ship: added, named, put in order, closed while empty."""

from __future__ import annotations

import pytest

from core.catalogue.services import adjust_stock, allocate, stock_proof
from core.catalogue.services.locations import (
    ClosedAlready,
    HoldsStock,
    LastLocation,
    OpenAlready,
    add_location,
    all_locations,
    close_location,
    edit_location,
    move_location,
    open_location,
)
from core.catalogue.services.stock import LocationClosed, restock
from core.catalogue.services.stock_counts import first_location
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms, stock_terms
from core.hookspecs.site import Site
from core.kernel import db
from core.lib.errors import NotFound, Unfit
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.test_stock import variant_id

STAFF = "staff:1"


@pytest.fixture
def lamp(make: Make) -> int:
    make("Lamp", "LAMP", stock=10)
    return variant_id("LAMP")


@pytest.fixture
def north(lamp: int) -> int:
    return add_location("north", "North", None, "GB", STAFF)


def open_names() -> list[str]:
    return [one.name for one in all_locations() if one.is_open]


def test_a_further_place_comes_last_and_has_sums_of_its_own(lamp: int, north: int) -> None:
    adjust_stock(lamp, north, 4, "Came", STAFF)
    with db.transaction():
        allocate({lamp: 3}, "order:1", "system")
    assert [(one.name, one.variants, one.on_hand, one.promised) for one in all_locations()] == [
        ("Main", 1, 10, 3),
        ("North", 1, 4, 0),
    ]


def test_a_place_is_named_and_coded(north: int) -> None:
    edit_location(north, "Far north", "NO", STAFF, postcode="ab1 2cd")
    assert [(one.name, one.country, one.postcode) for one in all_locations()] == [
        ("Main", "", ""), ("Far north", "NO", "AB1 2CD")
    ]  # fmt: skip
    for code, name, field in (("north", "Other", "code"), ("No way", "Other", "code"), ("other", "", "name")):
        with pytest.raises(Unfit) as refusal:
            add_location(code, name, None, "", STAFF)
        assert list(refusal.value.errors) == [field]
    with pytest.raises(NotFound):
        edit_location(north + 9, "Nowhere", "", STAFF)


def test_orders_take_from_the_upper_place_first(lamp: int, north: int) -> None:
    adjust_stock(lamp, north, 4, "Came", STAFF)
    move_location(north, up=True, actor=STAFF)
    assert (open_names(), first_location()) == (["North", "Main"], north)
    move_location(north, up=True, actor=STAFF)
    assert open_names() == ["North", "Main"]
    with db.transaction():
        assert [part.location_id for part in allocate({lamp: 2}, "order:1", "system")] == [north]


def test_what_may_be_ordered_beyond_goes_along_with_the_first_place(site: Site, lamp: int, north: int) -> None:
    main = first_location()
    set_stock_terms(site, lamp, StockTerms(backorder_limit=7), STAFF)
    with db.transaction():
        allocate({lamp: 12}, "order:1", "system")  # ten from the shelf, two beyond it
    move_location(main, up=False, actor=STAFF)
    assert stock_terms(site, [lamp])[lamp].backorder_limit == 5
    with db.transaction():
        assert sum(part.quantity for part in allocate({lamp: 5}, "order:2", "system")) == 5
    assert dict(db.rows("SELECT location_id, backorder_limit FROM stock_level WHERE variant_id = ?", lamp)) == {
        main: 2,
        north: 5,
    }
    assert stock_proof() == []


def test_a_place_that_holds_anything_is_not_closed(lamp: int, north: int) -> None:
    adjust_stock(lamp, north, 1, "Came", STAFF)
    with pytest.raises(HoldsStock, match="North still has stock"):
        close_location(north, STAFF)
    adjust_stock(lamp, north, -1, "Gone", STAFF)
    close_location(north, STAFF)
    assert open_names() == ["Main"]
    with pytest.raises(LastLocation, match="Main is the only place"):
        close_location(first_location(), STAFF)
    assert stock_proof() == []


def test_nothing_comes_to_a_closed_place_and_what_was_sent_from_there_comes_back_elsewhere(
    lamp: int, north: int
) -> None:
    close_location(north, STAFF)
    with pytest.raises(LocationClosed):
        adjust_stock(lamp, north, 1, "Came", STAFF)
    with db.transaction():
        restock({lamp: 1}, north, "order:1", "system")
    assert [(one.name, one.on_hand) for one in all_locations()] == [("Main", 11), ("North", 0)]
    assert stock_proof() == []


def test_closing_the_first_place_hands_its_terms_on(site: Site, lamp: int, north: int) -> None:
    main = first_location()
    set_stock_terms(site, lamp, StockTerms(backorder_limit=7), STAFF)
    adjust_stock(lamp, main, -10, "Moved", STAFF)
    close_location(main, STAFF)
    assert (first_location(), stock_terms(site, [lamp])[lamp].backorder_limit) == (north, 7)
    open_location(main, STAFF)
    assert open_names() == ["North", "Main"]
    with pytest.raises(OpenAlready, match="Main is open already"):
        open_location(main, STAFF)


def test_a_closing_that_is_undone_leaves_all_as_it_was(site: Site, lamp: int, north: int) -> None:
    main = first_location()
    set_stock_terms(site, lamp, StockTerms(backorder_limit=7), STAFF)
    adjust_stock(lamp, main, -10, "Moved", STAFF)
    close_location(main, STAFF)
    open_location(main, STAFF, as_before=True)
    assert open_names() == ["Main", "North"]
    assert (first_location(), stock_terms(site, [lamp])[lamp].backorder_limit) == (main, 7)
    close_location(north, STAFF)
    with pytest.raises(ClosedAlready, match="North is closed already"):
        close_location(north, STAFF)
    open_location(north, STAFF, as_before=True)
    assert open_names() == ["Main", "North"]
    assert stock_proof() == []
