"""Backorders with a limit and a day, sales before the release with a cap, and what a site keeps back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.catalogue.services import (
    add_location,
    adjust_stock,
    cart_variants,
    product_page,
    set_listing,
    set_prices,
    stock_proof,
)
from core.catalogue.services.drafts import PriceDraft
from core.catalogue.services.shapes import ProductPage, ShownVariant
from core.catalogue.services.stock import (
    Allocation,
    NotReleased,
    OutOfStock,
    StockPromised,
    allocate,
    allocated_to,
    release,
    ship,
)
from core.catalogue.services.stock_audit import differences, repair_stock
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms, stock_terms
from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.lib import clock
from core.lib.errors import Unfit
from core.lib.money import Money
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, location, variant_id

LATER = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.fixture
def lamp(make: Make, noon: clock.Frozen) -> int:
    """A variant of which three are there, at noon on 2 March."""
    del noon
    make("Lamp", "LAMP", stock=3)
    return variant_id("LAMP")


def promise(needs: dict[int, int], reference: str = "order:1", site: Site | None = None) -> list[Allocation]:
    with db.transaction():
        return allocate(needs, reference, "system", site_id=site.id if site else None)


def shown(site: Site) -> ShownVariant:
    page = product_page(site, "en", "EUR", "lamp")
    assert isinstance(page, ProductPage)
    return page.variants[0]


def level(variant: int) -> tuple[int, ...]:
    """(on hand, allocated, pre-ordered) at the first location."""
    found = db.one("SELECT on_hand, allocated, preordered FROM stock_level WHERE variant_id = ?", variant)
    assert found is not None
    return found


# -- backorders --------------------------------------------------------------------------------------------------------


def test_pieces_beyond_the_stock_are_promised_up_to_the_limit_and_known_to_be_late(shop: Site, lamp: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(backorder_limit=4, promised_at=LATER), STAFF)
    assert promise({lamp: 2})[0].late == 0
    assert promise({lamp: 3}, "order:2")[0].late == 2
    with pytest.raises(OutOfStock) as refused:
        promise({lamp: 3}, "order:3")
    assert refused.value.available == 2
    assert level(lamp) == (3, 5, 0)
    assert stock_proof() == []


def test_the_page_says_what_is_there_and_from_when_on_the_rest_leaves(shop: Site, lamp: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(backorder_limit=4, promised_at=LATER), STAFF)
    assert (shown(shop).there, shown(shop).left, shown(shop).promised_at) == (3, 7, LATER)
    assert not shown(shop).is_backorder
    promise({lamp: 3})
    assert (shown(shop).there, shown(shop).left) == (0, 4)
    assert shown(shop).is_backorder


def test_a_day_that_is_over_is_promised_no_more(shop: Site, lamp: int, noon: clock.Frozen) -> None:
    set_stock_terms(shop, lamp, StockTerms(backorder_limit=4, promised_at=LATER), STAFF)
    noon.set(LATER + timedelta(days=1))
    assert shown(shop).promised_at is None


def test_a_limit_below_what_is_promised_is_refused(shop: Site, lamp: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(backorder_limit=4), STAFF)
    promise({lamp: 6})
    with pytest.raises(StockPromised):
        set_stock_terms(shop, lamp, StockTerms(backorder_limit=2), STAFF)
    assert stock_terms(shop, [lamp])[lamp].backorder_limit == 4


def test_shelves_are_emptied_before_anything_is_promised_late(shop: Site, lamp: int) -> None:
    set_stock_terms(shop, lamp, StockTerms(backorder_limit=50), STAFF)
    far = add_location("far", "Far away", 5, "FR", STAFF)
    adjust_stock(lamp, far, 9, "delivery", STAFF)
    assert promise({lamp: 8}) == [Allocation(lamp, far, 8)]


@pytest.mark.parametrize("terms", [{"backorder_limit": -1}, {"preorder_cap": -2}, {"safety": 10**12}])
def test_terms_that_cannot_be_are_refused(shop: Site, lamp: int, terms: dict[str, int]) -> None:
    with pytest.raises(Unfit):
        set_stock_terms(shop, lamp, StockTerms(**terms), STAFF)


# -- before the release ------------------------------------------------------------------------------------------------


@pytest.fixture
def ahead(shop: Site, lamp: int) -> int:
    """The lamp is released on 20 March; five may be sold before."""
    set_stock_terms(shop, lamp, StockTerms(release_at=LATER, preorder_cap=5), STAFF)
    return lamp


def test_before_the_release_the_cap_counts_and_not_what_is_there(shop: Site, ahead: int) -> None:
    made = promise({ahead: 4})
    assert (made[0].ahead, level(ahead)) == (True, (3, 0, 4))
    with pytest.raises(OutOfStock):
        promise({ahead: 2}, "order:2")
    assert (shown(shop).left, shown(shop).release_at) == (1, LATER)
    assert stock_proof() == []


def test_a_preorder_leaves_from_the_release_on_and_not_before(ahead: int, noon: clock.Frozen) -> None:
    promise({ahead: 2})
    with pytest.raises(NotReleased, match="2026-03-20"), db.transaction():
        ship({ahead: 2}, "order:1", STAFF)
    noon.set(LATER)
    with db.transaction():
        assert ship({ahead: 2}, "order:1", STAFF) == [Allocation(ahead, location(), 2, ahead=True)]
    assert level(ahead) == (1, 0, 0)
    assert stock_proof() == []


def test_after_the_release_others_get_what_the_preorders_leave(shop: Site, ahead: int, noon: clock.Frozen) -> None:
    promise({ahead: 2})
    noon.set(LATER)
    assert shown(shop).left == 1
    with pytest.raises(OutOfStock):
        promise({ahead: 2}, "order:2")
    promise({ahead: 1}, "order:2")
    assert level(ahead) == (3, 1, 2)


def test_a_cancelled_preorder_gives_its_place_back(ahead: int) -> None:
    promise({ahead: 5})
    with db.transaction():
        release({ahead: 3}, "order:1", STAFF)
    assert allocated_to("order:1") == [Allocation(ahead, location(), 2, ahead=True)]
    promise({ahead: 3}, "order:2")


def test_lists_wake_up_at_the_release(shop: Site, ahead: int, noon: clock.Frozen) -> None:
    jobs.run_due()
    promise({ahead: 5})
    assert not db.value("SELECT available FROM card WHERE currency = 'EUR' AND language = 'en'")
    with db.transaction():
        release({ahead: 5}, "order:1", STAFF)
    adjust_stock(ahead, location(), -3, "lost", STAFF)
    assert db.value("SELECT available FROM card WHERE currency = 'EUR' AND language = 'en'")
    noon.set(LATER)
    jobs.run_due()
    assert not db.value("SELECT available FROM card WHERE currency = 'EUR' AND language = 'en'")


def test_the_database_itself_refuses_more_than_the_cap(ahead: int) -> None:
    from peewee import IntegrityError

    with pytest.raises(IntegrityError), db.transaction():
        db.execute("UPDATE stock_level SET preordered = 6 WHERE variant_id = ?", ahead)


# -- what a site keeps back --------------------------------------------------------------------------------------------


@pytest.fixture
def sold_twice(lamp: int, other: Site) -> int:
    """The lamp is for sale on the second site, too."""
    product = int(db.value("SELECT product_id FROM variant WHERE id = ?", lamp))
    set_listing(other, product, actor=STAFF, visible=True)
    set_prices(other, lamp, (PriceDraft(amount=Money(1000, "CNY")),), STAFF)
    return lamp


def test_a_unit_is_kept_back_from_one_site_and_sold_on_the_other(shop: Site, other: Site, sold_twice: int) -> None:
    set_stock_terms(shop, sold_twice, StockTerms(safety=1), STAFF)
    assert cart_variants(shop, "en", "EUR", [sold_twice])[sold_twice].left == 2
    assert cart_variants(other, "zh-CN", "CNY", [sold_twice])[sold_twice].left == 3
    promise({sold_twice: 2}, site=shop)
    with pytest.raises(OutOfStock) as refused:
        promise({sold_twice: 1}, "order:2", shop)
    assert refused.value.available == 0
    assert promise({sold_twice: 1}, "order:3", other)


def test_only_the_site_that_keeps_back_says_sold_out(shop: Site, other: Site, sold_twice: int) -> None:
    set_stock_terms(shop, sold_twice, StockTerms(safety=3), STAFF)
    assert not shown(shop).can_be_bought
    said: Sequence[tuple[int, bool]] = db.rows("SELECT DISTINCT site_id, available FROM card ORDER BY site_id")
    assert [(site, bool(available)) for site, available in said] == [(shop.id, False), (other.id, True)]
    assert cart_variants(other, "zh-CN", "CNY", [sold_twice])[sold_twice].left == 3


def test_what_is_kept_back_is_kept_by_all_locations_together(shop: Site, lamp: int) -> None:
    far = add_location("far", "Far away", 5, "FR", STAFF)
    adjust_stock(lamp, far, 2, "delivery", STAFF)
    set_stock_terms(shop, lamp, StockTerms(safety=2), STAFF)
    promise({lamp: 3}, site=shop)
    with pytest.raises(OutOfStock):
        promise({lamp: 1}, "order:2", shop)
    assert promise({lamp: 2}, "order:3")


def test_cards_turn_when_only_what_is_kept_back_is_left(shop: Site, lamp: int) -> None:
    adjust_stock(lamp, location(), 47, "delivery", STAFF)
    set_stock_terms(shop, lamp, StockTerms(safety=40), STAFF)
    assert db.value("SELECT available FROM card LIMIT 1")
    promise({lamp: 10}, site=shop)
    assert not db.value("SELECT available FROM card LIMIT 1")


def test_the_proof_looks_at_what_was_sold_ahead_too(ahead: int) -> None:
    promise({ahead: 2})
    with db.transaction():
        db.execute("UPDATE stock_level SET preordered = 3 WHERE variant_id = ?", ahead)
    assert [one.words for one in differences()] == ["preordered 3, by its moves 2"]
    assert len(repair_stock(STAFF)[0]) == 1
    assert level(ahead) == (3, 0, 2)
