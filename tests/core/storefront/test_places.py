"""One order to several addresses, without scripts: what goes where, the checkout, the order's page, and changing it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.site_verbs import edit_site
from core.orders.services.read import order_view
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced

from .conftest import text_of

BERLIN = {"name": "Mira K.", "line1": "Lange Str. 1", "city": "Berlin", "postcode": "10115", "country": "DE"}
PARIS = {"name": "Oma", "line1": "1 rue de Rivoli", "city": "Paris", "postcode": "75001", "country": "FR"}


class Guest:
    """A browser without scripts on one site: it fills forms with what is in them, and with what is typed."""

    def __init__(self, client: Any, site: Site) -> None:
        self.client, self.site, self.page = client, site, ""

    def get(self, path: str) -> str:
        return self._seen(self.client.get(path, base_url=f"https://{self.site.host}", follow_redirects=True))

    def post(self, path: str, data: Any, status: int = 200) -> str:
        headers = {"Origin": f"https://{self.site.host}"}
        answer = self.client.post(
            path, base_url=f"https://{self.site.host}", data=data, headers=headers, follow_redirects=True
        )
        assert answer.status_code == status, text_of(answer.text)
        return self._seen(answer)

    def form(self) -> dict[str, Any]:
        """The fields of the page's main form with their values."""
        main = self.page[self.page.index("<main") :]
        found: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>", main):
            told = dict(re.findall(r'(\w[\w-]*)="([^"]*)"', tag))
            if told.get("type") in {"radio", "checkbox"} and " checked" not in tag:
                continue
            if (name := told.get("name")) == "place":
                found.setdefault(name, []).append(told.get("value", ""))
            elif name:
                found[name] = told.get("value", "")
        for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', main, re.DOTALL):
            chosen = re.search(r'value="([^"]*)" selected', options)
            found[name] = chosen.group(1) if chosen else ""
        return found

    def _seen(self, answer: Any) -> str:
        self.page = answer.text
        return text_of(self.page)


@pytest.fixture
def several(site: Site, other_site: Site) -> tuple[Site, Site]:
    for one in (site, other_site):
        edit_site(one.id, {"several_addresses": True}, "system")
    return site, other_site


@pytest.mark.parametrize("where", [0, 1])
def test_an_order_for_two_addresses_from_the_cart_to_the_parcel(
    app: Any, several: tuple[Site, Site], sell: Callable[..., Any], where: int
) -> None:
    site = several[where]
    cup = sell("CUP", 1000, name="Cup", on=site)
    guest = Guest(app.test_client(), site)
    guest.post("/cart/add", {"product": "cup", "variant": str(cup.variant_id), "quantity": "3"})
    guest.get("/checkout")
    # What was typed is kept on the way to the page of places.
    guest.post("/checkout/places/open", {**guest.form(), "email": "mira@example.com", **BERLIN})
    lines = [name for name in guest.form() if name.startswith("u")]
    assert [guest.form()[name] for name in lines] == ["3", "0"]
    # A third address and back again: the numbers stay, nothing is stored.
    guest.post("/checkout/places", {**guest.form(), lines[0]: "1", lines[1]: "1", "add": "1"})
    assert [value for name, value in guest.form().items() if name.startswith("u")] == ["1", "1", "0"]
    guest.post("/checkout/places", {**guest.form(), "remove": "2"})
    # Two of three: said at the line.
    said = guest.post("/checkout/places", guest.form(), 422)
    assert ("This has to be 3 together, and it is 2." if where == 0 else "合计应为 3 件，现为 2 件") in said
    guest.post("/checkout/places", {**guest.form(), lines[1]: "2"})
    # The checkout asks for the other address, and says what is missing there.
    form = guest.form()
    assert form["city"] == "Berlin"
    # What is folded away in China is the postcode: couriers ring there, so the phone number is among the fields.
    folded = re.findall(r'id="checkout-place-2".*?<summary class="fold__title">([^<]*)', guest.page, re.DOTALL)[0]
    assert folded == ("Add a company, a second line or a phone number" if where == 0 else "添加公司、第二行地址或邮编")
    wrong = guest.post("/checkout/place", form, 422)
    assert "p1_city" in guest.page
    assert wrong
    form = {**guest.form(), **{f"p1_{name}": value for name, value in PARIS.items()}}
    guest.post("/checkout/save", form)
    assert guest.form()["p1_city"] == "Paris"
    done = guest.post("/checkout/place", guest.form())
    order = order_view(int(db.value("SELECT MAX(id) FROM orders")))
    assert order is not None
    assert [(one.address.city, one.address.country) for one in order.destinations if one.address] == [
        ("Berlin", "DE"),
        ("Paris", "FR"),
    ]
    assert [(line.place, line.quantity) for line in order.lines] == [(0, 1), (1, 2)]
    assert "1 rue de Rivoli" in done
    assert "Lange Str. 1" in done
    # Both places are changed by the shopper in one go, and a piece goes to the other one.
    guest.get(f"/order/{order.secret}/change")
    typed = {**guest.form(), "p1_city": "Lyon", "p1_postcode": "69001", "p0_line1": "Kurze Str. 2"}
    wrong = guest.post(f"/order/{order.secret}/change", {**typed, "p0_line1": ""}, 422)
    assert 'href="#p0_line1"' in guest.page, wrong
    shown = guest.post(f"/order/{order.secret}/change", {**typed, f"to.{order.lines[0].id}": "1"})
    for text in ("Kurze Str. 2", "69001", "1 × Cup: to Oma, Lyon" if where == 0 else "1 × Cup：寄到Oma, Lyon"):
        assert text in shown
    guest.post(f"/order/{order.secret}/change/confirm", guest.form())
    moved = order_view(order.id)
    assert moved is not None
    assert [one.city for one in moved.addresses] == ["Berlin", "Lyon"]
    assert [(line.place, line.left) for line in moved.lines if line.left] == [(1, 2), (1, 1)]
    ship(site, order.id, actor="staff:1", place=1, carrier="Post", tracking="T1")
    assert "Oma, Lyon" in guest.get(f"/order/{order.secret}")
    assert unbalanced() == []


def test_a_site_that_does_not_offer_it_has_no_such_page(app: Any, site: Site, sell: Callable[..., Any]) -> None:
    cup = sell("CUP", 1000, name="Cup")
    guest = Guest(app.test_client(), site)
    guest.post("/cart/add", {"product": "cup", "variant": str(cup.variant_id), "quantity": "3"})
    assert "several addresses" not in guest.get("/checkout")
    guest.post("/checkout/places", {}, 404)


def test_all_of_it_to_the_second_address_is_an_order_for_one(
    app: Any, several: tuple[Site, Site], sell: Callable[..., Any]
) -> None:
    cup = sell("CUP", 1000, name="Cup")
    guest = Guest(app.test_client(), several[0])
    guest.post("/cart/add", {"product": "cup", "variant": str(cup.variant_id), "quantity": "2"})
    guest.post("/checkout/save", {"email": "mira@example.com", **BERLIN})
    guest.get("/checkout/places")
    numbers = {name: "2" if name.endswith("_1") else "0" for name in guest.form() if name[0] == "u"}
    said = guest.post("/checkout/places", {**guest.form(), **numbers})
    assert "Address 2" not in said
    guest.post("/checkout/save", {**guest.form(), **PARIS})
    guest.post("/checkout/place", guest.form())
    order = order_view(int(db.value("SELECT MAX(id) FROM orders")))
    assert order is not None
    assert order.address is not None
    assert (order.address.city, len(order.destinations)) == ("Paris", 1)
