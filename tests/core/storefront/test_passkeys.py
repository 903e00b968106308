"""Passkeys: one touch opens the account, once per question, on its own host, for its own person."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from core.accounts import services as accounts
from core.accounts.models import Passkey, Shopper, Staff
from core.accounts.services import factor, passkeys
from core.app import create_app
from core.kernel import db
from core.kernel.site_verbs import add_site
from core.lib import clock
from core.testing.application import LiveServer
from core.testing.shop import PASSWORD

from .authenticator import Authenticator
from .conftest import ORIGIN, Visitor, text_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

ENTRY = {"email": "mira@example.com", "password": PASSWORD}


@pytest.fixture
def mira(visitor: Visitor, shopper: Shopper) -> Visitor:
    visitor.post("/login", ENTRY)
    return visitor


@pytest.fixture
def stranger(app: Any) -> Visitor:
    return Visitor(app.test_client())


def options_of(visitor: Visitor, **sent: str) -> str:
    page = visitor.post("/account/passkeys/new", {"current": PASSWORD, **sent})
    found = re.search(r'data-options="([^"]+)"', page.text)
    assert found, text_of(page.text)
    return html.unescape(found[1])


@pytest.fixture
def phone(mira: Visitor) -> Authenticator:
    """A phone that holds a passkey of Mira's."""
    phone = Authenticator(ORIGIN)
    told = mira.post("/account/passkeys", {"answer": phone.made(options_of(mira))})
    assert "The passkey is kept" in text_of(told.text)
    return phone


def question(visitor: Visitor) -> str:
    return str(visitor.post("/login/passkey/ask").text)


def is_in(visitor: Visitor) -> bool:
    return bool(visitor.get("/account", follow=False).status_code == 200)


def test_one_touch_signs_in_without_password_and_code(
    phone: Authenticator, stranger: Visitor, shopper: Shopper
) -> None:
    factor.begin(shopper)
    with db.transaction():
        db.execute("UPDATE second_factor SET confirmed_at = ?", clock.now_us())
    sent = {"answer": phone.used(question(stranger)), "next": "checkout"}
    assert stranger.post("/login/passkey", sent, follow=False).headers["Location"] == "/checkout"
    assert is_in(stranger)


def test_an_answer_opens_once(phone: Authenticator, stranger: Visitor, app: Any) -> None:
    answer = phone.used(question(stranger))
    stranger.post("/login/passkey", {"answer": answer})
    thief = Visitor(app.test_client())
    told = thief.post("/login/passkey", {"answer": answer})
    assert "does not open anything" in text_of(told.text)
    assert (is_in(stranger), is_in(thief)) == (True, False)


def test_the_replay_is_noticed_when_questions_are_not_used_up(
    phone: Authenticator, stranger: Visitor, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a question stays open after its answer."""
    monkeypatch.setattr(passkeys, "_use", lambda asked: None)
    answer = phone.used(question(stranger))
    stranger.post("/login/passkey", {"answer": answer})
    thief = Visitor(app.test_client())
    thief.post("/login/passkey", {"answer": answer})
    assert is_in(thief)


def test_what_is_not_the_key_opens_nothing(phone: Authenticator, stranger: Visitor) -> None:
    asked = question(stranger)
    other = Authenticator(ORIGIN)
    other.id = phone.id  # another key under the same name
    phisher = Authenticator("https://sh0p.test")
    phisher.key, phisher.id = phone.key, phone.id
    unseen = Authenticator(ORIGIN, verifies=False)
    unseen.key, unseen.id = phone.key, phone.id
    for one in (other, phisher, unseen, Authenticator(ORIGIN)):
        stranger.post("/login/passkey", {"answer": one.used(asked)})
        assert not is_in(stranger)
    forged = json.loads(asked) | {"challenge": "bm90LW91cnMtbm90LW91cnM"}
    stranger.post("/login/passkey", {"answer": phone.used(json.dumps(forged))})
    assert not is_in(stranger)
    stranger.post("/login/passkey", {"answer": phone.used(asked)})
    assert is_in(stranger)


def test_a_copied_key_is_noticed_by_its_count(mira: Visitor, stranger: Visitor) -> None:
    phone = Authenticator(ORIGIN, counts=True)
    mira.post("/account/passkeys", {"answer": phone.made(options_of(mira))})
    stranger.post("/login/passkey", {"answer": phone.used(question(stranger))})
    assert is_in(stranger)
    stranger.post("/logout")
    phone.uses = 0  # a copy that was made before
    stranger.post("/login/passkey", {"answer": phone.used(question(stranger))})
    assert not is_in(stranger)


def test_nonsense_is_refused(stranger: Visitor, mira: Visitor) -> None:
    shapes = ["", "{}", "[]", "null", '"x"', '{"response": 3}', '{"response": {"clientDataJSON": "é"}}', "x" * 30_000]
    for answer in shapes:
        assert stranger.post("/login/passkey", {"answer": answer}).request.path == "/login", answer[:40]
        assert mira.post("/account/passkeys", {"answer": answer}).status_code == 422, answer[:40]
    assert not is_in(stranger)


def test_a_disabled_account_stays_closed(phone: Authenticator, stranger: Visitor, site: Any, shopper: Shopper) -> None:
    accounts.disable_shopper(site, shopper.id, actor="system")
    stranger.post("/login/passkey", {"answer": phone.used(question(stranger))})
    assert not is_in(stranger)


def test_a_passkey_is_made_for_who_knows_the_password_and_removed_by_its_owner(
    phone: Authenticator, mira: Visitor, stranger: Visitor, site: Any
) -> None:
    assert mira.post("/account/passkeys/new", {"current": "wrong"}).status_code == 422
    (kept,) = Passkey.select()
    accounts.register_shopper(
        site, email="tom@example.com", name="Tom", password=PASSWORD, language="en", link="", address="203.0.113.9"
    )
    stranger.post("/login", {**ENTRY, "email": "tom@example.com"})
    assert stranger.post(f"/account/passkeys/{kept.id}/remove").status_code == 404
    # An answer to Mira's question is none to Tom's.
    assert (
        stranger.post("/account/passkeys", {"answer": Authenticator(ORIGIN).made(options_of(mira))}).status_code == 422
    )
    mira.post(f"/account/passkeys/{kept.id}/remove")
    assert Passkey.select().count() == 0


def test_staff_enter_the_panel_and_nobody_else_does(
    phone: Authenticator, visitor: Visitor, stranger: Visitor, staff: Staff, app: Any
) -> None:
    answer = phone.used(stranger.post("/panel/login/passkey/ask").text)
    assert stranger.post("/panel/login/passkey", {"answer": answer}).status_code == 422
    desk = Visitor(app.test_client())
    desk.post("/panel/login", {"email": staff.email, "password": PASSWORD})
    key = Authenticator(ORIGIN)
    page = desk.post("/panel/account/passkeys/new", {"proof": PASSWORD})
    options = re.search(r'data-options="([^"]+)"', page.text)
    assert options
    told = desk.post("/panel/account/passkeys", {"answer": key.made(html.unescape(options[1]))})
    assert "is kept" in text_of(told.text)
    entered = stranger.post("/panel/login/passkey", {"answer": key.used(question(stranger))}, follow=False)
    assert entered.headers["Location"] == "/panel/"
    assert stranger.get("/panel/orders").status_code == 200


# -- in a browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(live_server: LiveServer) -> str:
    create_app(live_server.instance)
    if db.value("SELECT 1 FROM site WHERE host = 'keys.localhost'"):  # A worker came back to these tests.
        return live_server.url("", host="keys.localhost")
    site = add_site(host="keys.localhost", name="Test shop", currency="EUR", country="DE", email="shop@shop.test")
    accounts.register_shopper(
        site, email=ENTRY["email"], name="Mira", password=PASSWORD, language="en", link="", address="203.0.113.9"
    )
    accounts.add_staff("keys@example.com", name="Keys", is_owner=True, actor="system")
    return live_server.url("", host=site.host)


@pytest.fixture
def with_key(page: Page) -> Page:
    """A browser whose computer has a fingerprint reader with a willing finger on it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return page


@pytest.mark.slow
def test_chromium_makes_a_passkey_and_signs_in_with_it(shop: str, with_key: Page) -> None:
    page = with_key
    press: Callable[[str], None] = lambda name: page.get_by_role("main").get_by_role("button", name=name).click()  # noqa: E731
    page.goto(f"{shop}/login")
    page.fill("#email", ENTRY["email"])
    page.fill("#password", PASSWORD)
    page.click("main form >> button:text-is('Sign in')")
    page.goto(f"{shop}/account/passkeys")
    page.fill("#current", PASSWORD)
    press("Go on")
    press("Make the passkey")
    page.get_by_text("The passkey is kept").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{shop}/login?next=/account/orders")
    press("Sign in with a passkey")
    page.wait_for_url("**/account/orders")
