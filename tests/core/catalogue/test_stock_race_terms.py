"""Four processes want more than there is: beyond the stock, before the release, of what a site keeps back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from core.catalogue.services import add_location, adjust_stock, stock_proof
from core.catalogue.services.stock import OutOfStock, allocate, hold
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, variant_id
from tests.core.catalogue.test_stock_race import Buy, buy, sold

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
TRIES = [30, pytest.param(400, marks=pytest.mark.slow)]


@pytest.fixture
def lamp(make: Make) -> int:
    make("Lamp", "LAMP", stock=20)
    return variant_id("LAMP")


def _reading_first(column: str, cap: str) -> Buy:
    """The mistake to be caught: what was read before the transaction is written in it."""

    def buy_reading_first(variant: int, reference: str) -> None:
        taken, most, place = db.rows(
            f"SELECT {column}, {cap}, location_id FROM stock_level WHERE variant_id = ?", variant
        )[0]
        time.sleep(0.002)
        if taken >= most:
            raise OutOfStock(variant, 1, 0)
        with db.transaction():
            db.execute(f"UPDATE stock_level SET {column} = ? WHERE variant_id = ?", taken + 1, variant)
            ahead = int(column == "preordered")
            db.execute(
                "INSERT INTO stock_move (variant_id, location_id, kind, on_hand, allocated, held, preordered, reason,"
                " actor, reference, at) VALUES (?, ?, 'allocate', 0, ?, 0, ?, '', 'system', ?, 0)",
                variant, place, 1 - ahead, ahead, reference,
            )  # fmt: skip

    return buy_reading_first


@pytest.mark.parametrize("tries", TRIES)
def test_twenty_there_and_thirty_beyond_are_fifty(shop: Site, lamp: int, tries: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(backorder_limit=30), STAFF)
    assert sold(buy, lamp, tries) == 50
    assert stock_proof() == []


def test_the_same_race_catches_a_limit_that_is_read_first(shop: Site, lamp: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(backorder_limit=30), STAFF)
    assert sold(_reading_first("allocated", "on_hand + backorder_limit"), lamp, 40) > 50
    assert stock_proof() != []


@pytest.mark.parametrize("tries", TRIES)
def test_a_cap_of_fifty_is_fifty_preorders(shop: Site, lamp: int, tries: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(release_at=NEVER, preorder_cap=50), STAFF)
    assert sold(buy, lamp, tries) == 50
    assert db.value("SELECT preordered FROM stock_level WHERE variant_id = ?", lamp) == 50
    assert stock_proof() == []


def test_the_same_race_catches_a_cap_that_is_read_first(shop: Site, lamp: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(release_at=NEVER, preorder_cap=50), STAFF)
    assert sold(_reading_first("preordered", "preorder_cap"), lamp, 40) > 50


def _of_site(site: Site) -> Buy:
    def buy_there(variant: int, reference: str) -> None:
        with db.transaction():
            allocate({variant: 1}, reference, "system", site_id=site.id)

    return buy_there


@pytest.mark.parametrize("tries", [15, pytest.param(400, marks=pytest.mark.slow)])
def test_what_is_kept_back_over_two_locations_stays(shop: Site, lamp: int, tries: int) -> None:
    far = add_location("far", "Far away", 5, "FR", STAFF)
    adjust_stock(lamp, far, 20, "delivery", STAFF)
    set_stock_terms(shop, lamp, StockTerms(safety=7), STAFF)
    assert sold(_of_site(shop), lamp, tries) == 33
    assert stock_proof() == []


def test_the_same_race_catches_a_site_that_looks_before_it_takes(shop: Site, lamp: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(safety=7), STAFF)

    def buy_looking_first(variant: int, reference: str) -> None:
        free = db.value("SELECT on_hand - allocated FROM stock_level WHERE variant_id = ?", variant)
        time.sleep(0.002)
        if free <= 7:
            raise OutOfStock(variant, 1, 0)
        with db.transaction():
            allocate({variant: 1}, reference, "system")

    assert sold(buy_looking_first, lamp, 30) > 13


def _holding(minutes: int) -> Buy:
    def hold_and_buy(variant: int, reference: str) -> None:
        """As a cart does: hold a piece, and order it; every third cart is left behind."""
        cart = reference.replace("order", "cart")
        with db.transaction():
            got = hold({variant: 1}, cart, "system", until=clock.now() + timedelta(minutes=minutes))
        if not got or (len(reference) + ord(reference[-1])) % 3 == 0:
            raise OutOfStock(variant, 1, 0)
        with db.transaction():
            allocate({variant: 1}, reference, "system", cart=cart)

    return hold_and_buy


@pytest.mark.parametrize("tries", [12, pytest.param(300, marks=pytest.mark.slow)])
def test_holds_that_are_over_block_nobody_and_nothing_is_sold_twice(shop: Site, lamp: int, tries: int) -> None:
    assert shop
    over = -1  # Each hold has ended before the next buyer comes, and no job has run.
    assert sold(_holding(over), lamp, tries) == 20
    held = db.value("SELECT held FROM stock_level WHERE variant_id = ?", lamp)
    assert held == int(db.value("SELECT COALESCE(SUM(pieces), 0) FROM stock_hold"))
    assert stock_proof() == []
