"""Which price holds, for one and for many, now and later."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from core.catalogue.services import cart_variants, product_page, set_prices
from core.catalogue.services.drafts import PriceDraft, ProductDraft, VariantDraft
from core.catalogue.services.lists import cards_for
from core.catalogue.services.pages import read_page
from core.catalogue.services.prices import PriceFact, current
from core.catalogue.services.products import save_product
from core.catalogue.services.shapes import ProductPage, ShownVariant
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.errors import NotFound, Unfit
from core.lib.money import Money
from tests.core.catalogue.conftest import Make, Promoter
from tests.core.catalogue.goods import STAFF, euro, priced, variant_id


def shown(site: Site, currency: str = "EUR") -> ShownVariant:
    page = product_page(site, "en", currency, "lamp")
    assert isinstance(page, ProductPage)
    return page.variants[0]


def test_lowest_of_the_prices_that_hold_counts() -> None:
    facts = [PriceFact(1, None, None, 1000, None), PriceFact(1, 10, 20, 800, 1000), PriceFact(1, 15, None, 900, None)]
    assert [current(facts, at).amount for at in (5, 10, 15, 19, 20)] == [1000, 800, 800, 800, 900]
    assert [current(facts, at).until for at in (5, 10, 15, 20)] == [10, 15, 20, None]
    assert current(facts, 10).was == 1000


def test_tiers_only_ever_get_cheaper() -> None:
    facts = [
        PriceFact(1, None, None, 1000, None),
        PriceFact(5, None, None, 1100, None),
        PriceFact(10, None, None, 900, None),
    ]
    assert current(facts, 0).tiers == ((1, 1000), (10, 900))


def test_without_a_price_for_one_it_is_not_sold() -> None:
    assert current([PriceFact(5, None, None, 100, None)], 0).amount is None
    assert current([], 0).amount is None


def test_a_cart_line_costs_what_its_quantity_costs(shop: Site, make: Make) -> None:
    make("Lamp", "LAMP")
    set_prices(shop, variant_id("LAMP"), (*priced("10"), *priced("8", from_qty=10)), STAFF)
    line = cart_variants(shop, "en", "EUR", [variant_id("LAMP")])[variant_id("LAMP")]
    assert [line.unit(quantity) for quantity in (1, 9, 10, 500)] == [euro("10"), euro("10"), euro("8"), euro("8")]
    assert [tier.from_qty for tier in shown(shop).tiers] == [1, 10]


def test_prices_of_other_currencies_and_sites_stay(shop: Site, other: Site, make: Make) -> None:
    make("Lamp", "LAMP")
    lamp = variant_id("LAMP")
    set_prices(shop, lamp, (PriceDraft(amount=Money(1200, "USD")),), STAFF)
    set_prices(other, lamp, (PriceDraft(amount=Money(8000, "CNY")),), STAFF)
    set_prices(shop, lamp, priced("11"), STAFF)
    assert shown(shop).price == euro("11")
    assert shown(shop, "USD").price == Money(1200, "USD")
    set_prices(shop, lamp, (), STAFF)
    assert shown(shop).price is None
    assert db.value("SELECT COUNT(*) FROM price") == 1


def test_a_partial_draft_sets_the_prices_it_names(shop: Site, make: Make) -> None:
    make("Lamp", "LAMP")
    save_product(
        shop, ProductDraft(variants=(VariantDraft(sku="LAMP", prices=priced("9", was="10")),), whole=False), STAFF
    )
    assert (shown(shop).price, shown(shop).was) == (euro("9"), euro("10"))


@pytest.mark.parametrize(
    "price",
    [
        PriceDraft(amount=euro("-1")),
        PriceDraft(amount=euro("1"), from_qty=0),
        PriceDraft(amount=euro("2"), was=euro("2")),
        PriceDraft(amount=euro("2"), starts=clock.EPOCH, ends=clock.EPOCH),
    ],
)
def test_what_cannot_be_a_price_is_refused(shop: Site, make: Make, price: PriceDraft) -> None:
    make("Lamp", "LAMP")
    with pytest.raises(Unfit):
        set_prices(shop, variant_id("LAMP"), (price,), STAFF)
    assert shown(shop).price == euro("10")


def test_unknown_variant_has_no_price(shop: Site) -> None:
    with pytest.raises(NotFound):
        set_prices(shop, 99, priced("1"), STAFF)


def test_page_shows_the_promoted_price_until_it_ends(shop: Site, make: Make, promoter: Promoter) -> None:
    product_id = make("Lamp", "LAMP")
    promoter.percent, promoter.until = {product_id: 30}, clock.now() + timedelta(hours=2)
    page = product_page(shop, "en", "EUR", "lamp")
    assert isinstance(page, ProductPage)
    assert (page.variants[0].price, page.variants[0].was, page.until) == (euro("7"), euro("10"), promoter.until)


def test_a_coming_promotion_lowers_nothing_but_ends_page_and_card_when_it_begins(
    shop: Site, make: Make, promoter: Promoter
) -> None:
    product_id = make("Lamp", "LAMP")
    promoter.percent, promoter.until = {product_id: 0}, clock.now() + timedelta(hours=2)
    save_product(shop, ProductDraft(variants=(VariantDraft(sku="LAMP", prices=priced("9")),), whole=False), STAFF)
    page = product_page(shop, "en", "EUR", "lamp")
    assert isinstance(page, ProductPage)
    assert (page.variants[0].price, page.variants[0].was, page.until) == (euro("9"), None, promoter.until)
    (card,) = cards_for(shop, "en", "EUR", [product_id]).values()
    assert (card.price, card.was, card.until) == (euro("9"), None, promoter.until)


def test_a_promotion_above_the_list_price_is_ignored(shop: Site, make: Make, promoter: Promoter) -> None:
    promoter.percent = {make("Lamp", "LAMP"): -50}
    assert (shown(shop).price, shown(shop).was) == (euro("10"), None)


def test_a_page_can_be_read_as_of_another_day(shop: Site, make: Make) -> None:
    make("Lamp", "LAMP")
    tomorrow = clock.now() + timedelta(days=1)
    sale = replace(priced("6", was="10")[0], starts=tomorrow)
    set_prices(shop, variant_id("LAMP"), (*priced("10"), sale), STAFF)
    page = read_page(shop, "en", "EUR", "lamp", at=tomorrow)
    assert isinstance(page, ProductPage)
    assert (page.variants[0].price, shown(shop).price) == (euro("6"), euro("10"))
