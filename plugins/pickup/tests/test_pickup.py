"""Pickup: the places where shoppers collect."""

from __future__ import annotations

import pytest

from core.api import Address, Carrier, Money, NotFound, Site, Unfit, speaking
from core.testing.contracts import CarrierContract, a_parcel, a_site
from plugins.pickup import forms, services

SITE = a_site()
USUAL = {
    "name": "Canal Street",
    "address": "12 Canal Street\nLeeds",
    "hours_en": "Mon-Sat 9-18",
    "hours_zh-CN": "周一至周六 9-18 点",
    "days_to": "1",
}


def save(site: Site = SITE, **said: str) -> int:
    return services.save_point(site, forms.parse({**USUAL, **said}, site), actor="staff:1")


class TestContract(CarrierContract):
    @pytest.fixture
    def carrier(self, tables: str) -> Carrier:
        save()
        save(name="Depot", fee_EUR="1.50")
        return services.PickupCarrier(services.points_of(SITE))


@pytest.mark.usefixtures("tables")
class TestPoints:
    def quote(self, address: Address | None = None) -> list[tuple[str, str, int, bool]]:
        rates = services.PickupCarrier(services.points_of(SITE)).quote(a_parcel(Money(5000, "EUR"), address))
        return [(rate.title, rate.description, rate.amount.amount, rate.pickup) for rate in rates]

    def test_a_point_is_free_and_shows_address_and_hours(self) -> None:
        save()
        assert self.quote() == [("Canal Street", "12 Canal Street\nLeeds\nMon-Sat 9-18", 0, True)]

    def test_hours_are_told_in_the_shoppers_language(self) -> None:
        save()
        carrier = services.PickupCarrier(services.points_of(SITE))
        with speaking("zh-CN"):
            assert "周一至周六" in carrier.quote(a_parcel())[0].description

    def test_whoever_collects_may_live_anywhere(self) -> None:
        save()
        assert len(self.quote(Address())) == 1
        assert services.PickupCarrier(services.points_of(SITE)).serves(Address(country="KP")) == ""

    def test_a_point_may_ask_a_fee(self) -> None:
        save(fee_EUR="1.50")
        assert self.quote()[0][2] == 150

    def test_points_stand_in_the_merchants_order(self) -> None:
        save(position="2")
        save(name="Depot", position="1")
        assert [name for name, *_rest in self.quote()] == ["Depot", "Canal Street"]

    def test_changing_and_removing_a_point(self) -> None:
        point_id = save()
        services.save_point(SITE, forms.parse({**USUAL, "name": "Quay"}, SITE), actor="staff:1", point_id=point_id)
        assert self.quote()[0][0] == "Quay"
        services.remove_point(SITE, point_id, actor="staff:1")
        assert self.quote() == []

    def test_another_sites_points_are_out_of_reach(self) -> None:
        point_id = save()
        assert services.points_of(a_site(id=2)) == []
        with pytest.raises(NotFound):
            services.find_point(a_site(id=2), point_id)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": ""}, "name"),
        ({"address": " "}, "address"),
        ({"name": "x" * 121}, "name"),
        ({"fee_EUR": "-1"}, "fee_EUR"),
        ({"fee_EUR": "little"}, "fee_EUR"),
        ({"days_from": "3"}, "days_to"),
        ({"position": "first"}, "position"),
    ],
)
def test_a_wrong_field_is_named(said: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refusal:
        forms.parse({**USUAL, **said}, SITE)
    assert list(refusal.value.errors) == [field]


def test_the_command_says_what_the_form_says() -> None:
    said = forms.arguments(
        ["--site", "shop.localhost", "--name", "Quay", "--address", "1 Quay", "--hours", "en=9-17", "--days", "1-2"]
    )
    assert said.pop("site") == "shop.localhost"
    wanted = forms.parse(said, SITE)
    assert (wanted.name, wanted.hours, wanted.days_to) == ("Quay", {"en": "9-17"}, 2)
