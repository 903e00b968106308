"""Shoppers hear of a split and of a merge once, in words that are true of both orders."""

from __future__ import annotations

import pytest

from core.api import mark_paid, order_view, ship_order, state_of, value
from core.testing.shop import PASSWORD
from plugins.mail.tests import reading

# What is told, in words: whatever keeps the orders.
pytestmark = pytest.mark.once


@pytest.fixture
def latest(turn_on, mailbox, outbox):
    """`latest()`: the mails that came since the last look."""
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    known = [0]

    def look():
        outbox.deliver()
        mails = mailbox.to("mira@example.com")
        new, known[0] = mails[known[0] :], len(mails)
        return new

    return look


@pytest.fixture
def parted(client, site, staff):
    """`parted(number, **form)`: staff split or merge an order on its page; answers the number of where it went."""
    origin = f"https://{site.host}"

    def post(path, **form):
        return client.post(path, data=form, base_url=origin, headers={"Origin": origin})

    post("/panel/login", email=staff.email, password=PASSWORD)

    def part(number, **form):
        answer = post(f"/panel/orders/{number}/split", act="confirm", key=f"{number}{form}"[:40], **form)
        assert answer.status_code == 303, answer.text[:2000]
        return answer.location.split("?")[0].rsplit("/", 1)[-1]

    return part


def body(mail, kind="plain"):
    return " ".join(reading.body(mail, kind).split())


def test_a_split_is_one_mail_that_names_both_orders_and_their_prices(latest, site, sell, order, parted):
    placed = order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 3)
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    latest()
    line = order_view(placed.id, site=site).lines[0].id
    new = parted(placed.number, seen=8900, **{f"line-{line}": 1})
    (mail,) = latest()
    assert mail["Subject"] == f"Order {placed.number} is now two orders"
    for kind in ("plain", "html"):
        said = body(mail, kind)
        assert f"These pieces go on as order {new}" in said
        assert "1 × Dome lamp" in said
        assert "€178.00" in said
        assert "€89.00" in said
        assert "added" not in said
    assert f"/order/{placed.secret}" in body(mail)


def test_what_is_not_paid_yet_is_said_of_each_order_and_its_payment_is_confirmed(latest, site, sell, order, parted):
    placed = order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 3)
    latest()
    line = order_view(placed.id, site=site).lines[0].id
    new = parted(placed.number, seen=8900, **{f"line-{line}": 1})
    (mail,) = latest()
    assert f"Order {new} costs now €89.00 Of this still to be paid €89.00" in body(mail)
    other = value("SELECT id FROM orders WHERE number = ?", new)
    mark_paid(state_of(site.id), other, actor="staff:1")
    assert [one["Subject"] for one in latest()] == [f"Your payment for order {new} has come"]
    ship_order(site, other, actor="staff:1")
    assert [one["Subject"] for one in latest()] == [f"Order {new} is on its way"]


def test_a_merge_is_one_mail_about_the_order_that_is_left(latest, site, sell, order, parted):
    lamp = sell("LAMP", 8900, stock=5, name="Dome lamp")
    first, second = order(lamp, 1), order(lamp, 2)
    mark_paid(state_of(site.id), second.id, actor="staff:1")
    latest()
    parted(second.number, seen=17800, into=first.id)
    (mail,) = latest()
    assert mail["Subject"] == f"Order {second.number} is now part of order {first.number}"
    for kind in ("plain", "html"):
        said = body(mail, kind)
        assert "2 × Dome lamp" in said
        assert f"Order {first.number} costs now" in said
        assert "€267.00" in said
        assert "€0.00" not in said
    assert f"/order/{first.secret}" in body(mail)
    assert f"/order/{second.secret}" not in body(mail)


def test_a_split_is_told_in_chinese(turn_on, mailbox, outbox, site, sell, order, parted):
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    placed = order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 3, email="lin@example.com", language="zh-CN")
    line = order_view(placed.id, site=site).lines[0].id
    new = parted(placed.number, seen=8900, **{f"line-{line}": 1})
    outbox.deliver()
    mail = mailbox.to("lin@example.com")[-1]
    assert mail["Subject"] == f"订单 {placed.number} 已拆为两个订单"
    assert f"以下商品转入订单 {new}" in body(mail)
