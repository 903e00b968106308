"""Taxes: whole minor units, whatever the prices hold, wherever the goods go."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api import Address, Money, PricedCart, Site, TaxableLine, Taxes, Unfit
from core.testing.contracts import a_site, the_address
from plugins.tax_table import forms, services
from plugins.tax_table.models import TaxRate

SITE = a_site()


def rate(country: str = "GB", percent: str = "20", tax_class: str = "standard", **said: str) -> TaxRate:
    row = forms.row({"country": country, "rate": percent, "tax_class": tax_class, "name": "VAT", **said})
    return TaxRate(
        site_id=1, tax_class=row.tax_class, country=row.country, region=row.region, name=row.name, rate=row.rate
    )


def cart(
    *amounts: int,
    inside: bool = True,
    address: Address | None = None,
    tax_class: str = "standard",
    delivery: int | None = None,
) -> PricedCart:
    lines = [
        TaxableLine(key=f"line:{i}", tax_class=tax_class, amount=Money(amount, "EUR"))
        for i, amount in enumerate(amounts)
    ]
    if delivery is not None:
        lines.append(TaxableLine(key="delivery", tax_class="delivery", amount=Money(delivery, "EUR")))
    return PricedCart(lines=tuple(lines), currency="EUR", address=address or the_address(), prices_include_tax=inside)


def told(taxes: Taxes) -> list[tuple[str, str, int]]:
    return [(tax.key, tax.name, tax.amount.amount) for tax in taxes.taxes]


def test_a_price_that_holds_the_tax_is_taken_apart() -> None:
    assert told(services.taxes(SITE, cart(12_000), [rate()])) == [("line:0", "VAT", 2000)]


def test_a_tax_on_top_is_the_percentage() -> None:
    assert told(services.taxes(SITE, cart(10_000, inside=False), [rate()])) == [("line:0", "VAT", 2000)]


@pytest.mark.parametrize(
    ("amount", "percent", "tax"),
    [(3, "20", 1), (2, "20", 0), (5, "10", 1), (250, "19", 48), (50, "1", 1), (49, "1", 0)],
)
def test_halves_are_rounded_away_from_zero_per_line(amount: int, percent: str, tax: int) -> None:
    assert told(services.taxes(SITE, cart(amount, inside=False), [rate(percent=percent)])) == [("line:0", "VAT", tax)]


def test_delivery_is_taxed_as_standard_unless_the_table_names_it() -> None:
    assert told(services.taxes(SITE, cart(delivery=600), [rate()])) == [("delivery", "VAT", 100)]
    named = [rate(), rate(percent="5", tax_class="delivery")]
    assert told(services.taxes(SITE, cart(delivery=600), named)) == [("delivery", "VAT", 29)]


def test_a_class_has_its_own_rate_and_an_unknown_one_the_standard() -> None:
    rates = [rate(), rate(percent="5", tax_class="reduced"), rate(percent="0", tax_class="zero")]
    for tax_class, tax in (("reduced", 500), ("zero", 0), ("books", 2000)):
        assert told(services.taxes(SITE, cart(10_000, inside=False, tax_class=tax_class), rates)) == [
            ("line:0", "VAT", tax)
        ]


def test_the_country_of_the_address_decides_and_the_shops_own_until_it_is_known() -> None:
    rates = [rate(), rate("FR", "20", name="TVA")]
    assert told(services.taxes(SITE, cart(100, address=the_address("FR")), rates)) == [("line:0", "TVA", 17)]
    assert told(services.taxes(SITE, cart(100, address=Address()), rates)) == [("line:0", "VAT", 17)]
    assert told(services.taxes(SITE, cart(100, address=the_address("US")), rates)) == []


def test_taxes_of_country_and_region_add_up() -> None:
    rates = [rate("CA", "5", name="GST"), rate("CA", "9.98", name="QST", region="Quebec")]
    quebec = the_address("CA", region="quebec")
    assert told(services.taxes(SITE, cart(10_000, inside=False, address=quebec), rates)) == [
        ("line:0", "GST", 500),
        ("line:0", "QST", 998),
    ]
    ontario = the_address("CA", region="Ontario")
    assert told(services.taxes(SITE, cart(10_000, inside=False, address=ontario), rates)) == [("line:0", "GST", 500)]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 5000), min_size=1, max_size=3))
def test_what_is_taken_out_of_a_price_is_exact_to_half_a_unit(amount: int, rates: list[int]) -> None:
    parts = services._amounts(amount, rates, is_inside=True)
    whole = 10_000 + sum(rates)
    assert abs(sum(parts) * whole - amount * sum(rates)) * 2 <= whole
    assert 0 <= sum(parts) <= amount


@pytest.mark.usefixtures("tables")
class TestTable:
    FORM: ClassVar[dict[str, str]] = {
        "tax_class-0": "",
        "country-0": "gb",
        "region-0": "",
        "name-0": "VAT",
        "rate-0": "20",
        "country-1": "",
        "rate-1": "",
    }

    def save(self, site: Site = SITE, **said: str) -> None:
        form = {**self.FORM, **{name.replace("_at_", "-"): text for name, text in said.items()}}
        services.save_table(site, forms.table(form), actor="staff:1")

    def shown(self, site: Site = SITE) -> list[tuple[Any, ...]]:
        return [(rate.tax_class, rate.country, rate.name, rate.rate) for rate in services.rates_of(site)]

    def test_the_table_is_kept_as_it_was_sent(self) -> None:
        self.save()
        assert self.shown() == [("standard", "GB", "VAT", 2000)]
        self.save(country_at_1="IE", name_at_1="VAT", rate_at_1="23")
        assert self.shown() == [("standard", "GB", "VAT", 2000), ("standard", "IE", "VAT", 2300)]
        self.save(remove_at_0="1")
        assert self.shown() == []

    def test_sites_have_tables_of_their_own(self) -> None:
        self.save()
        self.save(a_site(id=2), rate_at_0="19")
        assert self.shown() == [("standard", "GB", "VAT", 2000)]

    def test_adding_by_command_changes_the_same_place(self) -> None:
        for percent in ("17.5", "20"):
            said = forms.arguments(["--site", "x", "--country", "GB", "--rate", percent])
            services.add_rate(SITE, forms.row(said), actor="system")
        assert self.shown() == [("standard", "GB", "VAT", 2000)]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"country-0": "England"}, "country-0"),
        ({"rate-0": "twenty"}, "rate-0"),
        ({"rate-0": "-5"}, "rate-0"),
        ({"name-0": ""}, "name-0"),
        ({"tax_class-0": "Reduced rate!"}, "tax_class-0"),
        ({"country-1": "GB", "name-1": "VAT", "rate-1": "5"}, "name-1"),
    ],
)
def test_a_wrong_cell_is_named(said: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refusal:
        forms.table({**TestTable.FORM, **said})
    assert list(refusal.value.errors) == [field]
