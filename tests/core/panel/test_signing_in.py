from __future__ import annotations

import pytest

from core.accounts import services as accounts
from core.accounts.models import Staff
from core.hookspecs.site import Site
from tests.core.panel.conftest import Panel, words

# About pages; their statements are asked in other tests too.
pytestmark = pytest.mark.once


def test_strangers_are_led_to_the_login_and_back_to_where_they_wanted_to_go(anonymous: Panel, staff: Staff) -> None:
    del staff
    led = anonymous.get("/panel/orders")
    assert led.status_code == 303
    page = anonymous.get(led.headers["Location"])
    assert 'value="/panel/orders"' in page.get_data(as_text=True)
    answer = anonymous.post(
        "/panel/login", {"email": "owner@example.com", "password": "a long enough password", "next": "/panel/orders"}
    )
    assert answer.headers["Location"].endswith("/panel/orders")


def test_a_wrong_password_is_refused_and_the_address_stays(anonymous: Panel, staff: Staff) -> None:
    del staff
    answer = anonymous.login(password="not this one")
    assert answer.status_code == 422
    assert "is not right" in words(answer)
    assert 'value="owner@example.com"' in answer.get_data(as_text=True)
    assert "not this one" not in answer.get_data(as_text=True)


def test_a_login_never_leads_to_another_site(anonymous: Panel, staff: Staff) -> None:
    del staff
    answer = anonymous.post(
        "/panel/login",
        {"email": "owner@example.com", "password": "a long enough password", "next": "//evil.example/panel"},
    )
    assert answer.headers["Location"].endswith("/panel/")


def test_a_one_time_password_opens_nothing_before_a_new_one_is_chosen(anonymous: Panel, site: Site) -> None:
    del site
    secret = accounts.add_staff("new@example.com", is_owner=True, actor="system").one_time_password
    assert anonymous.login("new@example.com", secret).status_code == 303
    assert "/panel/password" in anonymous.get("/panel/orders").headers["Location"]
    assert "Choose your own password first" in words(anonymous.get("/panel/account"))
    too_short = anonymous.post("/panel/account", {"current": secret, "password": "short", "again": "short"})
    assert too_short.status_code == 422
    chosen = {"current": secret, "password": "my own long password", "again": "my own long password"}
    assert "password is changed" in words(anonymous.follow(anonymous.post("/panel/account", chosen)))
    assert anonymous.get("/panel/orders").status_code == 200


def test_signing_out_ends_the_session(panel: Panel) -> None:
    panel.post("/panel/logout")
    assert "/panel/login" in panel.get("/panel/orders").headers["Location"]


def test_the_chosen_appearance_is_written_into_the_page(panel: Panel) -> None:
    panel.post("/panel/appearance", {"scheme": "dark", "back": "/panel/orders"})
    assert 'data-scheme="dark"' in panel.get("/panel/orders").get_data(as_text=True)
