"""Changing a password that is known, and one that is forgotten."""

from __future__ import annotations

import pytest

from core.accounts import services as accounts
from core.accounts.models import ResetToken, Shopper, Staff
from core.accounts.services import LinkOver, WrongLogin, WrongPassword
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.passwords import WeakPassword
from core.kernel.sessions import Session
from core.lib import clock, ids
from core.lib.errors import TooMany

from .conftest import HOME, PASSWORD, PostBox

NEW = "a lamp in the rain"


def open_session(shopper: Shopper | None = None, staff: Staff | None = None) -> None:
    now = clock.now()
    Session.create(
        site_id=shopper.site_id if shopper else 1, token_digest=ids.uid(), shopper_id=shopper and shopper.id,
        staff_id=staff and staff.id, created_at=now, seen_at=now, expires_at=now.replace(year=now.year + 1),
    )  # fmt: skip


def ask(site: Site, email: str, **more: bool) -> None:
    link = f"{site.origin}/t/{accounts.TOKEN}"
    accounts.request_reset(site, email, link=link, language="en", address=HOME, **more)


def test_changing_a_password_ends_all_sessions(site: Site, ines: Shopper) -> None:
    open_session(ines)
    open_session(ines)
    accounts.change_password(ines, PASSWORD, NEW, address=HOME)
    assert Session.select().count() == 0
    assert accounts.authenticate(site, ines.email, NEW, address=HOME).id == ines.id
    with pytest.raises(WrongLogin):
        accounts.authenticate(site, ines.email, PASSWORD, address=HOME)


def test_the_present_password_is_asked_and_cannot_be_guessed_here(ines: Shopper) -> None:
    for _ in range(8):
        with pytest.raises(WrongPassword) as refused:
            accounts.change_password(ines, "wrong", NEW, address=HOME)
    assert refused.value.field == "current"
    with pytest.raises(TooMany):
        accounts.change_password(ines, PASSWORD, NEW, address=HOME)


@pytest.mark.parametrize("new", [PASSWORD, "short", "password123", "ines@example.com"])
def test_a_new_password_must_be_new_and_good(ines: Shopper, new: str) -> None:
    with pytest.raises(WeakPassword):
        accounts.change_password(ines, PASSWORD, new, address=HOME)


def test_a_forgotten_password_is_replaced_by_a_link(site: Site, ines: Shopper, post_box: PostBox) -> None:
    open_session(ines)
    ask(site, "INES@example.com")
    token = post_box.token()
    accounts.check_reset(site, token, address=HOME)
    accounts.reset_password(site, token, NEW, address=HOME)
    assert accounts.authenticate(site, ines.email, NEW, address=HOME).confirmed_at is not None
    assert Session.select().count() == 0
    assert post_box.collect()[-1]["subject"] == "Your password for Halden House was changed"
    with pytest.raises(LinkOver):
        accounts.reset_password(site, token, "third password", address=HOME)


def test_a_weak_new_password_does_not_use_the_link_up(site: Site, ines: Shopper, post_box: PostBox) -> None:
    ask(site, ines.email)
    token = post_box.token()
    with pytest.raises(WeakPassword):
        accounts.reset_password(site, token, "password123", address=HOME)
    accounts.reset_password(site, token, NEW, address=HOME)


def test_asking_for_an_account_that_is_not_there_does_the_same(site: Site, ines: Shopper, post_box: PostBox) -> None:
    with db.counted() as for_nobody:
        ask(site, "nobody@example.com")
    with db.counted() as for_ines:
        ask(site, ines.email)
    assert for_nobody == for_ines
    assert [message["to"] for message in post_box.collect()] == [ines.email]


def test_a_disabled_account_gets_no_link_and_an_earlier_one_is_worthless(
    site: Site, ines: Shopper, post_box: PostBox
) -> None:
    ask(site, ines.email)
    token = post_box.token()
    accounts.disable_shopper(site, ines.id, actor="staff:1")
    with pytest.raises(LinkOver):
        accounts.reset_password(site, token, NEW, address=HOME)
    ask(site, ines.email)
    assert len(post_box.collect()) == 1


def test_a_link_is_over_after_an_hour(site: Site, ines: Shopper, post_box: PostBox) -> None:
    ask(site, ines.email)
    token = post_box.token()
    with clock.freeze(clock.now()) as time:
        time.move(minutes=61)
        with pytest.raises(LinkOver):
            accounts.check_reset(site, token, address=HOME)


def test_the_database_holds_no_token(site: Site, ines: Shopper, post_box: PostBox) -> None:
    ask(site, ines.email)
    token = post_box.token()
    assert ResetToken.get().digest == ids.digest(token)


def test_links_cannot_be_guessed_for_long(site: Site) -> None:
    for _ in range(30):
        with pytest.raises(LinkOver):
            accounts.check_reset(site, ids.token(), address=HOME)
    with pytest.raises(TooMany):
        accounts.check_reset(site, ids.token(), address=HOME)


def test_a_mailbox_cannot_be_flooded(site: Site, ines: Shopper) -> None:
    for _ in range(5):
        ask(site, ines.email)
    with pytest.raises(TooMany):
        ask(site, ines.email)


def test_staff_get_their_link_from_the_panel_only(site: Site, owner: Staff, post_box: PostBox) -> None:
    ask(site, owner.email)
    assert post_box.collect() == []
    ask(site, owner.email, for_staff=True)
    account = accounts.reset_password(site, post_box.token(), NEW, address=HOME)
    assert account == owner
    assert not accounts.authenticate_staff(owner.email, NEW, address=HOME).must_change_password
