"""From the cart to the order's page, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.accounts.models import Staff
from core.app import App
from core.catalogue.services.stock import allocated_to
from core.hookspecs.site import Site
from core.kernel import db
from tests.core.panel.conftest import Panel

from .conftest import Visitor, text_of

GREEN_L = {"product": "dome-lamp", "o.colour": "green", "o.size": "l"}


def _line(page: str) -> str:
    found = re.search(r'action="(/cart/lines/\d+)"', page)
    assert found
    return found.group(1)


@pytest.fixture
def full(visitor: Visitor, lamp: int) -> Visitor:
    visitor.post("/cart/add", GREEN_L)
    return visitor


# -- cart ------------------------------------------------------------


def test_choice_without_script_puts_the_picked_variant_into_the_cart(visitor: Visitor, lamp: int) -> None:
    shown = re.search(r'name="variant" value="(\d+)"', visitor.get("/p/dome-lamp").text)
    assert shown
    answer = visitor.post(
        "/cart/add", {**GREEN_L, "variant": shown.group(1), "shown": "colour=green&size=s", "quantity": "2"}
    )
    assert answer.request.path == "/cart"
    said = text_of(answer.text)
    assert "Green, Large" in said
    assert "€258.00" in said
    assert visitor.cookie("cart_count") == "2"


def test_combination_that_is_not_made_is_refused_in_words(visitor: Visitor, lamp: int) -> None:
    answer = visitor.post("/cart/add", {"product": "dome-lamp", "o.colour": "red", "o.size": "l"})
    assert answer.status_code == 409
    assert "not made in this combination" in text_of(answer.text)


def test_quantity_is_stepped_typed_and_never_negative(full: Visitor) -> None:
    line = _line(full.get("/cart").text)
    assert "€258.00" in text_of(full.post(line, {"quantity": "1", "step": "1"}).text)
    assert "€516.00" in text_of(full.post(line, {"quantity": "4"}).text)
    assert "Nothing in the cart yet" in text_of(
        full.post(line, {"quantity": "-3", "step": "-1"}).text
    ) or "€129.00" in text_of(full.get("/cart").text)


def test_removed_line_can_be_put_back(full: Visitor) -> None:
    page = full.post(_line(full.get("/cart").text), {"quantity": "1", "remove": "1"}).text
    assert "Dome lamp was removed" in text_of(page)
    assert full.cookie("cart_count") == "0"
    back = dict(re.findall(r'type="hidden" name="(variant|quantity)" value="(\d+)"', page))
    assert "Green, Large" in text_of(full.post("/cart/undo", back).text)


def test_script_gets_the_drawer_instead_of_the_page(full: Visitor) -> None:
    answer = full.post("/cart/add", GREEN_L, **{"X-Requested-With": "fetch"})
    assert answer.request.path == "/cart/drawer"
    assert "<html" not in answer.text
    assert "€258.00" in text_of(answer.text)


def test_unknown_code_says_so_and_is_not_lost(full: Visitor) -> None:
    said = text_of(full.post("/cart/codes", {"code": "autumn"}).text)
    assert "not known" in said


def test_change_from_another_site_is_refused(full: Visitor) -> None:
    answer = full.post("/cart/add", GREEN_L, Origin="http://evil.test")
    assert answer.status_code == 403


def test_cart_of_another_visitor_cannot_be_changed(full: Visitor, app: Any) -> None:
    line = _line(full.get("/cart").text)
    stranger = Visitor(app.test_client())
    assert stranger.post(line, {"quantity": "9"}).status_code == 404
    assert "€129.00" in text_of(full.get("/cart").text)


# -- checkout ------------------------------------------------------------


def test_empty_cart_leads_back_to_the_cart(visitor: Visitor, lamp: int) -> None:
    assert visitor.get("/checkout").request.path == "/cart"


def test_in_china_the_phone_stands_open_and_the_postcode_is_folded(full: Visitor) -> None:
    full.post("/checkout/save", {"country": "CN"})
    page = full.get("/checkout").text
    shown, folded = page.split('<details class="fold', 1)
    assert 'name="phone"' in shown
    assert 'name="phone"' not in folded
    assert 'name="postcode"' in folded
    assert "a second line or a postcode" in text_of(page)


def test_guest_sees_at_most_eight_fields_each_with_its_purpose(full: Visitor) -> None:
    page = full.get("/checkout").text
    open_part = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    fields = re.findall(r'<(?:input class="input"|select class="input")[^>]*>', open_part)
    assert len(fields) <= 8
    assert all("autocomplete=" in field for field in fields)


def test_list_that_cannot_be_left_empty_is_not_marked_as_required(full: Visitor) -> None:
    """HTML wants an empty first line in every list that is marked so."""
    lists = re.findall(r"<select[^>]*\brequired\b[^>]*>\s*<option value=\"([^\"]*)\"", full.get("/checkout").text)
    assert set(lists) <= {""}


def test_empty_choice_has_words(full: Visitor, fill: Callable[..., dict[str, str]]) -> None:
    full.post("/checkout/save", fill(full.get("/checkout").text, country="US"))
    page = full.get("/checkout").text
    assert '<option value="">Please choose</option>' in page
    assert "></option>" not in page


def test_fields_follow_the_country(full: Visitor, fill: Callable[..., dict[str, str]]) -> None:
    page = full.post("/checkout/save", fill(full.get("/checkout").text, country="US", region="")).text
    assert "ZIP code" in text_of(page)
    assert re.search(r'<select class="input" id="region"', page)
    assert 'value="Mira Kessler"' in page


def test_what_is_wrong_is_said_beside_the_field_and_on_top_and_nothing_is_lost(
    full: Visitor, fill: Callable[..., dict[str, str]]
) -> None:
    answer = full.post("/checkout/place", fill(full.get("/checkout").text, email="mira.example", postcode="12"))
    assert answer.status_code == 422
    assert re.search(r'data-error-summary.*?href="#email".*?href="#postcode"', answer.text, re.DOTALL)
    assert re.search(r'id="email"[^>]*aria-invalid="true"[^>]*aria-describedby="email-note"', answer.text)
    assert 'value="Lange Str. 1"' in answer.text
    assert 'value="Lange Str. 1"' in full.get("/checkout").text


def test_the_list_of_what_is_wrong_tells_the_bill_from_the_delivery(
    full: Visitor, fill: Callable[..., dict[str, str]]
) -> None:
    sent = fill(full.get("/checkout").text, name="", billing_other="1", billing_country="DE")
    said = text_of(full.post("/checkout/place", sent).text)
    assert said.count("Full name: Fill this in.") == 1
    assert said.count("Full name for the bill: Fill this in.") == 1


def test_two_presses_make_one_order(full: Visitor, fill: Callable[..., dict[str, str]], app: Any) -> None:
    sent = fill(full.get("/checkout").text)
    token = full.cookie("stoa_cart")
    first = full.post("/checkout/place", sent)
    full.client.set_cookie("stoa_cart", token, domain="shop.test")
    second = full.post("/checkout/place", sent)
    assert first.request.path == second.request.path
    assert first.request.path.startswith("/checkout/thanks/")


def test_order_can_be_followed_by_number_and_address_alone(full: Visitor, fill: Callable[..., dict[str, str]]) -> None:
    page = full.post("/checkout/place", fill(full.get("/checkout").text))
    assert "Thank you, Mira" in text_of(page.text)
    number = re.search(r"Order (\d+)", text_of(page.text))
    assert number
    found = full.post("/track", {"number": number.group(1), "email": "MIRA@example.org"})
    said = text_of(found.text)
    assert "Green / Large" in said or "Green, Large" in said
    assert "Lange Str." not in said
    wrong = full.post("/track", {"number": number.group(1), "email": "other@example.org"})
    assert wrong.status_code == 404
    assert "no order with this number and this address" in text_of(wrong.text)


def test_cart_is_empty_after_the_order(full: Visitor, fill: Callable[..., dict[str, str]]) -> None:
    full.post("/checkout/place", fill(full.get("/checkout").text))
    assert "Nothing in the cart yet" in text_of(full.get("/cart").text)
    assert full.cookie("cart_count") in {"", "0"}


def test_order_needs_its_secret(full: Visitor, fill: Callable[..., dict[str, str]], app: Any) -> None:
    page = full.post("/checkout/place", fill(full.get("/checkout").text))
    assert page.headers["Cache-Control"] == "no-store"
    stranger = Visitor(app.test_client())
    assert stranger.get("/checkout/thanks/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404
    assert stranger.get("/order/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404


def test_changed_total_is_shown_before_it_is_agreed_to(full: Visitor, fill: Callable[..., dict[str, str]]) -> None:
    sent = fill(full.get("/checkout").text)
    full.post(_line(full.get("/cart").text), {"quantity": "2"})
    answer = full.post("/checkout/place", sent)
    assert answer.status_code == 409
    assert "€258.00" in text_of(answer.text)


def test_a_second_location_is_used_by_the_very_next_order(
    app: App,
    site: Site,
    staff: Staff,
    sell: Callable[..., Any],
    visitor: Visitor,
    fill: Callable[..., dict[str, str]],
) -> None:
    """How many there are is remembered between requests; whoever adds one says so."""
    del staff
    panel = Panel(app, site)
    panel.login()
    cup, pot = sell("CUP", 900, stock=500), sell("POT", 2900, stock=500)

    def order() -> dict[int, int]:
        for item in (cup, pot):
            visitor.post("/cart/add", {"variant": str(item.variant_id), "quantity": "2"})
        answer = visitor.post("/checkout/place", fill(visitor.get("/checkout").text))
        assert answer.request.path.startswith("/checkout/thanks/")
        latest = db.value("SELECT MAX(id) FROM orders")
        return {part.variant_id: part.location_id for part in allocated_to(f"order:{latest}")}

    main = db.value("SELECT id FROM location")
    assert order() == {cup.variant_id: main, pot.variant_id: main}
    panel.post("/panel/stock/locations/new", {"name": "North", "code": "north", "country": "DE"})
    north = db.value("SELECT MAX(id) FROM location")
    with db.transaction():  # Not by a verb, which would say by itself that something changed.
        for item in (cup, pot):
            db.execute(
                "INSERT INTO stock_level (variant_id, location_id, on_hand, allocated, held, backorder_limit)"
                " VALUES (?, ?, 500, 0, 0, 0)",
                item.variant_id,
                north,
            )
    assert order() == {cup.variant_id: north, pot.variant_id: north}  # it is in Germany


# -- account ------------------------------------------------------------


def test_one_password_keeps_the_order_in_an_account(full: Visitor, fill: Callable[..., dict[str, str]]) -> None:
    page = full.post("/checkout/place", fill(full.get("/checkout").text)).text
    keep = re.search(r'action="(/checkout/keep/[^"]*)"', page)
    assert keep
    weak = full.post(keep.group(1), {"password": "short"})
    assert weak.status_code == 422
    account = full.post(keep.group(1), {"password": "a lamp in every window"})
    assert account.request.path == "/account"
    listed = text_of(full.get("/account/orders").text)
    assert "Order 1" in listed
    assert "€129.00" in listed


def test_account_asks_who_is_there_and_comes_back(visitor: Visitor, shopper: Any) -> None:
    from core.testing.shop import PASSWORD

    asked = visitor.get("/account/orders")
    assert asked.request.path == "/login"
    target = re.search(r'name="next" value="([^"]*)"', asked.text)
    assert target
    sent = {"email": "mira@example.com", "password": PASSWORD, "next": target.group(1)}
    wrong = visitor.post("/login", {**sent, "password": "not this one"})
    assert wrong.status_code == 422
    assert 'value="mira@example.com"' in wrong.text
    assert visitor.post("/login", sent).request.path == "/account/orders"


def test_login_leads_to_no_other_site(visitor: Visitor, shopper: Any) -> None:
    from core.testing.shop import PASSWORD

    for target in ("https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"):
        answer = visitor.post(
            "/login", {"email": "mira@example.com", "password": PASSWORD, "next": target}, follow=False
        )
        assert answer.headers["Location"].endswith("/account"), target


def test_order_of_another_shopper_does_not_exist(
    full: Visitor, fill: Callable[..., dict[str, str]], shopper: Any
) -> None:
    from core.testing.shop import PASSWORD

    page = full.post("/checkout/place", fill(full.get("/checkout").text)).text
    number = re.search(r"Order (\d+)", text_of(page))
    assert number
    full.post("/login", {"email": "mira@example.com", "password": PASSWORD})
    assert full.get(f"/account/orders/{number.group(1)}").status_code == 404
