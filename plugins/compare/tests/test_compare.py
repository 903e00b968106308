"""Up to four products, what differs made plain, nothing stored, and an address that can be sent."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.api import (
    AttributeDraft,
    ListingDraft,
    Money,
    PriceDraft,
    ProductDraft,
    Site,
    TextDraft,
    ValueDraft,
    VariantDraft,
    save_product,
)

ORIGIN = "https://shop.test"


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.fixture
def lamps(site: Site, turn_on: Callable[..., None]) -> list[int]:
    """Five lamps: of steel, oak, oak, steel, steel; all for the table."""
    turn_on("compare")
    return [_lamp(site, number, material) for number, material in enumerate(("Steel", "Oak", "Oak", "Steel", "Steel"))]


def _lamp(site: Site, number: int, material: str) -> int:
    facts = {"material": material, "place": "Table"}
    draft = ProductDraft(
        texts={"en": TextDraft(name=f"Lamp {number}")},
        variants=(VariantDraft(sku=f"LAMP-{number}", prices=(PriceDraft(amount=Money(5000 + number, "EUR")),)),),
        attributes=tuple(
            AttributeDraft(
                code=code,
                names={"en": code.title()},
                values=(ValueDraft(code=value.casefold(), names={"en": value}),),
            )
            for code, value in facts.items()
        ),
        listing=ListingDraft(visible=True),
    )
    return save_product(site, draft, "system").product_id


class Guest:
    """A browser without scripts."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def get(self, path: str) -> str:
        return str(self.client.get(path, base_url=ORIGIN).text)

    def press(self, act: str, product_id: object = "", *, script: bool = False) -> Any:
        headers = {"Origin": ORIGIN, **({"X-Requested-With": "fetch"} if script else {})}
        return self.client.post(f"/compare/{act}", data={"product": product_id}, base_url=ORIGIN, headers=headers)


@pytest.fixture
def guest(app: Any, lamps: list[int]) -> Guest:
    return Guest(app.test_client())


def test_what_differs_is_marked_and_what_is_the_same_is_not(guest: Guest, lamps: list[int]) -> None:
    assert "Nothing to compare yet" in guest.get("/compare/")
    for lamp in lamps[:2]:
        assert guest.press("add", lamp).headers["Location"] == "/compare/"
    page = guest.get("/compare/")
    assert re.search(r'class="compare__differs"><th scope="row">Material.*?<td>Steel</td><td>Oak</td>', page, re.DOTALL)
    assert re.search(r'<tr><th scope="row">Place</th><td>Table</td><td>Table</td>', page)
    assert "They differ in 1 thing." in words(page)
    only = words(guest.get("/compare/?only=1"))
    assert "Material" in only
    assert "Place" not in only


def test_four_are_enough(guest: Guest, lamps: list[int]) -> None:
    for lamp in lamps[:4]:
        guest.press("add", lamp)
    told = guest.press("add", lamps[4], script=True)
    assert (told.status_code, told.text) == (422, "You are comparing four products already. Take one away first.")
    guest.press("remove", lamps[0])
    assert guest.press("add", lamps[4], script=True).status_code == 200
    assert [f"Lamp {number}" in words(guest.get("/compare/")) for number in range(5)] == [False, True, True, True, True]
    guest.press("clear")
    assert "Nothing to compare yet" in guest.get("/compare/")


def test_a_second_press_of_a_script_takes_it_away(guest: Guest, lamps: list[int]) -> None:
    assert guest.press("add", lamps[0], script=True).text == "It is in the comparison."
    assert guest.press("add", lamps[0], script=True).text == "It is out of the comparison."


def test_an_address_shows_a_comparison_without_touching_the_own_one(guest: Guest, lamps: list[int]) -> None:
    guest.press("add", lamps[0])
    sent = guest.get(f"/compare/?p={lamps[1]}.{lamps[2]}.x.{lamps[1]}.999999")
    assert "Lamp 1" in words(sent)
    assert "Lamp 0" not in words(sent)
    assert "/compare/remove" not in sent
    assert "Lamp 0" in words(guest.get("/compare/"))


def test_nonsense_is_no_product(guest: Guest) -> None:
    assert [guest.press("add", nonsense).status_code for nonsense in ("x", "", "0", "999999")] == [404] * 4
