"""Staff send a mail of an order once more, if they may."""

from __future__ import annotations

import re

import pytest

from core.api import order_view
from core.testing.shop import PASSWORD


@pytest.fixture
def mailing(turn_on, mailbox):
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    return mailbox


@pytest.fixture
def placed(sell, order, mailing):
    return order_view(order(sell("LAMP", 8900, stock=5), 1).id)


@pytest.fixture
def desk(client, staff):
    """`desk(path)` reads a page of the panel as its owner; `desk(path, data=...)` sends a form."""

    def ask(path, data=None, host="shop.test"):
        origin = f"https://{host}"
        if data is None:
            return client.get(path, base_url=origin)
        return client.post(path, data=data, base_url=origin, headers={"Origin": origin})

    ask("/panel/login", {"email": staff.email, "password": PASSWORD})
    return ask


def test_the_confirmation_is_sent_once_more_however_often_the_form_is_sent(desk, outbox, mailing, placed):
    outbox.deliver()
    page = desk(f"/panel/orders/{placed.number}").text
    assert "Mails to the shopper" in page
    form = re.search(r'action="(/panel/[^"]*mail[^"]*)".*?name="key" value="([^"]+)"', page, re.DOTALL)
    for _press in range(2):
        sent = desk(form[1], data={"mail": "placed", "key": form[2]})
        assert sent.status_code == 303
    outbox.deliver()
    assert [mail["Subject"] for mail in mailing.to("mira@example.com")] == [f"We have your order {placed.number}"] * 2


def test_a_mail_that_the_order_has_no_reason_for_is_refused(desk, outbox, mailing, placed):
    page = desk(f"/panel/orders/{placed.number}").text
    path = re.search(r'action="(/panel/[^"]*mail[^"]*)"', page)[1]
    answer = desk(path, data={"mail": "shipped:9", "key": "k"})
    assert answer.status_code == 422
    assert "Choose a mail from the list." in answer.text


def test_strangers_and_other_sites_send_nothing(app, desk, outbox, mailing, other_site, placed):
    form = {"mail": "placed", "key": "k"}
    page = desk(f"/panel/orders/{placed.number}").text
    path = re.search(r'action="(/panel/[^"]*mail[^"]*)"', page)[1]
    stranger = app.test_client()
    origin = "https://shop.test"
    assert stranger.post(path, data=form, base_url=origin, headers={"Origin": origin}).status_code in {303, 403, 404}
    assert desk(path, form, host=other_site.host).status_code in {303, 403, 404}
    outbox.deliver()
    assert len(mailing.to("mira@example.com")) == 1, "the confirmation alone"
