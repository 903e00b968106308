"""Registering, logging in, changing and closing an account, without telling strangers who has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.accounts import services as accounts
from core.accounts.models import Shopper
from core.accounts.services import EmailTaken, LinkOver, WrongLogin, WrongPassword
from core.hookspecs.site import Site
from core.kernel import db, passwords
from core.kernel.passwords import WeakPassword
from core.lib import clock
from core.lib.errors import NotFound, Refused, TooMany, Unfit

from .conftest import HOME, PASSWORD, PostBox, begin, register


def log_in(site: Site, email: str, password: str = PASSWORD, address: str = HOME) -> Shopper:
    return accounts.authenticate(site, email, password, address=address)


def told(kind: str) -> int:
    return int(db.value("SELECT COUNT(*) FROM outbox WHERE type = ?", kind))


# -- a shop that cannot send messages ---------------------------------------------------------------------------------


def test_without_a_channel_the_account_is_there_at_once(site: Site) -> None:
    shopper = register(site, " Ines@Example.com ")
    assert log_in(site, "ines@example.com").id == shopper.id
    assert shopper.email == "Ines@Example.com"
    assert shopper.confirmed_at is None
    assert told("shopper.registered") == 1


def test_a_double_click_makes_one_account(site: Site) -> None:
    assert register(site, "ines@example.com").id == register(site, "INES@example.com").id
    assert told("shopper.registered") == 1


def test_of_two_registrations_at_once_the_second_does_not_enter_the_first_ones_account(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.accounts.services import shoppers

    register(site, "tom@example.com")
    real, answers = shoppers.find_shopper, [None]
    monkeypatch.setattr(shoppers, "find_shopper", lambda *who: answers.pop() if answers else real(*who))
    with pytest.raises(EmailTaken):
        begin(site, "tom@example.com", "the second password")
    assert told("shopper.registered") == 1


def test_somebody_elses_address_is_not_taken_over(site: Site, ines: Shopper) -> None:
    with pytest.raises(EmailTaken):
        begin(site, "ines@example.com", "another password")
    assert log_in(site, "ines@example.com").id == ines.id


def test_the_same_person_has_an_account_per_site(site: Site, other_site: Site) -> None:
    here, there = register(site, "ines@example.com"), register(other_site, "ines@example.com", "second secret")
    assert here.id != there.id
    with pytest.raises(WrongLogin):
        log_in(site, "ines@example.com", "second secret")


@pytest.mark.parametrize("email", ["", "ines", "a@b.co\nBcc: all@example.com", "a@b.co\x00", "<script>@x.co"])
def test_what_is_no_address_is_said_beside_the_field(site: Site, email: str) -> None:
    with pytest.raises(Unfit) as unfit:
        begin(site, email)
    assert "email" in unfit.value.errors


def test_a_weak_password_is_refused(site: Site) -> None:
    with pytest.raises(WeakPassword):
        begin(site, "ines@example.com", "password1")


def test_a_name_is_one_line_without_controls(site: Site) -> None:
    assert register(site, "ines@example.com", name=" Ines\r\nBcc: x\x00 \u202e").name == "Ines Bcc: x"


# -- a shop that can --------------------------------------------------------------------------------------------------


def test_with_a_channel_known_and_new_addresses_get_the_same_answer(
    site: Site, ines: Shopper, post_box: PostBox
) -> None:
    begin(site, "first@example.com")  # reads the site's state for the others
    with db.counted() as for_new:
        assert begin(site, "new@example.com") is None
    with db.counted() as for_known:
        assert begin(site, "ines@example.com") is None
    with db.counted() as for_own:
        assert begin(site, "ines@example.com", "another password") is None
    assert for_new == for_known == for_own
    sent = {message["to"]: message["subject"] for message in post_box.collect()}
    assert sent.pop("first@example.com")
    assert sent == {
        "new@example.com": "Finish your account at Halden House",
        "ines@example.com": "You have an account at Halden House already",
    }
    with pytest.raises(WrongLogin):
        log_in(site, "new@example.com")
    assert ines.id == log_in(site, "ines@example.com").id


def test_the_link_and_the_password_make_the_account(site: Site, post_box: PostBox) -> None:
    begin(site, "new@example.com")
    token = post_box.token()
    shopper = accounts.confirm_registration(site, token, PASSWORD, address=HOME)
    assert shopper.confirmed_at is not None
    assert log_in(site, "new@example.com").id == shopper.id
    assert told("shopper.registered") == 1
    with pytest.raises(LinkOver):
        accounts.confirm_registration(site, token, PASSWORD, address=HOME)


def test_an_account_begun_by_a_stranger_does_not_open_by_the_link_alone(site: Site, post_box: PostBox) -> None:
    begin(site, "victim@example.com", "the strangers choice")
    with pytest.raises(WrongPassword):
        accounts.confirm_registration(site, post_box.token(), "victims own password", address=HOME)
    assert accounts.find_shopper(site, "victim@example.com") is None


def test_a_link_holds_a_day_and_on_its_own_site(site: Site, other_site: Site, post_box: PostBox) -> None:
    begin(site, "new@example.com")
    token = post_box.token()
    with pytest.raises(LinkOver):
        accounts.confirm_registration(other_site, token, PASSWORD, address=HOME)
    with clock.freeze(clock.now()) as time:
        time.move(hours=25)
        with pytest.raises(LinkOver):
            accounts.confirm_registration(site, token, PASSWORD, address=HOME)


def test_two_links_for_one_address_make_one_account(site: Site, post_box: PostBox) -> None:
    begin(site, "new@example.com")
    first = post_box.token()
    begin(site, "new@example.com", "second password")
    second = post_box.token()
    accounts.confirm_registration(site, first, PASSWORD, address=HOME)
    with pytest.raises(LinkOver):
        accounts.confirm_registration(site, second, "second password", address=HOME)


def test_messages_speak_the_readers_language_and_name_nobody(site: Site, post_box: PostBox) -> None:
    link = f"{site.origin}/t/{accounts.TOKEN}"
    accounts.register_shopper(
        site,
        email="new@example.com",
        name="Win at evil.example",
        password=PASSWORD,
        language="zh-CN",
        link=link,
        address=HOME,
    )
    (message,) = post_box.collect()
    assert message["subject"] == "完成您在Halden House的注册"
    assert "evil" not in message["text"]
    assert message["language"] == "zh-CN"


# -- logging in -------------------------------------------------------------------------------------------------------


def test_every_refusal_sounds_the_same_and_costs_one_hash(
    site: Site, ines: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.disable_shopper(site, register(site, "gone@example.com").id, actor="staff:1")
    hashes: list[str | None] = []
    real = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda said, stored: hashes.append(stored) or real(said, stored))
    refusals = []
    for email, password in (
        ("ines@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
    ):
        with pytest.raises(WrongLogin) as refused:
            log_in(site, email, password)
        refusals.append((refused.value.code, str(refused.value), refused.value.status, refused.value.field))
    assert len(set(refusals)) == 1
    assert hashes == [ines.password_hash, None, None]


def test_guessing_is_refused_even_with_the_right_password_at_last(site: Site, ines: Shopper) -> None:
    for _ in range(8):
        with pytest.raises(WrongLogin):
            log_in(site, ines.email, "wrong")
    with pytest.raises(TooMany):
        log_in(site, ines.email)
    assert log_in(site, ines.email, address="203.0.113.1").id == ines.id


def test_an_old_hash_is_made_anew_at_login(site: Site, ines: Shopper) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    Shopper.update(password_hash=old).where(Shopper.id == ines.id).execute()
    log_in(site, ines.email)
    assert not passwords.is_outdated(accounts.get_shopper(site, ines.id).password_hash)
    assert log_in(site, ines.email).id == ines.id


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(email=st.text(max_size=300), password=st.text(max_size=1200), name=st.text(max_size=300))
def test_no_text_that_anybody_types_breaks_the_forms(site: Site, email: str, password: str, name: str) -> None:
    from core.kernel import limits

    limits.reset()
    for attempt in (
        lambda: log_in(site, email, password),
        lambda: begin(site, email, password, name=name),
        lambda: begin(site, "ines@example.com", password, name=name),
        lambda: accounts.request_reset(site, email, link=f"{site.origin}/t/TOKEN", language="en", address=HOME),
        lambda: accounts.reset_password(site, email, password, address=HOME),
        lambda: accounts.confirm_registration(site, email, password, address=HOME),
    ):
        try:
            attempt()
        except Refused as refused:
            assert 400 <= refused.status < 500  # noqa: PT017 -- whatever is refused is refused politely


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_logging_in_and_out(site: Site, ines: Shopper, as_visitor: Callable[..., Any]) -> None:
    with as_visitor(site, method="POST"):
        assert accounts.current_shopper() is None
        accounts.login_shopper(ines)
        assert accounts.current_shopper() == ines
        assert accounts.visitor().is_shopper
        assert not accounts.visitor().is_staff
        accounts.logout()
        assert accounts.current_shopper() is None


# -- changing ---------------------------------------------------------------------------------------------------------


def test_a_shopper_changes_name_phone_and_language(site: Site, ines: Shopper) -> None:
    accounts.update_shopper(site, ines.id, name="Ines A.", phone="020 7946 0018", language="zh-CN")
    changed = accounts.get_shopper(site, ines.id)
    assert (changed.name, changed.phone, changed.language) == ("Ines A.", "020 7946 0018", "zh-CN")


@pytest.mark.parametrize(("field", "value"), [("phone", "12"), ("language", "tlh")])
def test_what_does_not_fit_is_refused(site: Site, ines: Shopper, field: str, value: str) -> None:
    with pytest.raises(Unfit) as unfit:
        accounts.update_shopper(site, ines.id, **{"name": "", "phone": "", "language": "en", field: value})
    assert list(unfit.value.errors) == [field]


def test_another_sites_shopper_does_not_exist_here(other_site: Site, ines: Shopper) -> None:
    with pytest.raises(NotFound):
        accounts.get_shopper(other_site, ines.id)
    with pytest.raises(NotFound):
        accounts.disable_shopper(other_site, ines.id, actor="staff:1")
