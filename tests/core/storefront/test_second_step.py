"""A shopper's second step: no session before the code, no code twice, no way round it, and it ends with the account."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from core.accounts import services as accounts
from core.accounts.models import RecoveryCode, SecondFactor, Shopper
from core.accounts.services import erasure, factor, links
from core.kernel import db
from core.lib import clock, totp
from core.testing.shop import PASSWORD

from .conftest import Visitor, text_of

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ENTRY = {"email": "mira@example.com", "password": PASSWORD}


@pytest.fixture
def stopped() -> Any:
    with clock.freeze(AT) as stopped:
        yield stopped


@pytest.fixture
def mira(visitor: Visitor, shopper: Shopper) -> Visitor:
    visitor.post("/login", ENTRY)
    return visitor


@pytest.fixture
def stranger(app: Any) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def recovery(stopped: clock.Frozen, mira: Visitor, shopper: Shopper) -> list[str]:
    """Switched on through the pages; the next code belongs to the next step."""
    shown = mira.post("/account/second-step", {"current": PASSWORD}).text
    assert 'class="qr"' in shown
    key = totp.key_text(factor._secret(factor._row(shopper)))
    assert key in shown.replace(" ", "")
    codes = re.findall(
        r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", mira.post("/account/second-step/confirm", {"code": code(shopper)}).text
    )
    assert len(codes) == factor.RECOVERY_CODES
    stopped.move(seconds=30)
    return codes


def code(person: Shopper) -> str:
    """What the person's app shows now."""
    return totp.hotp(factor._secret(factor._row(person)), totp.step_of(clock.now()))


def proof_of(page: Any) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def is_in(visitor: Visitor) -> bool:
    return bool(visitor.get("/account", follow=False).status_code == 200)


def test_the_code_is_one_to_sign_in_with_and_the_first_comes_from_the_app(mira: Visitor) -> None:
    mira.post("/account/second-step", {"current": PASSWORD})
    asked = text_of(mira.get("/zh-cn/account/second-step").text)
    assert "登录验证码" in asked
    assert "优惠码" not in asked
    assert "recovery code" not in text_of(mira.get("/account/second-step").text), "there is none yet"


def test_the_password_alone_opens_nothing(recovery: list[str], stranger: Visitor, shopper: Shopper) -> None:
    asked = stranger.post("/login", {**ENTRY, "next": "checkout"})
    assert "One more step" in text_of(asked.text)
    assert not is_in(stranger)
    sent = {"proof": proof_of(asked), "code": code(shopper), "next": "checkout"}
    assert stranger.post("/login/code", sent, follow=False).headers["Location"] == "/checkout"
    assert is_in(stranger)
    again = stranger.post("/login/code", sent)
    assert again.status_code == 422
    assert 'id="code-note"' in again.text


def test_a_recovery_code_lets_in_once_however_it_is_typed(recovery: list[str], stranger: Visitor) -> None:
    typed = recovery[3].upper().replace("-", " ")
    proof = proof_of(stranger.post("/login", ENTRY))
    stranger.post("/login/code", {"proof": proof, "code": typed})
    assert "9 recovery codes are left" in text_of(stranger.get("/account/second-step").text)
    assert stranger.post("/login/code", {"proof": proof, "code": typed}).status_code == 422


def test_guesses_come_to_an_end(recovery: list[str], stranger: Visitor, shopper: Shopper) -> None:
    proof = proof_of(stranger.post("/login", ENTRY))
    told = [stranger.post("/login/code", {"proof": proof, "code": "000000"}).status_code for _ in range(12)]
    assert (told[0], told[-1]) == (422, 429)
    assert stranger.post("/login/code", {"proof": proof, "code": code(shopper)}).status_code == 429
    assert not is_in(stranger)


def test_a_new_password_by_mail_asks_for_the_code_all_the_same(
    recovery: list[str], stranger: Visitor, shopper: Shopper, site: Any
) -> None:
    with db.transaction():
        token = links.issue(links.RESET, site_id=site.id, shopper=shopper)
    stranger.post(f"/password/{token}", {"password": "another lamp in the window"})
    assert not is_in(stranger)
    assert proof_of(stranger.post("/login", {**ENTRY, "password": "another lamp in the window"}))
    assert not is_in(stranger)


def test_registering_once_more_is_no_way_round(recovery: list[str], stranger: Visitor) -> None:
    assert proof_of(stranger.post("/register", {**ENTRY, "name": "Mira"}))
    assert not is_in(stranger)


def test_a_forged_proof_leads_back_to_the_password(recovery: list[str], stranger: Visitor, shopper: Shopper) -> None:
    for forged in ("", "WzEsICJ4Il0.aaaa.bbbb"):
        told = stranger.post("/login/code", {"proof": forged, "code": code(shopper)})
        assert told.request.path == "/login"
        assert not is_in(stranger)


def test_a_proof_is_worth_nothing_on_another_site_or_in_the_panel(
    recovery: list[str], shopper: Shopper, other_site: Any
) -> None:
    proof = factor.ticket(shopper)
    with pytest.raises(factor.TicketOver):
        factor.shopper_bearer(other_site, proof)
    with pytest.raises(factor.TicketOver):
        factor.bearer(proof)


def test_setting_it_up_asks_for_the_password_and_ends_other_sessions(
    stopped: clock.Frozen, mira: Visitor, stranger: Visitor, shopper: Shopper
) -> None:
    stranger.post("/login", ENTRY)
    assert mira.post("/account/second-step", {"current": "wrong"}).status_code == 422
    assert factor._row(shopper) is None
    mira.post("/account/second-step", {"current": PASSWORD})
    assert mira.post("/account/second-step/confirm", {"code": "000000"}).status_code == 422
    mira.post("/account/second-step/confirm", {"code": code(shopper)})
    assert (is_in(mira), is_in(stranger)) == (True, False)


def test_it_is_switched_off_by_a_code_alone(recovery: list[str], mira: Visitor, shopper: Shopper, app: Any) -> None:
    assert mira.post("/account/second-step/off", {"code": "123456"}).status_code == 422
    mira.post("/account/second-step/off", {"code": code(shopper)})
    other = Visitor(app.test_client())
    other.post("/login", ENTRY)
    assert is_in(other)


def test_an_erased_account_leaves_no_second_step(recovery: list[str], shopper: Shopper, site: Any) -> None:
    accounts.request_erasure(site, shopper, password=PASSWORD, address="203.0.113.9")
    with clock.freeze(AT + erasure.GRACE * 2), db.transaction():
        assert erasure.erase(site.id, shopper.id)
    assert SecondFactor.select().count() == RecoveryCode.select().count() == 0
    assert db.value("SELECT COUNT(*) FROM outbox WHERE type = 'shopper.erased'") == 1, "plugins are told"
