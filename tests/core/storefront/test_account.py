"""The shopper's account, without scripts: addresses, devices, password, another e-mail, a copy, and the end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.accounts import services as accounts
from core.accounts.models import ResetToken, Shopper
from core.accounts.services import letters
from core.cart.services import Details, add_to_cart
from core.checkout.services.place_order import place_order
from core.hookspecs.checkout import Address
from core.hookspecs.notify import Message
from core.hookspecs.site import Site
from core.kernel import db, i18n, jobs
from core.kernel.messages import enqueue_message
from core.kernel.sessions import sessions_of
from core.kernel.sites import state_of
from core.lib.errors import NotFound
from core.lib.languages import END, FIRST_STRONG
from core.orders.services.case import request_case
from core.orders.services.payments import mark_paid
from core.orders.services.read import order_view
from core.orders.services.ship import deliver, ship
from core.storefront.services.order import shown_order
from core.testing.shop import PASSWORD

from .conftest import Visitor, text_of

BERLIN = {"name": "Mira Kessler", "line1": "Lange Str. 1", "postcode": "10115", "city": "Berlin", "country": "DE"}
NEW = "a lamp in every window"


@pytest.fixture
def mira(visitor: Visitor, shopper: Any) -> Visitor:
    return sign_in(visitor)


def sign_in(visitor: Visitor, email: str = "mira@example.com", password: str = PASSWORD) -> Visitor:
    answer = visitor.post("/login", {"email": email, "password": password})
    assert answer.request.path == "/account"
    return visitor


@pytest.fixture
def tom(app: Any, site: Any) -> tuple[Shopper, Visitor]:
    """Another shopper of the same site, signed in elsewhere."""
    made = accounts.register_shopper(
        site, email="tom@example.com", name="Tom", password=PASSWORD, language="en", link="", address="203.0.113.9"
    )
    assert made is not None
    return made, sign_in(Visitor(app.test_client()), "tom@example.com")


@pytest.fixture
def mailed(monkeypatch: pytest.MonkeyPatch, tom: tuple[Shopper, Visitor]) -> list[Any]:
    """The shop can send messages, but could not yet when Tom came: what is told to whom, after the worker worked."""
    del tom
    from core.accounts.services import emails, shoppers

    sent: list[Any] = []
    monkeypatch.setattr(letters, "enqueue_message", lambda site, message: sent.append(message))

    class Reachable:
        def __getattr__(self, name: str) -> Any:
            return self

        def answering(self, name: str) -> bool:
            return True

    class State:
        def __init__(self, state: Any) -> None:
            self.site, self.hooks = state.site, Reachable()

    real = emails.state_of
    for verbs in (emails, shoppers):
        monkeypatch.setattr(verbs, "state_of", lambda site_id: State(real(site_id)))
    return sent


def keep(shopper: Any, **more: Any) -> int:
    return int(accounts.save_address(shopper, {**BERLIN, **more.pop("parts", {})}, **more).id)


# -- addresses ---------------------------------------------------------------------------------------------------------


def test_an_address_is_kept_changed_and_removed(mira: Visitor, shopper: Any) -> None:
    assert "No addresses yet" in text_of(mira.get("/account/addresses").text)
    wrong = mira.post("/account/addresses/new", {**BERLIN, "postcode": "1"})
    assert wrong.status_code == 422
    assert 'value="Lange Str. 1"' in wrong.text
    assert 'id="postcode-note"' in wrong.text
    assert "Lange Str. 1" in text_of(mira.post("/account/addresses/new", BERLIN).text)
    (kept,) = accounts.addresses_of(shopper)
    mira.post(f"/account/addresses/{kept.id}", {**BERLIN, "line1": "Kurze Str. 2", "billing": "1"})
    said = text_of(mira.get("/account/addresses").text)
    assert "Kurze Str. 2" in said
    assert "Bills" in said
    mira.post(f"/account/addresses/{kept.id}/remove")
    assert accounts.addresses_of(shopper) == []


def test_a_removed_address_is_brought_back_by_the_button_of_the_note(mira: Visitor, shopper: Any) -> None:
    kept = keep(shopper)
    undo = f"/account/addresses/{kept}/restore"
    removed = mira.post(f"/account/addresses/{kept}/remove").text
    assert "No addresses yet" in text_of(removed)
    assert re.search(rf'<form[^>]*action="{undo}" method="post"><p>The address is removed\.</p><button', removed)
    for _ in range(2):
        back = mira.post(undo)
        assert back.status_code == 200
        assert "The address is back, and is delivered to." in text_of(back.text)
    assert "Lange Str. 1" in text_of(mira.get("/account/addresses").text)
    keep(shopper, main=True)
    mira.post(f"/account/addresses/{kept}/remove")
    assert "The address is back. Another one is delivered to." in text_of(mira.post(undo).text)


def test_a_full_book_says_so_and_keeps_the_button_and_what_is_gone_for_good_has_none(
    mira: Visitor, shopper: Any
) -> None:
    gone = keep(shopper)
    mira.post(f"/account/addresses/{gone}/remove")
    for _ in range(30):
        keep(shopper)
    full = mira.post(f"/account/addresses/{gone}/restore")
    assert full.status_code == 409
    assert "Remove one first" in text_of(full.text)
    assert f'action="/account/addresses/{gone}/restore"' in full.text
    with db.transaction():
        db.execute("DELETE FROM shopper_address WHERE id = ?", gone)
    late = mira.post(f"/account/addresses/{gone}/restore")
    assert late.status_code == 404
    assert "This address is gone for good. Please add it anew." in text_of(late.text)
    assert "/restore" not in late.text


def test_another_country_asks_for_its_own_fields_and_keeps_what_was_typed(mira: Visitor, shopper: Any) -> None:
    shown = mira.post("/account/addresses/new", {**BERLIN, "country": "US", "country_only": "1"})
    assert shown.status_code == 200
    assert "State" in text_of(shown.text)
    assert 'value="Lange Str. 1"' in shown.text
    assert accounts.addresses_of(shopper) == []


def test_in_chinese_a_state_is_one_of_a_country_and_a_name_one_of_a_person(mira: Visitor) -> None:
    asked = mira.post("/zh-cn/account/addresses/new", {**BERLIN, "country": "US", "country_only": "1"}).text
    assert re.search(r"<label[^>]*>\s*州", asked)
    assert not re.search(r"<label[^>]*>\s*状态", asked)
    for path in ("/account/details", "/register"):
        assert re.search(r"<label[^>]*>\s*姓名", mira.get(f"/zh-cn{path}").text)


def test_the_button_for_another_country_is_there_only_where_no_script_follows_the_choice(mira: Visitor) -> None:
    page = mira.get("/account/addresses/new").text
    assert re.search(r'<form[^>]*data-country-form[^>]*action="/account/addresses/new"', page)
    assert page.count("country_only") == 1
    assert re.search(r"<noscript>\s*<p[^>]*>\s*<button[^>]*country_only", page)


def test_only_one_address_gets_the_bills(shopper: Any) -> None:
    first, second = keep(shopper, billing=True), keep(shopper, billing=True)
    assert [row.id for row in accounts.addresses_of(shopper) if row.billing] == [second]
    keep(shopper, address_id=second, billing=False)
    assert not any(row.billing for row in accounts.addresses_of(shopper))
    assert first != second


def test_somebody_elses_address_does_not_exist(mira: Visitor, tom: tuple[Shopper, Visitor]) -> None:
    foreign = keep(tom[0])
    assert mira.get(f"/account/addresses/{foreign}").status_code == 404
    assert mira.post(f"/account/addresses/{foreign}", BERLIN).status_code == 404
    assert mira.post(f"/account/addresses/{foreign}/remove").status_code == 404
    accounts.remove_address(tom[0], foreign)
    assert mira.post(f"/account/addresses/{foreign}/restore").status_code == 404
    assert accounts.addresses_of(tom[0]) == []
    accounts.restore_address(tom[0], foreign)
    assert mira.post(f"/checkout/address/{foreign}").status_code == 404
    assert len(accounts.addresses_of(tom[0])) == 1


def test_the_checkout_begins_with_the_defaults_and_takes_another_address_by_one_press(
    mira: Visitor, shopper: Any, lamp: int
) -> None:
    keep(shopper)
    keep(shopper, parts={"name": "Kessler GmbH", "line1": "Buchhaltung 9"}, billing=True)
    third = keep(shopper, parts={"line1": "Ferienhaus 3"})
    mira.post("/cart/add", {"product": "dome-lamp", "o.colour": "green", "o.size": "l"})
    page = mira.get("/checkout").text
    assert 'value="Lange Str. 1"' in page
    assert 'value="Buchhaltung 9"' in page
    taken = mira.post(f"/checkout/address/{third}", {**BERLIN, "email": "other@example.org", "note": "ring twice"}).text
    assert 'value="Ferienhaus 3"' in taken
    assert 'value="other@example.org"' in taken
    assert 'value="Lange Str. 1"' not in taken


def test_who_is_signed_in_orders_into_the_account(
    mira: Visitor, shopper: Any, lamp: int, fill: Callable[..., dict[str, str]]
) -> None:
    mira.post("/cart/add", {"product": "dome-lamp", "o.colour": "green", "o.size": "l"})
    placed = mira.post("/checkout/place", fill(mira.get("/checkout").text)).text
    number = re.search(r"Order (\d+)", text_of(placed))
    assert number
    assert db.value("SELECT shopper_id FROM orders WHERE number = ?", number[1]) == shopper.id
    assert "/checkout/keep/" not in placed, "there is an account already"
    assert f"Order {number[1]}" in text_of(mira.get("/account/orders").text)


# -- devices and password ----------------------------------------------------------------------------------------------


def test_devices_are_named_and_end(mira: Visitor, shopper: Any, app: Any) -> None:
    phone = Visitor(app.test_client())
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1"
    phone.post("/login", {"email": "mira@example.com", "password": PASSWORD}, **{"User-Agent": agent})
    page = mira.get("/account/devices").text
    assert "Safari, iPhone" in text_of(page)
    end = re.search(r'action="(/account/devices/\d+/end)"', page)
    assert end
    assert "That device is signed out" in text_of(mira.post(end.group(1)).text)
    assert phone.get("/account", follow=False).status_code == 303
    assert mira.post(end.group(1)).status_code == 404
    sign_in(phone)
    assert "One device is signed out" in text_of(mira.post("/account/devices/end-others").text)
    assert phone.get("/account", follow=False).status_code == 303
    assert mira.get("/account", follow=False).status_code == 200


def test_somebody_elses_device_does_not_exist(mira: Visitor, tom: tuple[Shopper, Visitor]) -> None:
    (session,) = sessions_of(shopper_id=tom[0].id)
    assert mira.post(f"/account/devices/{session.id}/end").status_code == 404
    assert tom[1].get("/account", follow=False).status_code == 200


@pytest.mark.parametrize(("box", "stays"), [({"end_others": "1"}, False), ({}, True)])
def test_a_new_password_ends_the_other_devices_if_that_is_wanted(
    mira: Visitor, app: Any, box: dict[str, str], *, stays: bool
) -> None:
    other = sign_in(Visitor(app.test_client()))
    wrong = mira.post("/account/password", {"current": "not this", "password": NEW, **box})
    assert wrong.status_code == 422
    assert 'id="current-note"' in wrong.text
    done = mira.post("/account/password", {"current": PASSWORD, "password": NEW, **box})
    assert "Your password is changed" in text_of(done.text)
    assert (other.get("/account", follow=False).status_code == 200) is stays
    sign_in(Visitor(app.test_client()), password=NEW)


def test_a_new_password_makes_links_that_were_sent_before_worthless(mira: Visitor, shopper: Any, site: Any) -> None:
    from core.accounts.services import links

    with db.transaction():
        token = links.issue(links.RESET, site_id=site.id, shopper=shopper)
    mira.post("/account/password", {"current": PASSWORD, "password": NEW})
    for answered in (mira.get(f"/password/{token}"), mira.post(f"/password/{token}", {"password": NEW})):
        assert answered.status_code == 410
        assert "This link has been used or is too old. Ask for a new one." in text_of(answered.text)
        assert re.search(r'<form[^>]*action="/password"', answered.text), "which is asked for on the same page"


# -- details and e-mail ------------------------------------------------------------------------------------------------


def test_details_are_kept_and_errors_stand_beside_their_fields(mira: Visitor, shopper: Any) -> None:
    wrong = mira.post("/account/details", {"name": "Mira K.", "phone": "call me", "language": "en"})
    assert wrong.status_code == 422
    assert 'value="Mira K."' in wrong.text
    mira.post("/account/details", {"name": "Mira K.", "phone": "", "language": "zh-CN"})
    changed = Shopper.get_by_id(shopper.id)
    assert (changed.name, changed.language) == ("Mira K.", "zh-CN")


def asked_email(visitor: Visitor, email: str, password: str = PASSWORD) -> Any:
    return visitor.post("/account/email", {"email": email, "current": password})


def test_another_email_is_confirmed_at_the_new_one_and_told_to_the_old_one(
    mira: Visitor, shopper: Any, mailed: list[Any], tom: tuple[Shopper, Visitor]
) -> None:
    assert asked_email(mira, "new@example.com", "wrong").status_code == 422
    assert "Open the link" in text_of(asked_email(mira, "new@example.com").text)
    jobs.run_due()
    assert [message.to for message in mailed] == ["mira@example.com", "new@example.com"]
    link = re.search(r"/account/email/[\w-]{22}", mailed[-1].text)
    assert link
    assert tom[1].get(link[0]).status_code == 410
    assert tom[1].post(link[0]).status_code == 410
    assert "new@example.com" in text_of(mira.get(link[0]).text)
    assert Shopper.get_by_id(shopper.id).email == "mira@example.com"
    assert "Your address is changed" in text_of(mira.post(link[0]).text)
    assert Shopper.get_by_id(shopper.id).email == "new@example.com"
    assert mailed[-1].to == "mira@example.com"
    assert mira.post(link[0]).status_code == 410


@pytest.mark.parametrize(
    ("letter", "more", "page"),
    [
        ("known", {}, "/login"),
        ("changed", {"logged_out": True}, "/password"),
        ("email_in_use", {}, "/"),
        ("email_asked", {}, "/account/password"),
        ("email_changed", {}, "/"),
        ("erasure", {}, "/account/data"),
        ("sign_in_changed", {"what": "passkey_added"}, "/password"),
    ],
)
def test_a_mail_about_an_account_leads_to_what_it_speaks_of_in_its_readers_language(
    letter: str, more: dict[str, Any], page: str, mira: Visitor, site: Site, mailed: list[Message]
) -> None:
    for language, prefix in (("en", ""), ("zh-CN", "/zh-cn"), ("fr", "")):
        getattr(letters, f"send_{letter}")(site, "mira@example.com", "key", language, **more)
        link = re.search(r"\bhttps?://\S+", mailed[-1].text)
        assert link
        assert link[0] == f"{site.origin}{prefix}{page}"
        assert mira.get(link[0].removeprefix(site.origin)).status_code == 200


def test_whether_somebody_else_has_the_address_is_told_by_mail_alone(
    mira: Visitor, mailed: list[Any], tom: tuple[Shopper, Visitor]
) -> None:
    free, taken = asked_email(mira, "free@example.com"), asked_email(mira, "tom@example.com")
    assert (free.status_code, text_of(free.text)) == (taken.status_code, text_of(taken.text))
    jobs.run_due()
    (told,) = [message for message in mailed if message.to == "tom@example.com"]
    assert "/account/email/" not in told.text


def test_a_link_for_another_email_holds_a_day(mira: Visitor, mailed: list[Any], clock: Any) -> None:
    asked_email(mira, "new@example.com")
    jobs.run_due()
    link = re.search(r"/account/email/[\w-]{22}", mailed[-1].text)
    assert link
    clock.move(hours=25)
    for over in (mira.get(link[0]), mira.post(link[0])):
        assert over.status_code == 410
        assert "Ask for a new one" in text_of(over.text)
        assert 'action="/account/email"' in over.text  # It is asked for where it was found to be over.


def test_orders_of_a_guest_join_the_account_that_confirms_the_same_address(
    mira: Visitor, shopper: Any, mailed: list[Any], order: Callable[..., Any], sell: Callable[..., Any]
) -> None:
    placed = order(sell("CUP", 900), email="Guest@Example.com")
    asked_email(mira, "guest@example.com")
    jobs.run_due()
    assert "No orders yet" in text_of(mira.get("/account/orders").text)
    link = re.search(r"/account/email/[\w-]{22}", mailed[-1].text)
    assert link
    mira.post(link[0])
    assert f"Order {placed.number}" in text_of(mira.get("/account/orders").text)


def test_orders_of_a_guest_join_the_account_that_is_made_with_the_same_address(
    visitor: Visitor, mailed: list[Any], order: Callable[..., Any], sell: Callable[..., Any]
) -> None:
    cup = sell("CUP", 900)
    placed, foreign = order(cup, email="guest@example.com"), order(cup, email="guest2@example.com")
    visitor.post("/register", {"email": "guest@example.com", "name": "", "password": NEW})
    jobs.run_due()
    link = re.search(r"/register/[\w-]{22}", mailed[-1].text)
    assert link
    assert visitor.post(link[0], {"password": NEW}).request.path == "/account"
    listed = text_of(visitor.get("/account/orders").text)
    assert f"Order {placed.number}" in listed
    assert f"Order {foreign.number}" not in listed


def test_the_tests_above_see_a_link_that_anybody_may_use(
    mira: Visitor, mailed: list[Any], tom: tuple[Shopper, Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.accounts.services import emails, links

    asked_email(mira, "new@example.com")
    jobs.run_due()
    link = re.search(r"/account/email/[\w-]{22}", mailed[-1].text)
    assert link
    monkeypatch.setattr(emails, "_own_link", lambda site, _anybody, token: links.find(links.EMAIL, token, site.id))
    assert tom[1].get(link[0]).status_code == 200


# -- the copy and the end ----------------------------------------------------------------------------------------------


def test_the_copy_asks_for_the_password_and_holds_only_ones_own(
    mira: Visitor, shopper: Any, tom: tuple[Shopper, Visitor], order: Callable[..., Any], sell: Callable[..., Any]
) -> None:
    mine = own(order(sell("CUP", 900)), shopper)
    own(order(sell("POT", 1900)), tom[0])
    keep(shopper)
    accounts.remove_address(shopper, keep(shopper, parts={"line1": "Kurze Str. 2"}))
    assert mira.post("/account/data/copy", {"current": "wrong"}).status_code == 422
    file = mira.post("/account/data/copy", {"current": PASSWORD})
    assert file.headers["Cache-Control"] == "no-store"
    assert "attachment" in file.headers["Content-Disposition"]
    data = json.loads(file.text)
    assert data["profile"]["email"] == "mira@example.com"
    assert [one["line1"] for one in data["addresses"]] == ["Lange Str. 1"]
    assert [one["line1"] for one in data["addresses_removed_lately"]] == ["Kurze Str. 2"]
    assert [(one["number"], one["lines"][0]["sku"]) for one in data["orders"]] == [(mine.number, "CUP")]


def test_the_end_can_be_taken_back(mira: Visitor, shopper: Any, clock: Any) -> None:
    assert mira.post("/account/data/erase", {"current": "wrong"}).status_code == 422
    asked = text_of(mira.post("/account/data/erase", {"current": PASSWORD}).text)
    assert "will be erased on" in asked
    assert "will be erased on" in text_of(mira.get("/account").text)
    mira.post("/account/data/keep")
    clock.move(days=20)
    forget()
    assert Shopper.get_by_id(shopper.id).email == "mira@example.com"


def test_after_two_weeks_only_the_bill_tells_who_it_was(
    mira: Visitor, shopper: Any, clock: Any, order: Callable[..., Any], sell: Callable[..., Any]
) -> None:
    keep(shopper)
    placed = own(order(sell("CUP", 900)), shopper)
    finish(placed.id)
    mira.post("/account/data/erase", {"current": PASSWORD})
    assert "mira@" in repr(db.rows("SELECT payload FROM job"))
    clock.move(days=13, hours=23)
    forget()
    assert Shopper.get_by_id(shopper.id).email == "mira@example.com"
    clock.move(hours=2)
    forget()
    gone = Shopper.get_by_id(shopper.id)
    assert (gone.name, gone.phone, gone.password_hash) == ("", "", None)
    assert "mira" not in gone.email
    assert accounts.addresses_of(gone) == []
    assert sessions_of(shopper_id=gone.id) == []
    assert ResetToken.select().where(ResetToken.shopper == gone).count() == 0
    row = db.one(
        "SELECT email, phone, note, extra, shopper_id, total, billing, address FROM orders WHERE id = ?", placed.id
    )
    assert row is not None
    assert row[:5] == ("", "", "", "{}", None)
    assert row[5] == 900
    assert json.loads(row[6])["name"]
    assert json.loads(row[7])["lines"] == []
    assert "mira@" not in repr(db.rows("SELECT payload FROM job")), "no mail to them is kept, a given up one neither"
    assert mira.get(f"/order/{placed.secret}").status_code == 404
    assert mira.post("/login", {"email": "mira@example.com", "password": PASSWORD}).status_code == 422


def test_nothing_is_sent_to_somebody_who_was_erased(site: Any) -> None:
    with db.transaction():
        enqueue_message(site, Message(key="late", kind="order", to="", subject="", text="", language="en"))
    assert db.value("SELECT count(*) FROM job WHERE name = 'messages.send'") == 0


def test_an_open_order_is_finished_first(
    mira: Visitor, shopper: Any, clock: Any, order: Callable[..., Any], sell: Callable[..., Any]
) -> None:
    placed = own(order(sell("CUP", 900)), shopper)
    mira.post("/account/data/erase", {"current": PASSWORD})
    clock.move(days=15)
    forget()
    assert Shopper.get_by_id(shopper.id).email == "mira@example.com"
    finish(placed.id)
    forget()
    assert Shopper.get_by_id(shopper.id).email != "mira@example.com"


def forget() -> None:
    """The hourly job, as the worker runs it."""
    with db.transaction():
        jobs.enqueue("orders.forget_people", {})
    jobs.run_due()


def own(placed: Any, shopper: Shopper) -> Any:
    """The order, as if it had been placed by somebody who was signed in."""
    with db.transaction():
        db.execute("UPDATE orders SET shopper_id = ? WHERE id = ?", shopper.id, placed.id)
    return placed


def finish(order_id: int) -> None:
    with db.transaction():
        db.execute("UPDATE order_line SET cancelled = ordered, allocated = 0 WHERE order_id = ?", order_id)


# -- everywhere --------------------------------------------------------------------------------------------------------

PAGES = (
    "/account",
    "/account/addresses",
    "/account/addresses/new",
    "/account/details",
    "/account/password",
    "/account/email",
    "/account/devices",
    "/account/data",
    "/account/data/copy",
    "/account/data/erase",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_the_account_are_kept_nowhere_and_speak_chinese(mira: Visitor, path: str) -> None:
    page = mira.get(path)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    chinese = mira.get(f"/zh-cn{path}")
    assert "地址簿" in chinese.text
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", chinese.text, re.DOTALL)
    assert heading
    assert re.search(r"[\u4e00-\u9fff]", heading[1])


def test_on_another_site_nobody_is_signed_in_and_the_ids_are_worthless(
    mira: Visitor, shopper: Any, other_site: Any
) -> None:
    foreign = keep(shopper)
    token = mira.cookie("__Host-stoa")
    assert token
    for path in (*PAGES, f"/account/addresses/{foreign}"):
        headers = {"Cookie": f"__Host-stoa={token}"}
        answer = mira.client.get(path, base_url="https://ji.test", headers=headers)
        assert answer.status_code == 303, path
        assert "/login" in answer.headers["Location"]
    there = accounts.register_shopper(
        other_site, email="mira@example.com", name="", password=PASSWORD, language="zh-CN", link="", address="1.2.3.4"
    )
    assert there is not None
    with pytest.raises(NotFound):
        accounts.get_address(there, foreign)


def test_the_list_of_orders_shows_what_was_bought_and_what_comes_back(
    mira: Visitor, site: Any, shopper: Any, sell: Callable[..., Any]
) -> None:
    token = None
    for sku, name in (("A", "Dome lamp"), ("B", "Cup"), ("C", "Bowl")):
        item = sell(sku, 1000, stock=9, name=name)
        token = add_to_cart(site, token, item.variant_id, 1, currency="EUR", language="en", shopper_id=shopper.id)
    details = Details(
        email=shopper.email, address=Address(name="Mira", lines=("A 1",), city="Berlin", postcode="10115", country="DE")
    )
    placed = place_order(state_of(site.id), token, seen_total=3000, details=details, shopper_id=shopper.id)
    ship(site, placed.id, actor="staff:1")
    listed = mira.get("/account/orders").text
    assert "Dome lamp and 2 more" in text_of(listed)
    assert "A return is under way" not in listed
    order = order_view(placed.id)
    assert order is not None
    request_case(site, order.id, kind="return", lines={order.lines[0].id: 1}, reason="faulty", key="k", actor="system")
    listed = mira.get("/account/orders").text
    assert "A return is under way" in listed
    assert "It is on its way" in listed
    with db.transaction():
        db.execute("UPDATE orders SET rate = ? WHERE id = ?", '{"pickup":true}', placed.id)
    listed = mira.get("/account/orders").text
    assert "Ready to be picked up" in listed
    assert "It is on its way" not in listed


def test_what_is_picked_up_in_parts_is_ready_then_picked_up_and_is_on_no_way(
    site: Site, visitor: Visitor, sell: Callable[..., Any], order: Callable[..., Any]
) -> None:
    placed = order(sell("LAMP", 8900, stock=5), 2)
    with db.transaction():
        db.execute("UPDATE orders SET rate = ? WHERE id = ?", '{"pickup":true}', placed.id)
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    order_now = order_view(placed.id)
    assert order_now is not None
    line = order_now.lines[0].id
    first = ship(site, placed.id, actor="staff:1", lines={line: 1})
    said = text_of(visitor.get(f"/order/{placed.secret}").text)
    assert said.count("A part is ready to be picked up") == 2, "above, and where it stands"
    assert "on its way" not in said
    rest = ship(site, placed.id, actor="staff:1", lines={line: 1})
    for parcel in (first, rest):
        deliver(site, placed.id, actor="staff:1", shipment_id=parcel)
    said = text_of(visitor.get(f"/order/{placed.secret}").text)
    assert said.count("Picked up") > 1
    for wrong in ("It has arrived", "Left us", "Delivered"):
        assert wrong not in said


def test_whoever_picks_an_order_up_reads_where_and_when(
    site: Site, visitor: Visitor, sell: Callable[..., Any], order: Callable[..., Any]
) -> None:
    placed = order(sell("LAMP", 8900, stock=5), 2)
    with db.transaction():
        rate = '{"pickup":true,"title":"Quay","description":"12 Canal Street, Leeds\\nMon-Sat 9-18"}'
        db.execute("UPDATE orders SET rate = ? WHERE id = ?", rate, placed.id)
    for page in (f"/order/{placed.secret}", f"/checkout/thanks/{placed.secret}"):
        said = text_of(visitor.get(page).text)
        assert "12 Canal Street, Leeds" in said
        assert "Mon-Sat 9-18" in said
    known = order_view(placed.id)
    assert known is not None
    with i18n.speaking("ar", "UTC"):
        steps = shown_order(state_of(site.id), known).steps
    assert any(FIRST_STRONG + "12 Canal Street, Leeds" + END in one.text for one in steps), "torn apart by nothing"
