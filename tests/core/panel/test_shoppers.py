"""Shoppers in the panel: found, known, noted, shut out and erased; each figure and each act on their own site alone."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.accounts.models import Shopper
from core.hookspecs.events import GuestErased
from core.hookspecs.site import Site
from core.kernel import db, jobs, sessions
from core.kernel.secrets import mail_code
from core.kernel.sites import state_of
from core.lib import clock
from core.orders.services.cancel import cancel
from core.orders.services.owner import claim_orders
from core.orders.services.payments import mark_paid
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words


def account(site: Site, email: str, name: str = "", **more: Any) -> Shopper:
    with db.transaction():
        made: Shopper = Shopper.create(
            site_id=site.id, email=email, email_folded=email, name=name, created_at=clock.now(), **more
        )
    return made


@pytest.fixture
def mira(site: Site, sell: Callable[..., Item], order: Callable[..., Any]) -> Shopper:
    """Three orders of 10.00 each: one paid, one cancelled, one open; and a later one as a guest."""
    cup, person = sell("CUP", 1000, stock=9), account(site, "mira@example.com", "Mira Özge", phone="+49 171 234")
    placed = [order(cup, 1, email="mira@example.com") for _ in range(3)]
    claim_orders(site, "mira@example.com", person.id)
    mark_paid(state_of(site.id), placed[0].id, actor="staff:1")
    cancel(site, placed[1].id, actor="staff:1", reason="merchant")
    order(cup, 2, email="mira@example.com")
    return person


def listed(panel: Panel, query: str = "") -> list[int]:
    page = panel.get(f"/panel/shoppers{query}").get_data(as_text=True)
    return [int(found) for found in re.findall(r'<a href="/panel/shoppers/(\d+)"', page)]


def exported(panel: Panel, query: str = "") -> list[dict[str, str]]:
    answer = panel.get(f"/panel/shoppers.csv{query}")
    text = answer.get_data().decode("utf-8-sig")
    answer.close()
    return list(csv.DictReader(io.StringIO(text, newline="")))


# -- the list ----------------------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_and_its_file_is_what_it_shows(
    panel: Panel, site: Site, other_site: Site, mira: Shopper
) -> None:
    ada = account(site, "ada@example.com", "Ada", confirmed_at=clock.now())
    shut = account(site, "shut@example.com", disabled_at=clock.now())
    account(other_site, "mira@example.com", "Mira elsewhere")
    panel.post(f"/panel/shoppers/{ada.id}/tags", {"tag": " #VIP "})
    expected = {
        "": [shut.id, ada.id, mira.id], "?q=ozge+MIRA": [mira.id], "?q=171234": [], "?q=49171": [mira.id],
        "?q=example": [shut.id, ada.id, mira.id], "?show=unconfirmed": [shut.id, mira.id], "?show=blocked": [shut.id],
        "?show=leaving": [], "?tag=vip": [ada.id], "?tag=vip&show=blocked": [],
    }  # fmt: skip
    expected["?q=171234"] = [mira.id]  # Spaces in the number are nobody's business.
    mails = {one.id: one.email for one in (mira, ada, shut)}
    for query, ids in expected.items():
        assert listed(panel, query) == ids, query
        assert [row["email"] for row in exported(panel, query)] == [mails[one] for one in ids], query


def test_pages_of_the_list_follow_each_other(panel: Panel, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.panel.shoppers.services.PAGE", 2)
    people = [account(site, f"no{place}@example.com").id for place in range(5)]
    seen, query = listed(panel), ""
    for _ in range(2):
        page = panel.get(f"/panel/shoppers{query}").get_data(as_text=True)
        further = re.search(r'href="/panel/shoppers(\?before=\d+)" rel="next"', page)
        assert further is not None
        query = further[1]
        seen += listed(panel, query)
    assert 'rel="next"' not in panel.get(f"/panel/shoppers{query}").get_data(as_text=True)
    assert seen == people[::-1]


def test_sums_are_those_of_the_orders(panel: Panel, mira: Shopper) -> None:
    row = exported(panel)[0]
    # Two orders of 10.00 are left of three; one is paid. The guest's 20.00 is not hers.
    assert (row["orders"], row["ordered"], row["spent"]) == ("2", "20.00 EUR", "10.00 EUR")
    said = words(panel.get(f"/panel/shoppers/{mira.id}"))
    assert re.search(r"Orders 2 Ordered in all €20.00 Spent €10.00", said)
    assert "Ordered as a guest, with the same mail address" in said
    assert "€20.00" in said.split("Ordered as a guest")[1]


# -- a shopper ---------------------------------------------------------------------------------------------------------


def test_notes_and_tags_are_kept_shown_and_taken_back(panel: Panel, mira: Shopper) -> None:
    path = f"/panel/shoppers/{mira.id}"
    panel.post(f"{path}/note", {"text": "Calls on <b>Fridays</b>"})
    assert "Calls on &lt;b&gt;Fridays" in panel.get(path).get_data(as_text=True)
    note = db.value("SELECT id FROM shopper_note")
    gone = panel.follow(panel.post(f"{path}/notes/{note}/drop")).get_data(as_text=True)
    undo = re.search(r'action="(/panel/shoppers/\d+/note\?[^"]+)"', gone)
    assert undo is not None
    panel.post(undo[1].replace("&amp;", "&"))
    assert db.value("SELECT text FROM shopper_note") == "Calls on <b>Fridays</b>"
    assert "Nothing was written" in words(panel.follow(panel.post(f"{path}/note", {"text": "  "})))
    for place in range(20):
        panel.post(f"{path}/tags", {"tag": f"t{place}"})
    assert "at most 20 tags" in words(panel.follow(panel.post(f"{path}/tags", {"tag": "more"})))
    panel.post(f"{path}/tags", {"off": "t3"})
    assert db.value("SELECT COUNT(*) FROM shopper_tag") == 19


def test_a_blocked_shopper_is_out_until_it_is_undone(panel: Panel, site: Site, mira: Shopper) -> None:
    path = f"/panel/shoppers/{mira.id}"
    said = panel.follow(panel.post(f"{path}/block"))
    assert "Blocked" in words(said)
    assert f'action="{path}/unblock"' in said.get_data(as_text=True)
    assert Shopper.get_by_id(mira.id).disabled_at is not None
    panel.post(f"{path}/unblock")
    assert Shopper.get_by_id(mira.id).disabled_at is None
    assert [row[0] for row in db.rows("SELECT verb FROM activity WHERE object = ? ORDER BY id", f"shopper:{mira.id}")][
        -2:
    ] == ["shopper.disable", "shopper.enable"]
    assert "let Mira Özge in again" in words(panel.get("/panel/activity"))


def test_sessions_end_and_a_link_for_a_new_password_goes_to_the_owner_alone(
    panel: Panel, site: Site, mira: Shopper, turn_on: Callable[..., Any], outbox: Any
) -> None:
    path = f"/panel/shoppers/{mira.id}"
    assert "cannot send mails" in words(panel.follow(panel.post(f"{path}/password")))
    turn_on("mail")
    Shopper.update(language="zh-CN").where(Shopper.id == mira.id).execute()
    said = panel.follow(panel.post(f"{path}/password"))
    assert "It works for an hour" in words(said)
    assert f"{site.origin}/zh-cn/password/" in db.one("SELECT payload FROM job WHERE name = 'messages.send'")[0]
    row = db.one("SELECT shopper_id, purpose FROM reset_token")
    assert row == (mira.id, "reset")
    assert "/password/" not in said.get_data(as_text=True).split("<main")[1]
    with db.transaction():
        sessions.Session.create(
            token_digest="x" * 64, site_id=site.id, shopper_id=mira.id, agent="Firefox", data={},
            created_at=clock.now(), seen_at=clock.now(), expires_at=clock.now() + timedelta(days=1),
        )  # fmt: skip
    assert "Firefox" in words(panel.get(path))
    assert "1 session is ended" in words(panel.follow(panel.post(f"{path}/sign-out")))
    assert sessions.sessions_of(shopper_id=mira.id) == []


def test_data_are_handed_over_with_the_notes_and_that_is_noted(panel: Panel, mira: Shopper) -> None:
    panel.post(f"/panel/shoppers/{mira.id}/note", {"text": "Kind"})
    file = panel.post(f"/panel/shoppers/{mira.id}/data")
    data = json.loads(file.get_data())
    assert data["profile"]["email"] == "mira@example.com"
    assert [note["text"] for note in data["notes"]] == ["Kind"]
    assert len(data["orders"]) == 3
    assert db.value("SELECT COUNT(*) FROM activity WHERE verb = 'shopper.data'") == 1
    file.close()


def test_an_account_is_erased_after_two_weeks_unless_it_is_kept(panel: Panel, site: Site) -> None:
    leo = account(site, "leo@example.com", "Leo")
    path = f"/panel/shoppers/{leo.id}"
    panel.post(f"{path}/note", {"text": "Secret"})
    panel.post(f"{path}/tags", {"tag": "vip"})
    assert "Kept: orders with the name" in words(panel.get(f"{path}/erase"))
    panel.post(f"{path}/erase")
    assert listed(panel, "?show=leaving") == [leo.id]
    panel.post(f"{path}/keep")
    assert listed(panel, "?show=leaving") == []
    panel.post(f"{path}/erase")
    with db.transaction():
        db.execute("UPDATE shopper SET erase_at = 1 WHERE id = ?", leo.id)
        jobs.enqueue("orders.forget_people", {})
    jobs.run_due()
    assert panel.get(path).status_code == 404
    assert listed(panel) == []
    assert db.value("SELECT COUNT(*) FROM shopper_note") == db.value("SELECT COUNT(*) FROM shopper_tag") == 0
    assert "Leo" not in words(panel.get("/panel/activity"))


def test_another_site_and_another_role_find_nothing(
    colleague: Callable[..., Panel], panel: Panel, other_site: Site, mira: Shopper
) -> None:
    stranger = account(other_site, "stranger@example.com")
    acts = ("note", "tags", "block", "unblock", "password", "sign-out", "data", "erase", "keep")
    assert panel.get(f"/panel/shoppers/{stranger.id}").status_code == 404
    for act in acts:
        assert panel.post(f"/panel/shoppers/{stranger.id}/{act}", {"text": "x", "tag": "x"}).status_code == 404, act
    theirs = colleague({"shoppers.view"})
    page = theirs.get(f"/panel/shoppers/{mira.id}").get_data(as_text=True)
    assert 'method="post" action="/panel/shoppers/' not in page
    assert "/panel/orders/" not in page.split("<main")[1]
    for act in acts:
        assert theirs.post(f"/panel/shoppers/{mira.id}/{act}", {"text": "x"}).status_code == 403, act
    assert theirs.get("/panel/shoppers.csv").status_code == 403


def test_words_follow_whatever_changes_an_account(site: Site, mira: Shopper) -> None:
    from core.accounts.services import update_shopper

    update_shopper(site, mira.id, name="Émile", phone="", language="en")
    assert db.value("SELECT words FROM shopper WHERE id = ?", mira.id) == "emile\nmira@example.com\n"


# -- sorted, and guests ------------------------------------------------------------------------------------------------


def test_the_list_is_sorted_by_orders_and_by_what_was_spent(
    panel: Panel, site: Site, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    cup = sell("CUP", 1000, stock=99)
    people = {name: account(site, f"{name}@example.com", words=name) for name in ("ann", "bo", "cy")}
    for name, pieces, paid in (("ann", (1, 1, 1), 1), ("bo", (9,), 1), ("cy", (), 0)):
        placed = [order(cup, n, email=f"{name}@example.com") for n in pieces]
        claim_orders(site, f"{name}@example.com", people[name].id)
        for one in placed[:paid]:
            mark_paid(state_of(site.id), one.id, actor="staff:1")
    ann, bo, cy = (people[name].id for name in ("ann", "bo", "cy"))
    assert listed(panel) == [cy, bo, ann]
    assert listed(panel, "?sort=orders") == [ann, bo, cy]
    # Ten euro of Ann, ninety of Bo.
    assert listed(panel, "?sort=spent") == [bo, ann, cy]
    assert listed(panel, "?sort=spent&q=ann") == [ann]
    assert 'aria-sort="descending"' in panel.get("/panel/shoppers?sort=spent").text


def test_guests_have_a_page_and_are_given_or_erased_what_is_known_of_them(
    panel: Panel, site: Site, sell: Callable[..., Item], order: Callable[..., Any], outbox: Any, mira: Shopper
) -> None:
    pot = sell("POT", 3000, stock=9)
    paid, other = order(pot, 1, email="Gus@example.com"), order(pot, 1, email="gus@example.com")
    mark_paid(state_of(site.id), paid.id, actor="staff:1")
    page = panel.get("/panel/shoppers?show=guests").text
    assert "mira@example.com" in page
    assert words(panel.get("/panel/shoppers?show=guests&sort=spent")).index("€30.00") > 0
    here = f"/panel/shoppers/guests/{other.id}"
    assert page.count("/panel/shoppers/guests/") == 2
    assert here in page
    said = words(panel.get(here))
    assert paid.number in said
    assert other.number in said
    data = json.loads(panel.post(f"{here}/data").get_data())
    assert {one["number"] for one in data["orders"]} == {paid.number, other.number}
    for email in ("GUS@example.com", "li@example.com"):
        draft = {"act": "save", "key": email, "email": email, "sku-0": "POT", "qty-0": "1"}
        assert panel.post("/panel/drafts/new", draft).status_code == 303
    assert "still open" in words(panel.get(f"{here}/erase"))
    assert "An open order is waited for" in words(panel.follow(panel.post(f"{here}/erase")))
    for placed in (paid, other):
        cancel(site, placed.id, actor="staff:1", reason="merchant")
    assert "2 orders name nobody any more" in words(panel.follow(panel.post(f"{here}/erase")))
    assert panel.get(here).status_code == 404
    assert db.value("SELECT COUNT(*) FROM orders WHERE LOWER(email) LIKE 'gus@%'") == 0
    assert db.value("SELECT name FROM orders WHERE id = ?", paid.id) == "Mira K."
    assert [event.order_ids for event in outbox.events() if type(event).__name__ == "GuestErased"] == [
        (paid.id, other.id)
    ]
    assert db.rows("SELECT email FROM order_draft") == [("li@example.com",)], "drafts are no bill"
    (told,) = outbox.events(GuestErased)
    assert told.mail_codes == (mail_code(site.id, "gus@example.com"),)
    assert "gus@" not in repr(db.rows("SELECT payload FROM job")).lower(), "no mail to them is kept"
    assert db.value("SELECT COUNT(*) FROM orders WHERE email = 'mira@example.com'") == 4
    mine = db.value("SELECT MIN(id) FROM orders WHERE shopper_id = ?", mira.id)
    assert panel.get(f"/panel/shoppers/guests/{mine}").status_code == 404
