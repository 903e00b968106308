from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.accounts import services as accounts
from core.accounts.models import Staff
from core.hookspecs.site import Site
from core.kernel import db
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


def test_who_lacks_a_right_is_told_who_can_give_it(colleague: Callable[..., Panel]) -> None:
    answer = colleague({"orders.view"}).get("/panel/products")
    assert answer.status_code == 403
    assert "Someone who gives rights in “Staff and roles” can change what you may do." in words(answer)


# -- a forgotten password ----------------------------------------------------------------------------------------------


@pytest.fixture
def link(
    staff: Staff, turn_on: Callable[..., None], outbox: Any, anonymous: Panel, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """`link()`: where the mail leads that the form sends; empty if none came."""
    monkeypatch.setattr("plugins.mail.services.mailbox.is_loopback", lambda _host: True)
    turn_on("mail")

    def ask(email: str = staff.email, pre: str = "") -> str:
        answer = anonymous.post(f"{pre}/panel/login/forgotten", {"email": email})
        assert answer.status_code == 200
        assert email in words(answer)
        outbox.deliver()
        last = db.value("SELECT text FROM mail_kept ORDER BY id DESC LIMIT 1") or ""
        found = re.search(r"https?://[^/]+(/\S*panel/login/forgotten/\S+)", last)
        return found[1] if found else ""

    return ask


NEW = {"password": "another long one", "again": "another long one"}


@pytest.mark.parametrize(
    ("pre", "title", "done"),
    [("", "Choose a new password", "Your new password is set"), ("/zh-cn", "设置新密码", "新密码已设置")],
)
def test_who_forgot_their_password_chooses_another_by_a_link(
    anonymous: Panel, panel: Panel, staff: Staff, link: Callable[..., str], pre: str, title: str, done: str
) -> None:
    assert f'href="{pre}/panel/login/forgotten"' in anonymous.get(f"{pre}/panel/login").text
    leads = link(pre=pre)
    assert leads.startswith(f"{pre}/panel/login/forgotten/")
    assert title in words(anonymous.get(leads))
    assert anonymous.post(leads, {**NEW, "again": "something else"}).status_code == 422
    short = anonymous.post(leads, {"password": "short", "again": "short"})
    assert short.status_code == 422
    assert "未能登录" not in words(short)
    assert done in words(anonymous.follow(anonymous.post(leads, NEW)))
    assert panel.get("/panel/orders").status_code == 303
    assert anonymous.login(staff.email, NEW["password"]).headers["Location"].endswith("/panel/")


@pytest.mark.parametrize(("pre", "said"), [("", "was changed"), ("/zh-cn", "密码已更改")])
def test_who_is_staff_learns_that_their_password_is_another_and_so_does_the_log(
    anonymous: Panel, staff: Staff, link: Callable[..., str], outbox: Any, pre: str, said: str
) -> None:
    earlier, leads = link(pre=pre), link(pre=pre)
    anonymous.post(leads, NEW)
    outbox.deliver()

    ((subject, text),) = db.rows("SELECT subject, text FROM mail_kept ORDER BY id DESC LIMIT 1")
    assert said in subject
    assert re.fullmatch(rf"https?://[^/]+{pre}/panel/login/forgotten", text.rstrip().splitlines()[-1])
    assert anonymous.get(earlier).status_code == 410
    anonymous.login(staff.email, NEW["password"])
    assert f"set a new password for {staff.email}" in words(anonymous.get("/panel/activity"))


def test_a_link_that_is_used_up_offers_another(anonymous: Panel, link: Callable[..., str]) -> None:
    leads = link()
    anonymous.post(leads, NEW)
    for answer in (anonymous.get(leads), anonymous.post(leads, NEW)):
        assert answer.status_code == 410
        assert "This link has been used or is too old. Ask for a new one." in words(answer)
        assert 'action="/panel/login/forgotten"' in answer.text


def test_nobody_is_told_whether_an_address_is_known(link: Callable[..., str]) -> None:
    assert link("nobody@example.com") == ""


def test_where_no_mail_is_sent_no_link_is_promised(anonymous: Panel) -> None:
    assert "/panel/login/forgotten" not in anonymous.get("/panel/login").text
    for answer in (
        anonymous.get("/panel/login/forgotten"),
        anonymous.post("/panel/login/forgotten", {"email": "a@example.com"}),
    ):
        assert "Someone who manages staff can give you a new password" in words(answer)
