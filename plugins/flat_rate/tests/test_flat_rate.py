"""Flat rates: what shoppers are asked for delivery, and what a merchant may set."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.api import (
    Address,
    Carrier,
    ListingDraft,
    Money,
    NotFound,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    Site,
    TextDraft,
    Unfit,
    ValueDraft,
    VariantDraft,
    save_product,
)
from core.testing.contracts import CarrierContract, a_parcel, a_site, the_address
from plugins.flat_rate import forms, services

SITE = a_site(currencies=("EUR", "GBP"))
USUAL = {
    "title_en": "Standard",
    "title_zh-CN": "标准配送",
    "price_EUR": "4.90",
    "free_from_EUR": "50",
    "days_from": "2",
    "days_to": "4",
}


def save(site: Site = SITE, **said: str) -> int:
    return services.save_rate(site, forms.parse({**USUAL, **said}, site), actor="staff:1")


def carrier(site: Site = SITE) -> services.FlatRateCarrier:
    return services.FlatRateCarrier(site, services.rates_of(site))


def prices(parcel: Any) -> list[tuple[str, str]]:
    return [(rate.title, f"{rate.amount.decimal} {rate.amount.currency}") for rate in carrier().quote(parcel)]


class TestContract(CarrierContract):
    @pytest.fixture
    def carrier(self, tables: str) -> Carrier:
        save(countries="GB IE")
        save(title_en="Express", price_EUR="12", free_from_EUR="")
        return carrier()

    @pytest.fixture
    def served(self) -> Address:
        return the_address("GB")


class TestContractWithinOneCountry(TestContract):
    @pytest.fixture
    def carrier(self, tables: str) -> Carrier:
        save(countries="GB")
        return carrier()


@pytest.mark.usefixtures("tables")
class TestRates:
    def test_delivery_costs_its_price_until_the_goods_reach_the_free_amount(self) -> None:
        save()
        assert prices(a_parcel(Money(4999, "EUR"))) == [("Standard", "4.90 EUR")]
        assert prices(a_parcel(Money(5000, "EUR"))) == [("Standard", "0.00 EUR")]

    def test_several_rates_stand_in_the_merchants_order(self) -> None:
        save(position="2")
        save(title_en="Express", price_EUR="12", position="1")
        assert [title for title, _price in prices(a_parcel())] == ["Express", "Standard"]

    def test_a_rate_is_for_its_countries(self) -> None:
        save(countries="gb, IE")
        save(title_en="World", price_EUR="20", countries="US")
        assert prices(a_parcel(Money(100, "EUR"), the_address("US"))) == [("World", "20.00 EUR")]
        assert carrier().serves(the_address("FR")) == "We do not deliver to France."

    def test_without_an_address_the_shops_own_country_counts(self) -> None:
        save(countries="GB")
        assert prices(a_parcel(Money(100, "EUR"), Address())) == [("Standard", "4.90 EUR")]

    def test_a_currency_without_a_price_is_not_offered(self) -> None:
        save()
        assert prices(a_parcel(Money(100, "GBP"))) == []
        save(title_en="Both", price_GBP="3.50")
        assert prices(a_parcel(Money(100, "GBP"))) == [("Both", "3.50 GBP")]

    def test_changing_and_removing_a_rate(self) -> None:
        rate_id = save()
        services.save_rate(SITE, forms.parse({**USUAL, "price_EUR": "5.90"}, SITE), actor="staff:1", rate_id=rate_id)
        assert prices(a_parcel(Money(100, "EUR"))) == [("Standard", "5.90 EUR")]
        services.remove_rate(SITE, rate_id, actor="staff:1")
        assert prices(a_parcel()) == []

    def test_another_sites_rates_are_out_of_reach(self) -> None:
        rate_id = save()
        other = a_site(id=2)
        assert services.rates_of(other) == []
        with pytest.raises(NotFound):
            services.find_rate(other, rate_id)
        with pytest.raises(NotFound):
            services.remove_rate(other, rate_id, actor="staff:1")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title_en": ""}, "title_en"),
        ({"title_en": "x" * 81}, "title_en"),
        ({"price_EUR": "", "free_from_EUR": ""}, "price_EUR"),
        ({"price_EUR": "cheap"}, "price_EUR"),
        ({"price_EUR": "-1"}, "price_EUR"),
        ({"free_from_EUR": "1.2345"}, "free_from_EUR"),
        ({"countries": "GB, England"}, "countries"),
        ({"days_from": "soon"}, "days_from"),
        ({"days_from": "5", "days_to": "4"}, "days_to"),
        ({"days_to": "366"}, "days_to"),
    ],
)
def test_a_wrong_field_is_named(said: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refusal:
        forms.parse({**USUAL, **said}, SITE)
    assert list(refusal.value.errors) == [field]


def test_the_command_says_what_the_form_says() -> None:
    words = "--site shop.localhost --title en=Standard --price EUR=4.90 --free-from EUR=50 --days 2-4 --countries GB,IE"
    said = forms.arguments(words.split())
    assert said.pop("site") == "shop.localhost"
    wanted = forms.parse(said, SITE)
    assert wanted.prices == {"EUR": (490, 5000)}
    assert (wanted.days_from, wanted.days_to, wanted.countries) == (2, 4, "GB IE")


def lamps(site: Site, **stock: tuple[int, int]) -> None:
    """A lamp to choose, each with its stock and how many may be ordered beyond it."""
    values = tuple(ValueDraft(code=code, names={"en": code.title()}) for code in stock)
    variants = tuple(
        VariantDraft(
            sku=f"LAMP-{code.upper()}", values={"kind": code}, tracked=True, stock=there, backorder_limit=beyond,
            prices=(PriceDraft(amount=Money(2000, "EUR")),),
        )
        for code, (there, beyond) in stock.items()
    )  # fmt: skip
    draft = ProductDraft(
        texts={"en": TextDraft(name="Lamp")},
        options=(OptionDraft(code="kind", names={"en": "Kind"}, values=values),),
        variants=variants,
        listing=ListingDraft(visible=True),
    )
    save_product(site, draft, "system")


class TestPages:
    """What is said before anything is ordered."""

    def test_product_says_when_it_arrives_what_that_costs_and_from_when_it_is_free(
        self, site: Site, turn_on: Any, sell: Any, browse: Any, clock: Any
    ) -> None:
        clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))  # A Thursday.
        turn_on("flat_rate")
        save(site)
        sell("LAMP", 2000, name="Lamp")
        page = browse(site, "/p/lamp").text
        assert "With you by Wednesday, 2 December 2026" in page
        assert "Delivery €4.90 · free from €50.00" in " ".join(page.split())

    def test_no_day_is_promised_for_what_does_not_leave_now(
        self, site: Site, turn_on: Any, sell: Any, browse: Any, clock: Any
    ) -> None:
        clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))
        turn_on("flat_rate")
        save(site)
        sell("LAMP", 2000, name="Lamp", stock=0, backorder_limit=5)
        page = browse(site, "/p/lamp").text
        assert "leaves as soon as it is there" in page
        assert "With you by" not in page
        assert "Delivery €4.90" in page

    def test_the_day_is_that_of_the_chosen_variant(self, site: Site, turn_on: Any, browse: Any, clock: Any) -> None:
        clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))
        turn_on("flat_rate")
        save(site)
        lamps(site, now=(3, 0), later=(0, 5), gone=(0, 0))
        there, later, gone = re.findall(r'"id": ?(\d+)', browse(site, "/p/lamp").text)
        now, then = f'data-of-variants="{there}"', f'data-of-variants="{later} {gone}"'
        for sku, shown, other in (("NOW", now, then), ("LATER", then, now), ("GONE", then, now)):
            page = browse(site, f"/p/lamp?v=LAMP-{sku}").text
            assert f"{shown}>" in page, sku
            assert f"{other} hidden>" in page, sku
            assert page.count("With you by Wednesday, 2 December 2026") == 1

    def test_promise_moves_on_at_midnight_and_with_the_price(
        self, site: Site, turn_on: Any, sell: Any, browse: Any, clock: Any
    ) -> None:
        clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))
        turn_on("flat_rate")
        rate = save(site)
        sell("LAMP", 2000, name="Lamp")
        browse(site, "/p/lamp")
        clock.set(datetime(2026, 11, 27, 1, tzinfo=UTC))
        assert "With you by Thursday, 3 December 2026" in browse(site, "/p/lamp").text
        services.save_rate(site, forms.parse({**USUAL, "price_EUR": "7"}, site), actor="staff:1", rate_id=rate)
        assert "€7.00" in browse(site, "/p/lamp").text

    def test_cart_says_how_far_it_is_to_free_delivery(self, site: Site, turn_on: Any, sell: Any, browse: Any) -> None:
        turn_on("flat_rate")
        save(site)
        lamp = sell("LAMP", 2000, name="Lamp")
        assert "more for free delivery" not in browse(site, "/cart").text
        browse(site, "/cart/add", data={"product": "lamp", "variant": str(lamp.variant_id), "quantity": "1"})
        assert "€30.00 more for free delivery" in browse(site, "/cart").text

    def test_weekends_are_no_working_days(self) -> None:
        friday, monday = date(2026, 11, 27), date(2026, 11, 30)
        assert services.working_day(friday, 0) == friday
        assert services.working_day(friday, 1) == monday
        assert services.working_day(friday, 6) == date(2026, 12, 7)
