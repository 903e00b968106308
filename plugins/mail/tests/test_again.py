"""Staff send a mail of an order once more, if they may."""

from __future__ import annotations

import re

import pytest

from core.api import mark_paid, order_view, request_case, ship_order, state_of
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


def test_the_mail_about_a_return_is_sent_once_more(desk, outbox, mailing, placed, site):
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    ship_order(site, placed.id, actor="staff:1")
    case_id = request_case(
        site, placed.id, kind="return", lines={placed.lines[0].id: 1}, reason="damaged", key="one", actor="shopper:1"
    )
    outbox.deliver()
    page = desk(f"/panel/orders/{placed.number}").text
    assert f'value="case:{case_id}:requested"' in page
    assert f'value="case:{case_id}:approved"' not in page
    path = re.search(r'action="(/panel/[^"]*mail[^"]*)"', page)[1]
    assert desk(path, data={"mail": f"case:{case_id}:approved", "key": "k"}).status_code == 422
    assert desk(path, data={"mail": f"case:{case_id}:requested", "key": "k"}).status_code == 303
    outbox.deliver()
    subjects = [mail["Subject"] for mail in mailing.to("mira@example.com")]
    assert subjects.count(f"We have your request about order {placed.number}") == 2
