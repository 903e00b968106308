"""A shop on this machine keeps its mails where whoever tries it out can read them; no other shop does."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.api import (
    Delivery,
    Message,
    ShopperErased,
    add_site,
    execute,
    mail_code,
    now,
    rows,
    state_of,
    transaction,
    value,
)
from plugins.mail.plugin import notify_event
from plugins.mail.services import Mailbox, mailbox


@pytest.fixture
def site(app):
    del app
    return add_site(host="shop.localhost", name="Test shop", currency="EUR", country="DE", languages=["zh-CN"])


@pytest.fixture
def keeping(turn_on):
    turn_on("mail")


def keep(site, number=1, **more):
    said = {
        "key": f"k{number}",
        "kind": "order.placed",
        "to": "mira@example.com",
        "subject": f"Mail {number}",
        "text": "Hi",
    }
    Mailbox(site).send(Message(**{**said, **more}))


def test_a_mail_is_read_as_programs_show_it_and_as_text(keeping, sell, order, outbox, at_panel):
    placed = order(sell("LAMP", 8900, stock=3, name="Dome lamp"))
    outbox.deliver()

    listed = at_panel.get("/panel/mail/")
    assert "mira@example.com" in listed
    path = re.search(rf'href="(/panel/mail/\d+)">We have your order {placed.number}', listed)[1]
    page = at_panel.get(path)
    assert re.search(rf'<iframe src="{path}/letter"[^>]*sandbox="allow-popups allow-popups-to-escape-sandbox"', page)
    assert f'/order/{placed.secret}"' in page, "the links of the text can be followed"
    assert "Dome lamp" in at_panel.get(f"{path}/letter")
    at_panel.get(f"{path}999", 404)


def test_a_letter_cannot_act_for_whoever_reads_it(keeping, site, at_panel):
    keep(
        site, html="<html><head></head><body onload=evil()><script>evil()</script></body></html>", subject="<b>Odd</b>"
    )
    number = value("SELECT id FROM mail_kept")

    with at_panel.client.get(f"/panel/mail/{number}/letter", base_url=at_panel.origin) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "&lt;b&gt;Odd" in at_panel.get("/panel/mail/")


def test_a_text_without_html_has_no_frame(keeping, site, at_panel):
    keep(site, text="https://shop.localhost/register/abc <script>")
    page = at_panel.get(f"/panel/mail/{value('SELECT id FROM mail_kept')}")

    assert "<iframe" not in page
    assert "&lt;script&gt;" in page
    assert 'href="https://shop.localhost/register/abc"' in page


def test_newer_mails_push_older_ones_out(keeping, site, monkeypatch):
    monkeypatch.setattr(mailbox, "MOST", 3)
    for number in (1, 2, 3, 4, 5, 5):
        keep(site, number)

    assert [row[0] for row in rows("SELECT subject FROM mail_kept ORDER BY id")] == ["Mail 3", "Mail 4", "Mail 5"]


def test_a_shop_with_a_server_or_an_address_of_its_own_keeps_nothing(turn_on, outbox, mailbox, sell, order, at_panel):
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    assert len(mailbox.mails) == 1
    assert value("SELECT count(*) FROM mail_kept") == 0

    other = add_site(host="shop.test", name="Other", currency="EUR", country="DE")
    turn_on("mail", on=other)
    assert state_of(other.id).hooks.notify_channels(site=other) == []
    at_panel.origin = "https://shop.test"
    with at_panel.client.get("/panel/mail/", base_url="https://shop.test") as answer:
        assert answer.status_code in {303, 404}


def test_old_news_is_no_mail(keeping, sell, order, outbox):
    order(sell("LAMP", 8900, stock=3))
    with transaction():
        execute("UPDATE outbox SET at = at - ?", timedelta(days=4) // timedelta(microseconds=1))
    outbox.deliver()

    assert value("SELECT count(*) FROM mail_kept") == 0


def test_no_mail_to_somebody_who_was_erased_is_kept(keeping, site):
    keep(site, 1)
    keep(site, 2, to="Li@example.com")
    event = ShopperErased(shopper_id=1, mail_codes=(mail_code(site.id, "li@example.com"),))
    for attempt in (1, 2):
        notify_event(site, Delivery(id="e", seq=1, at=now(), attempt=attempt, event=event))

    assert rows("SELECT address FROM mail_kept") == [("mira@example.com",)]
