"""The queue, many at once, invitations by mail, and files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.api import Site, deliver_order, execute, micros, now, rows, run_plugin_command, state_of, transaction, value
from core.testing.shop import Item
from plugins.reviews.models import Review

from .conftest import SAID, Browser

# -- the queue ---------------------------------------------------------------------------------------------------------


def test_many_at_once_with_a_result_for_each(lamp: Any, said: Any, panel: Browser, other_site: Site) -> None:
    waiting = [said(lamp, 5, state="pending", looked_at=None) for _ in range(2)]
    done, theirs = said(lamp, 4), said(lamp, 1, where=other_site, state="pending")
    page = panel.post("/panel/reviews/bulk", 200, act="approve", n=[*waiting, done, theirs])
    assert "2 of 3 reviews are done." in page
    assert "This has been done already." in page
    assert Counter(row[0] for row in rows("SELECT state FROM reviews_review")) == {"published": 3, "pending": 1}


def test_many_refusals_need_one_reason_and_keep_the_choice(lamp: Any, said: Any, panel: Browser) -> None:
    review_id = said(lamp, 5, state="pending", looked_at=None)
    answer = panel.post("/panel/reviews/bulk", 422, act="reject", n=[review_id], text="")
    assert "Say why, for the author." in answer
    page = panel.post("/panel/reviews/bulk", 200, act="reject", n=[review_id], text="Spam")
    assert "1 of 1 reviews are done." in page
    assert "Spam" in panel.get(f"/panel/reviews/{review_id}")
    assert "Choose at least one review." in panel.follow("/panel/reviews/bulk", act="approve")
    panel.post("/panel/reviews/bulk", 404, act="explode", n=[review_id])


def test_what_was_removed_comes_back_within_thirty_days_and_goes_for_good_after(
    lamp: Any, said: Any, panel: Browser, guest: Browser, clock: Any, outbox: Any
) -> None:
    first, second = said(lamp, 5, title="First"), said(lamp, 5, title="Second")
    for one in (first, second):
        panel.post(f"/panel/reviews/{one}/remove")
    assert "First" not in guest.get("/p/lamp")
    panel.post(f"/panel/reviews/{first}/restore")
    panel.post(f"/panel/reviews/{first}/restore", 409)
    panel.post(f"/panel/reviews/{first}/approve")
    assert "First" in guest.get("/p/lamp")
    clock.move(days=31)
    outbox.deliver()
    assert rows("SELECT title FROM reviews_review") == [("First",)]


def test_an_answer_that_is_too_long_comes_back(lamp: Any, said: Any, panel: Browser) -> None:
    page = panel.post(f"/panel/reviews/{said(lamp, 5)}/reply", 422, reply="y" * 2001)
    assert "At most 2000 characters. This has 2001." in page
    assert "y" * 2001 in page


def test_empty_views_teach_in_both_languages(on: Any, panel: Browser, guest: Browser) -> None:
    assert "Nothing waits for you" in panel.get("/panel/reviews/")
    assert "没有待审核的评价" in panel.get("/zh-cn/panel/reviews/")
    panel.get("/panel/reviews/?view=rejected")
    panel.get("/panel/reviews/?view=x", 404)
    guest.get("/panel/reviews/", 303)


# -- invitations -------------------------------------------------------------------------------------------------------


@pytest.fixture
def asking(on: Any, turn_on: Any, mailbox: Any) -> Any:
    turn_on(
        "mail", host=mailbox.host, port=mailbox.port, security="none", sender="shop@shop.test",
        sender_name="Test shop",
    )  # fmt: skip
    on(invite="1", invite_days=7)
    return mailbox


def asked(mailbox: Any) -> list[Any]:
    return [mail for mail in mailbox.mails if mail["Subject"] in {"How do you like it?", "您满意吗？"}]


def test_buyers_are_asked_once_some_days_after_delivery_and_the_link_opens_the_form(
    asking: Any, lamp: Any, bought: Any, site: Site, clock: Any, outbox: Any, guest: Browser
) -> None:
    order_id = bought(lamp, email="guest@example.com")
    clock.move(days=9)
    outbox.deliver()
    assert asked(asking) == []
    deliver_order(site, order_id, actor="system")
    clock.move(days=6)
    outbox.deliver()
    assert asked(asking) == []
    clock.move(days=1, hours=1)
    outbox.deliver()
    clock.move(days=2)
    outbox.deliver()
    (mail,) = asked(asking)
    text = mail.get_body(("plain",)).get_content()
    assert "Lamp" in text
    line = next(line for line in text.splitlines() if "/reviews/lamp/new?key=" in line)
    path = line.strip().removeprefix(site.origin)
    assert "You bought this here" in guest.get(path)
    guest.post("/reviews/lamp/new", key=path.partition("key=")[2], **SAID)
    assert value("SELECT verified FROM reviews_review")


def test_who_wants_no_mail_gets_none(
    asking: Any, lamp: Any, bought: Any, link_of: Any, site: Site, clock: Any, outbox: Any, guest: Browser
) -> None:
    order_id = bought(lamp, email="guest@example.com")
    path = f"/reviews/-/stop/{link_of(order_id)}"
    guest.get(path)
    assert value("SELECT COUNT(*) FROM reviews_no_mail") == 0
    assert "We will not ask you again." in guest.post(path, 200)
    guest.post("/reviews/-/stop/forged", 404)
    deliver_order(site, order_id, actor="system")
    clock.move(days=8)
    outbox.deliver()
    assert asked(asking) == []


def test_a_mail_program_ends_the_mails_by_one_click(
    asking: Any,
    lamp: Any,
    bought: Any,
    turn_on: Any,
    site: Site,
    other_site: Site,
    clock: Any,
    outbox: Any,
    browse: Any,
) -> None:
    deliver_order(site, bought(lamp, email="guest@example.com"), actor="system")
    clock.move(days=8)
    outbox.deliver()
    (mail,) = asked(asking)
    path = str(mail["List-Unsubscribe"]).strip("<>").removeprefix(site.origin)
    assert path in mail.get_body(("plain",)).get_content()
    one_click: Any = {"data": {"List-Unsubscribe": "One-Click"}, "headers": {"Sec-Fetch-Site": "cross-site"}}

    with transaction():
        execute("UPDATE site SET open = ? WHERE id = ?", False, site.id)
    turn_on("reviews", on=other_site)

    assert browse(site, "/p/lamp").status_code == 503
    assert browse(site, path).status_code == 200
    assert browse(other_site, path, **one_click).status_code == 404
    assert browse(site, f"{path}x", **one_click).status_code == 404
    assert browse(site, "/reviews/1/helpful", **one_click).status_code == 403
    assert rows("SELECT site_id FROM reviews_no_mail") == []
    for _again in range(2):
        assert browse(site, path, **one_click).status_code == 200
        assert rows("SELECT site_id FROM reviews_no_mail") == [(site.id,)]


def test_nobody_is_asked_unless_the_merchant_says_so(
    asking: Any, on: Any, lamp: Any, bought: Any, site: Site, clock: Any, outbox: Any
) -> None:
    on(invite=False, invite_days=7)
    deliver_order(site, bought(lamp), actor="system")
    clock.move(days=8)
    outbox.deliver()
    assert asked(asking) == []


def test_nobody_is_asked_while_the_shop_is_not_open(
    asking: Any, lamp: Any, bought: Any, site: Site, clock: Any, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_of(site.id)
    deliver_order(site, bought(lamp, email="guest@example.com"), actor="system")
    clock.move(days=8)
    with monkeypatch.context() as shut:
        shut.setattr("plugins.reviews.services.inviting.state_of", lambda _id: replace(state, open=False))
        outbox.deliver()
    assert asked(asking) == []
    clock.move(days=1)
    outbox.deliver()
    assert len(asked(asking)) == 1


# -- files -------------------------------------------------------------------------------------------------------------


def command(capsys: Any, path: Path, site: Site) -> tuple[int, str]:
    code = run_plugin_command("reviews", "import", [str(path), "--site", site.host])
    return code, capsys.readouterr().err


def test_good_rows_are_taken_and_the_others_told_with_line_and_column(
    lamp: Any, site: Site, tmp_path: Path, capsys: Any, guest: Browser
) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(
        "sku,stars,title,text,name,date,language,verified\n"
        'LAMP,5,Top,"Two\nlines",Ann,2024-05-01,en,yes\n'
        "GONE,5,,,,,,\n"
        "LAMP,6,,,,2999-01-01,!,perhaps\n"
        "LAMP,3,,,,,,\n"
        "LAMP,3,,,,,,\n",
        "utf-8",
    )
    code, told = command(capsys, path, site)
    assert code == 1
    for line in ("Line 4, sku:", "Line 5, stars:", "Line 5, date:", "Line 5, language:", "Line 5, verified:"):
        assert line in told
    assert "3 reviews taken, 0 known before, 5 errors." in told
    page = guest.get("/p/lamp")
    assert "1 May 2024" in page
    assert "3.7 of 5" in page.replace("\u202f", " ")
    assert "0 reviews taken, 3 known before" in command(capsys, path, site)[1]


def test_a_row_with_an_address_is_that_persons_and_marked_where_they_bought_it(
    lamp: Item, sell: Any, bought: Any, shopper: Any, mira: Browser, site: Site, tmp_path: Path, capsys: Any
) -> None:
    sell("VASE", 900, name="Vase")
    bought(lamp, shopper=shopper)
    with transaction():
        execute("UPDATE shopper SET confirmed_at = ? WHERE id = ?", micros(now()), shopper.id)
    path = tmp_path / "reviews.csv"
    path.write_text(
        "sku,stars,text,email\n"
        f"LAMP,5,Mine,{shopper.email.upper()}\nVASE,4,Seen at a friend’s,{shopper.email}\nLAMP,3,Hm,else@example.com\n"
        f"LAMP,1,Once more,{shopper.email}\nLAMP,1,,nobody\n",
        "utf-8",
    )
    told = command(capsys, path, site)[1]
    assert "Line 6, email:" in told
    found = rows("SELECT text, verified, author, order_id IS NULL FROM reviews_review ORDER BY id")
    assert [(row[0], bool(row[1]), bool(row[3])) for row in found] == [
        ("Mine", True, False), ("Seen at a friend’s", False, True), ("Hm", False, True),
    ]  # fmt: skip
    assert not any("@" in row[2] for row in found), "an address is never kept"
    assert "Mine" in mira.get("/reviews/lamp/new", raw=True)
    assert "0 reviews taken" in command(capsys, path, site)[1]


def test_a_file_that_is_none_is_said(on: Any, site: Site, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    assert command(capsys, path, site)[0] == 1
    assert command(capsys, tmp_path / "none.csv", site)[0] == 1


def test_a_shoppers_page_has_their_reviews(site: Site, shopper: Any, lamp: Item, at_panel: Any) -> None:
    assert "No review yet." in at_panel.get(f"/panel/shoppers/{shopper.id}")
    with transaction():
        for author, title in ((f"shopper:{shopper.id}", "Warm light"), ("shopper:999", "Cold light")):
            Review.create(
                site_id=site.id, product_id=lamp.product_id, author=author, stars=4, title=title, language="en",
                created_at=now(), updated_at=now(),
            )  # fmt: skip
    page = at_panel.get(f"/panel/shoppers/{shopper.id}")
    assert "Warm light" in page
    assert "Cold light" not in page
