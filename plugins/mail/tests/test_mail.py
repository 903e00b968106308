"""Shoppers hear by mail, in their language, what happens to their order.

Each thing once, through a real SMTP server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.api import AddGoods, Broken, change_order, mark_paid, order_view, state_of
from core.testing.contracts import ChannelContract, a_site
from plugins.mail.client import Smtp
from plugins.mail.forms import Settings
from plugins.mail.services import send_again
from plugins.mail.tests.reading import body


@pytest.fixture
def mailing(turn_on, mailbox):
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    return mailbox


def test_a_placed_order_is_confirmed_in_text_and_html(mailing, sell, order, outbox):
    placed = order(sell("LAMP", 8900, stock=3, name="Dome lamp"), 2)
    outbox.deliver()

    (mail,) = mailing.to("mira@example.com")
    assert mail["Subject"] == f"We have your order {placed.number}"
    for kind in ("plain", "html"):
        assert "2 × Dome lamp" in body(mail, kind)
        assert "€178.00" in body(mail, kind)
        assert f"/order/{placed.secret}" in body(mail, kind)
    assert "<style" not in body(mail, "html"), "mail programs drop style sheets: the styles stand in the elements"


def test_goods_that_are_not_there_yet_are_not_said_to_be_set_aside(mailing, sell, order, outbox):
    order(sell("LAMP", 8900, stock=0, backorder_limit=5, name="Dome lamp"), 2)
    outbox.deliver()
    (mail,) = mailing.to("mira@example.com")
    for kind in ("plain", "html"):
        assert "Not in stock: leaves as soon as it is there." in body(mail, kind)
        assert "What is not there yet leaves later" in body(mail, kind)
        assert "your goods are set aside" not in body(mail, kind)
    assert any(line.endswith("when a parcel leaves.") for line in body(mail).splitlines())


def test_a_chinese_order_is_confirmed_in_chinese(mailing, sell, order, outbox):
    order(sell("LAMP", 8900, stock=3), email="lin@example.com", language="zh-CN")
    outbox.deliver()

    (mail,) = mailing.to("lin@example.com")
    assert "已收到您的订单" in mail["Subject"]
    assert "/zh-cn/order/" in body(mail)


def test_a_mail_server_that_is_away_delays_the_mail_and_not_the_order(turn_on, sell, order, outbox, mailbox, clock):
    turn_on("mail", host="127.0.0.1", port=1, security="none")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    assert mailbox.mails == []

    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    clock.move(hours=1)
    outbox.deliver()
    assert len(mailbox.mails) == 1


def test_an_address_that_the_server_refuses_is_given_up(mailing, sell, order, outbox):
    mailing.refuse = {"mira@example.com": "550 no such user"}
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    assert len(outbox.dead()) == 1


def test_a_password_is_never_sent_without_encryption():
    channel = Smtp(Settings({"host": "mail.example.com", "user": "u", "password": "p", "security": "none"}), a_site())
    with pytest.raises(Broken):
        channel.send(ChannelContract().message())


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_without_the_encryption_that_was_chosen_gets_no_mail(mailbox, security):
    channel = Smtp(Settings({"host": mailbox.host, "port": mailbox.port, "security": security}), a_site())
    with pytest.raises(Broken):
        channel.send(ChannelContract().message())
    assert mailbox.mails == []


class _Peer:
    def __init__(self, mailbox, settings):
        self._mailbox, self._settings = mailbox, settings

    def received(self):
        return [mail.as_string() + (body(mail) if mail.get_body(("plain",)) else "") for mail in self._mailbox.mails]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        port, self._settings.port = self._settings.port, 1
        try:
            yield
        finally:
            self._settings.port = port


class TestSmtp(ChannelContract):
    @pytest.fixture
    def settings(self, mailbox):
        return Settings({"host": mailbox.host, "port": mailbox.port, "security": "none"})

    @pytest.fixture
    def channel(self, settings):
        return Smtp(settings, a_site())

    @pytest.fixture
    def peer(self, mailbox, settings):
        return _Peer(mailbox, settings)

    def test_mail_programs_find_where_mails_end(self, channel, mailbox):
        url = f"https://shop.example/zh-cn/reviews/-/stop/4711.20000.{'a1_-B~' * 40}?x=1&y=2"
        channel.send(self.message(unsubscribe_url=url))
        assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in mailbox.raw[0]
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in mailbox.raw[0]
        [mail] = mailbox.mails
        assert mail["List-Unsubscribe"] == f"<{url}>"

    def test_one_click_is_promised_over_https_alone(self, channel, mailbox):
        channel.send(self.message(unsubscribe_url="http://shop.example/stop/1"))
        [mail] = mailbox.mails
        assert mail["List-Unsubscribe"] == "<http://shop.example/stop/1>"
        assert mail["List-Unsubscribe-Post"] is None

    def test_a_transactional_mail_names_no_end(self, channel, mailbox):
        channel.send(self.message())
        assert b"Unsubscribe" not in mailbox.raw[0]

    def test_the_address_where_mails_end_stays_one(self, channel, mailbox):
        channel.send(
            self.message(unsubscribe_url="https://shop.example/停?a=1>, <https://thief.example/\r\nBcc: x@y.z")
        )
        [mail] = mailbox.mails
        assert mail["Bcc"] is None
        assert mail["List-Unsubscribe"] == (
            "<https://shop.example/%E5%81%9C?a=1%3E%2C%20%3Chttps://thief.example/%0D%0ABcc:%20x@y.z>"
        )


def test_a_mail_that_is_written_before_the_shopper_sees_where_to_pay_says_it_all_the_same(
    turn_on, mailing, sell, order, outbox, site
):
    account = {"holder": "Lampe GmbH", "account": "DE89370400440532013000", "bank": "Testbank"}
    turn_on("bank_transfer", **account)
    placed = order(sell("LAMP", 8900, stock=3), 2, gateway="bank_transfer")
    outbox.deliver()

    (mail,) = mailing.to("mira@example.com")
    for kind in ("plain", "html"):
        assert "Lampe GmbH" in body(mail, kind)
        assert "€178.00" in body(mail, kind)
        assert placed.number in body(mail, kind)
    # A number in groups stays in their order where the mail is read from right to left.
    assert '<span dir="auto">DE89 3704 0044 0532 0130 00</span>' in mail.get_body(("html",)).get_content()
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    outbox.deliver()
    send_again(site, placed.id, "placed", key="again", actor="staff:1")
    outbox.deliver()
    again = mailing.to("mira@example.com")[-1]
    assert "Thank you for your order" in body(again)
    assert "Lampe GmbH" not in body(again), "nothing asks for money that has come"


def test_after_a_change_mails_say_where_to_pay_what_the_order_costs_now(turn_on, mailing, sell, order, outbox, site):
    turn_on("bank_transfer", holder="Lampe GmbH", account="DE89370400440532013000", bank="Testbank")
    placed = order(sell("LAMP", 8900, stock=3), 2, gateway="bank_transfer")
    outbox.deliver()
    cup = sell("CUP", 1100, stock=3)
    more = [AddGoods(variant_id=cup.variant_id, quantity=1)]
    change_order(state_of(site.id), placed.id, more, key="a", actor="staff:1")
    outbox.deliver()
    send_again(site, placed.id, "placed", key="again", actor="staff:1")
    outbox.deliver()

    _placed, changed, again = mailing.to("mira@example.com")
    for mail in (changed, again):
        for kind in ("plain", "html"):
            assert "Lampe GmbH" in body(mail, kind)
        assert "Amount: €189.00" in body(mail)


def test_a_payment_that_leads_elsewhere_is_left_to_the_shopper(turn_on, mailing, sell, order, outbox, site):
    turn_on("fake_gateway")
    placed = order(sell("LAMP", 8900, stock=3), 2, gateway="fake_gateway")
    outbox.deliver()
    assert len(mailing.to("mira@example.com")) == 1
    assert order_view(placed.id, site=site).payments[0].operations == ()
