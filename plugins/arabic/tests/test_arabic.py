"""A shop that is read in Arabic: from right to left, with its six plurals, its money and its papers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.api import Money, Site, gettext, money, speaking
from core.api import ngettext as _n


@pytest.fixture
def arabic(site: Site, speak: Callable[..., Site]) -> Site:
    """The first site, in English, Chinese and Arabic."""
    del site
    return speak("arabic", "ar")


@pytest.fixture
def visit(client: Any, site: Site) -> Callable[[str], str]:
    """The page at a path, or where it leads."""

    def get(path: str) -> str:
        answer = client.get(path, base_url=f"https://{site.host}", follow_redirects=True)
        assert answer.status_code == 200, path
        return str(answer.text)

    return get


def test_the_shop_is_read_from_right_to_left(
    arabic: Site, sell: Callable[..., Any], visit: Callable[[str], str]
) -> None:
    sell("LAMP", 8900, stock=3, name="Arc lamp")
    page = visit("/ar/p/arc-lamp")
    for said in ('lang="ar" dir="rtl"', "أضف إلى السلة", "Arc lamp", ">English<", ">Deutsch<"):
        assert (said in page) is (said != ">Deutsch<"), said
    assert 'lang="en" dir="ltr"' in visit("/p/arc-lamp")


def test_numbers_take_one_of_six_forms(arabic: Site) -> None:
    del arabic
    with speaking("ar"):
        said = [_n("Goods, one piece", "Goods, %(n)s pieces", n) for n in (0, 1, 2, 3, 10, 11, 99, 100, 103)]
    assert [text.removeprefix("السلع، ") for text in said] == [
        "0 قطعة", "قطعة واحدة", "قطعتان", "3 قطع", "10 قطع", "11 قطعة", "99 قطعة", "100 قطعة", "103 قطع",
    ]  # fmt: skip


def test_prices_and_names_keep_their_own_direction_in_a_sentence(arabic: Site) -> None:
    del arabic
    with speaking("ar"):
        price = money(Money(8900, "GBP"))
        said = gettext("Your password for %(shop)s was changed", shop="Halden House")
        link = gettext("Send me: %(what)s", what="https://shop.test/x")
    assert price == "\u200f89.00\xa0UK£\u200e", "the pound stays beside its letters"
    assert said == "تغيّرت كلمة مرورك في \u2068Halden House\u2069"
    assert link.endswith(" https://shop.test/x"), "programs cut addresses out of a text"


def test_the_mail_of_an_order_is_in_its_language(
    arabic: Site, sell: Callable[..., Any], order: Callable[..., Any], turn_on: Any, mailbox: Any, outbox: Any
) -> None:
    del arabic
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    order(sell("LAMP", 8900, stock=3, name="Arc lamp (large)"), language="ar")
    outbox.deliver()
    [mail] = mailbox.mails
    assert mail["subject"].startswith("وصلنا طلبك ")
    page = mail.get_body(("html",)).get_content()
    for said in ('lang="ar" dir="rtl"', "شكرًا لك على طلبك", '1 × <span dir="auto">Arc lamp (large)</span>'):
        assert said in page, said
