"""Stock: promised once, given back, shipped, counted, and always the sum of its moves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.catalogue.services import (
    add_location,
    adjust_stock,
    count_stock,
    receive_stock,
    set_backorder_limit,
    stock_proof,
)
from core.catalogue.services.drafts import ProductDraft, VariantDraft
from core.catalogue.services.products import save_product
from core.catalogue.services.stock import (
    UNLIMITED,
    Allocation,
    OutOfStock,
    StockPromised,
    allocate,
    allocated_to,
    hold,
    release,
    restock,
    ship,
    stock_of,
)
from core.hookspecs.events import StockChanged
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.events import decode
from core.lib import clock
from core.lib.errors import NotFound
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, location, shirt, variant_id


@pytest.fixture
def lamp(make: Make) -> int:
    """A variant of which ten are there."""
    make("Lamp", "LAMP", stock=10)
    return variant_id("LAMP")


def level(variant: int) -> tuple[int, int, int]:
    """(on hand, allocated, held) at the first location."""
    return stock_of([variant])[variant][0][1:4]


def test_promised_pieces_are_not_promised_again(lamp: int) -> None:
    with db.transaction():
        allocate({lamp: 7}, "order:1", "system")
    with pytest.raises(OutOfStock) as refused, db.transaction():
        allocate({lamp: 4}, "order:2", "system")
    assert (refused.value.wanted, refused.value.available) == (4, 3)
    assert str(refused.value) == "Only 3 of LAMP can be had now."
    assert level(lamp) == (10, 7, 0)
    assert stock_proof() == []


def test_what_is_sold_out_says_so(lamp: int) -> None:
    with db.transaction():
        allocate({lamp: 10}, "order:1", "system")
    with pytest.raises(OutOfStock, match=r"LAMP is sold out\."), db.transaction():
        allocate({lamp: 1}, "order:2", "system")


def test_an_order_gets_all_its_lines_or_none(lamp: int, make: Make) -> None:
    make("Vase", "VASE", stock=1)
    with pytest.raises(OutOfStock), db.transaction():
        allocate({lamp: 1, variant_id("VASE"): 2}, "order:1", "system")
    assert level(lamp) == (10, 0, 0)


def test_variant_that_is_not_counted_never_runs_out(make: Make) -> None:
    make("Voucher", "VOUCHER")
    with db.transaction():
        assert allocate({variant_id("VOUCHER"): 1000}, "order:1", "system") == []


def test_deleted_and_unknown_variants_cannot_be_had(lamp: int) -> None:
    with pytest.raises(OutOfStock), db.transaction():
        allocate({lamp + 999: 1}, "order:1", "system")


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_below_one_is_an_error(lamp: int, quantity: int) -> None:
    with pytest.raises(ValueError, match="at least 1"), db.transaction():
        allocate({lamp: quantity}, "order:1", "system")


def test_release_gives_back_at_most_what_the_order_has(lamp: int) -> None:
    with db.transaction():
        allocate({lamp: 3}, "order:1", "system")
        allocate({lamp: 2}, "order:2", "system")
    with db.transaction():
        assert release({lamp: 5}, "order:1", STAFF) == [Allocation(lamp, location(), 3)]
    assert level(lamp) == (10, 2, 0)
    with db.transaction():
        assert release({lamp: 5}, "order:1", STAFF) == []


def test_shipped_pieces_leave_the_house(lamp: int) -> None:
    with db.transaction():
        allocate({lamp: 3}, "order:1", "system")
    with db.transaction():
        assert ship({lamp: 2}, "order:1", STAFF) == [Allocation(lamp, location(), 2)]
    assert level(lamp) == (8, 1, 0)
    assert allocated_to("order:1") == [Allocation(lamp, location(), 1)]
    assert stock_proof() == []


def test_returned_pieces_go_back_on_the_shelf(lamp: int) -> None:
    with db.transaction():
        restock({lamp: 2}, location(), "return:1", STAFF)
    assert level(lamp) == (12, 0, 0)


def test_a_hold_blocks_others_and_becomes_a_promise(lamp: int) -> None:
    with db.transaction():
        hold({lamp: 10}, "cart:1", "system", until=clock.now() + timedelta(minutes=10))
    with pytest.raises(OutOfStock), db.transaction():
        allocate({lamp: 1}, "order:2", "system")
    with db.transaction():
        assert allocate({lamp: 6}, "order:1", "system", cart="cart:1") == [Allocation(lamp, location(), 6)]
    assert level(lamp) == (10, 6, 0)
    assert stock_proof() == []


def test_backorders_may_be_promised_but_not_shipped(lamp: int) -> None:
    set_backorder_limit(lamp, location(), 5, STAFF)
    with db.transaction():
        allocate({lamp: 12}, "order:1", "system")
    with pytest.raises(OutOfStock), db.transaction():
        ship({lamp: 12}, "order:1", STAFF)
    with pytest.raises(StockPromised):
        set_backorder_limit(lamp, location(), 1, STAFF)
    receive_stock({lamp: 4}, location(), "delivery:1", STAFF)
    with db.transaction():
        ship({lamp: 12}, "order:1", STAFF)
    assert level(lamp) == (2, 0, 0)


def test_unlimited_backorders_never_run_out(lamp: int) -> None:
    set_backorder_limit(lamp, location(), UNLIMITED, STAFF)
    with db.transaction():
        allocate({lamp: 100_000}, "order:1", "system")


def test_one_location_is_preferred_and_an_order_split_only_if_it_must(lamp: int) -> None:
    far = add_location("far", "Far away", 5, "FR", STAFF)
    adjust_stock(lamp, far, 12, "delivery", STAFF)
    with db.transaction():
        assert allocate({lamp: 4}, "order:1", "system") == [Allocation(lamp, location(), 4)]
        assert allocate({lamp: 11}, "order:2", "system") == [Allocation(lamp, far, 11)]
        assert allocate({lamp: 7}, "order:3", "system") == [Allocation(lamp, location(), 6), Allocation(lamp, far, 1)]
    with pytest.raises(OutOfStock), db.transaction():
        allocate({lamp: 1}, "order:4", "system")


def test_correction_and_count_write_their_reason(lamp: int) -> None:
    assert adjust_stock(lamp, location(), -2, "broken", STAFF) == 8
    assert count_stock(lamp, location(), 9, "yearly count", STAFF) == 1
    assert level(lamp) == (9, 0, 0)
    moves = db.rows("SELECT kind, on_hand, reason, actor FROM stock_move WHERE variant_id = ? ORDER BY id", lamp)
    assert moves == [("count", 10, "", STAFF), ("adjust", -2, "broken", STAFF), ("count", 1, "yearly count", STAFF)]
    assert stock_proof() == []


def test_stock_cannot_fall_below_what_is_promised(lamp: int) -> None:
    with db.transaction():
        allocate({lamp: 6}, "order:1", "system")
    with pytest.raises(StockPromised):
        adjust_stock(lamp, location(), -5, "broken", STAFF)
    with pytest.raises(StockPromised):
        count_stock(lamp, location(), 5, "count", STAFF)
    assert level(lamp) == (10, 6, 0)


def test_a_save_may_count(shop: Site, lamp: int) -> None:
    save_product(shop, ProductDraft(variants=(VariantDraft(sku="LAMP", stock=4),), whole=False), STAFF)
    assert level(lamp) == (4, 0, 0)
    assert stock_proof() == []


def test_unknown_variant_has_no_stock(shop: Site) -> None:
    assert shop
    with pytest.raises(NotFound):
        adjust_stock(99, location(), 1, "", STAFF)


def test_proof_finds_a_level_that_nobody_moved(lamp: int) -> None:
    with db.transaction():
        db.execute("UPDATE stock_level SET on_hand = on_hand + 1 WHERE variant_id = ?", lamp)
    assert stock_proof() == [(lamp, location(), 1, 0, 0)]


def test_database_itself_refuses_to_oversell(lamp: int) -> None:
    from peewee import IntegrityError

    with pytest.raises(IntegrityError), db.transaction():
        db.execute("UPDATE stock_level SET allocated = 11 WHERE variant_id = ?", lamp)


def test_selling_from_plenty_takes_three_statements(make: Make) -> None:
    make("Lamp", "LAMP", stock=100)
    lamp = variant_id("LAMP")
    with db.transaction(), db.counted() as statements:
        allocate({lamp: 1}, "order:1", "system")
    assert len(statements) == 3


# -- what listeners hear -----------------------------------------------------------------------------------------------


@pytest.fixture
def shirts(shop: Site) -> tuple[int, int]:
    """A product of two variants: of one there is a piece, of the other there are plenty."""
    save_product(shop, shirt("Shirt", "SHIRT", colours=("red",)), STAFF)
    scarce, plenty = variant_id("SHIRT-red-s"), variant_id("SHIRT-red-m")
    adjust_stock(scarce, location(), -9, "Lost", STAFF)
    receive_stock({plenty: 40}, location(), "delivery:1", STAFF)
    return scarce, plenty


def heard() -> list[tuple[int, ...]]:
    """The variants of each StockChanged since the last look."""
    found = [decode(row[0]) for row in db.rows("SELECT payload FROM outbox WHERE type = 'stock.changed' ORDER BY id")]
    with db.transaction():
        db.execute("DELETE FROM outbox")
    return [event.variant_ids for event in found if isinstance(event, StockChanged)]


def test_listeners_hear_of_a_variant_that_sells_out_or_comes_back_beside_others(shirts: tuple[int, int]) -> None:
    scarce, plenty = shirts
    heard()
    with db.transaction():
        allocate({scarce: 1, plenty: 2}, "order:1", "system")
    assert heard() == [(scarce,)], "the product is still there, the variant is not"
    with db.transaction():
        release({scarce: 1}, "order:1", "system", "cancel")
    assert heard() == [(scarce,)]
    with db.transaction():
        allocate({plenty: 2}, "order:2", "system")
    assert heard() == [], "a sale from plenty changes nothing that anybody sees"
