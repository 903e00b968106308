"""From an empty installation to a parcel that its shopper follows, in a real browser, on two kinds of shop."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from core.testing.application import LiveServer
from core.testing.browser import (
    DESKTOP,
    DESKTOP_WITHOUT_SCRIPTS,
    PHONE,
    PHONE_WITHOUT_SCRIPTS,
    View,
)
from core.testing.shop import Mailbox
from tests.journeys.markets import CHINESE, ENGLISH, Goods, Market
from tests.journeys.merchant import Merchant
from tests.journeys.shopper import Shopper
from tests.journeys.windows import Window

WOOCOMMERCE = replace(
    ENGLISH,
    goods=Goods(
        file="woocommerce/sample_products.csv",
        search="v-neck",
        name="V-Neck T-Shirt",
        picks=("Green",),
        sku="woo-vneck-tee-green",
        price=2000,
        first_price=2000,
        stock="In stock",
    ),
)
SLOW = pytest.mark.slow
STORIES = [
    pytest.param(ENGLISH, DESKTOP, "get", id="english-1440", marks=SLOW),
    pytest.param(CHINESE, PHONE_WITHOUT_SCRIPTS, "post", id="chinese-375-no-script"),
    pytest.param(CHINESE, PHONE, "post", id="chinese-375", marks=SLOW),
    pytest.param(WOOCOMMERCE, DESKTOP_WITHOUT_SCRIPTS, "post", id="woocommerce-1440-no-script", marks=SLOW),
    pytest.param(ENGLISH, PHONE, "post", id="english-375", marks=SLOW),
    pytest.param(ENGLISH, PHONE_WITHOUT_SCRIPTS, "get", id="english-375-no-script", marks=SLOW),
    pytest.param(ENGLISH, DESKTOP_WITHOUT_SCRIPTS, "post", id="english-1440-no-script", marks=SLOW),
    pytest.param(CHINESE, DESKTOP, "get", id="chinese-1440", marks=SLOW),
    pytest.param(CHINESE, DESKTOP_WITHOUT_SCRIPTS, "get", id="chinese-1440-no-script", marks=SLOW),
    pytest.param(WOOCOMMERCE, PHONE, "get", id="woocommerce-375", marks=SLOW),
]


@pytest.mark.parametrize(("market", "view", "back"), STORIES)
def test_from_an_empty_shop_to_a_parcel_on_its_way(
    market: Market,
    view: View,
    back: str,
    serve: LiveServer,
    gateway: str,
    mailbox: Mailbox,
    open_window: Callable[[View], Window],
    shared_data: Callable[[str], Path],
) -> None:
    origin = serve.url("", host=market.host).rstrip("/")
    speaking = replace(view, language=market.language)
    merchant = Merchant(open_window(speaking), origin)
    shopper = Shopper(open_window(speaking), origin)

    _add_site_with_goods(serve, market, shared_data)
    _take_over(merchant, market, serve)
    _switch_on(merchant, market, gateway, mailbox)
    number = _buy(shopper, market, view, back, gateway)
    _hears_of_the_payment(mailbox, market, number)
    _ship(merchant, market, number)
    _follow(shopper, market, mailbox, number)


def _add_site_with_goods(serve: LiveServer, market: Market, shared_data: Callable[[str], Path]) -> None:
    serve.command(
        *("site", "add", market.host, "--name", market.name, "--theme", market.theme, "--country", market.country),
        *("--language", market.language, "--currency", market.currency),
    )
    file = shared_data(market.goods.file) if isinstance(market.goods.file, str) else market.goods.file
    remarks = str(serve.instance / "remarks.csv")
    serve.command("import", str(file), "--site", market.host, "--errors", remarks)


def _take_over(merchant: Merchant, market: Market, serve: LiveServer) -> None:
    """The password that the first start printed opens nothing but the choice of an own one."""
    printed = (serve.instance / "server.log").read_text("utf-8")
    email, one_time = re.search(r"Panel login\s+(\S+)\s+Password\s+(\S+)", printed).groups()
    merchant.sign_in(email, one_time)
    assert market.words["own_password"] in merchant.page.inner_text("main")
    merchant.choose_password(one_time)
    merchant.open("/")
    assert market.name in merchant.page.inner_text("body")


def _switch_on(merchant: Merchant, market: Market, gateway: str, mailbox: Mailbox) -> None:
    for plugin in market.plugins:
        if merchant.board_row(plugin).count():
            merchant.turn(plugin)
    money, tag = market.currency, market.language
    merchant.fill_in("/plugins/fake_gateway", server=gateway, hand_over=market.hand_over)
    merchant.fill_in(
        "/plugins/mail", host=mailbox.host, port=str(mailbox.port), security="none", sender="shop@example.com"
    )
    prices = {f"title_{tag}": "DHL", f"price_{money}": f"{market.delivery / 100:.2f}", "days_to": "3"}
    merchant.fill_in("/flat_rate/new", **prices)
    merchant.fill_in("/coupons/new", title=market.code.title(), code=market.code, percent=str(market.percent))
    assert merchant.page.locator("nav a[href='/panel/coupons/']").count()


def _buy(shopper: Shopper, market: Market, view: View, back: str, gateway: str) -> str:
    """Find, choose, order and pay; answers the order's number."""
    goods, page = market.goods, shopper.page
    shopper.open("/")
    shopper.search(goods.search)
    shopper.follow(goods.name)
    assert page.locator("html").get_attribute("lang") == market.language
    expect(shopper.price).to_have_text(market.written(goods.first_price))
    shopper.pick(*goods.picks)
    expect(shopper.price).to_have_text(market.written(goods.price))
    expect(shopper.sku).to_have_text(goods.sku)
    expect(shopper.stock).to_have_text(goods.stock)
    assert page.url.endswith(f"?v={goods.sku}")

    shopper.add_to_cart(2)
    shopper.to_checkout()
    shopper.apply(market.code)
    shopper.fill_address(market.address)
    shopper.choose_payment("fake_gateway")
    expect(shopper.shown_total).to_contain_text(market.written(market.order_total))
    shopper.place_order()
    page.wait_for_url(f"{gateway}/**")
    assert market.written(market.order_total) in shopper.reads
    shopper.pay(back=back)

    assert market.words["thanks"] in page.inner_text("h1")
    assert market.written(market.order_total) in shopper.reads
    if view.width > 600:
        assert goods.name in page.inner_text("aside")
    number = re.search(r"\d+", page.inner_text("#bought"))
    assert number
    return number.group()


def _hears_of_the_payment(mailbox: Mailbox, market: Market, number: str) -> None:
    mails = _arrived(mailbox, market, 2)
    assert all(number in str(mail["Subject"]) for mail in mails)
    placed = mails[0].get_body(("plain",)).get_content()
    assert market.goods.name in placed
    assert market.written(market.order_total) in placed
    assert "/order/" in placed


def _ship(merchant: Merchant, market: Market, number: str) -> None:
    merchant.order(number)
    _order, payment, fulfilment, _returned = merchant.axes()
    assert market.words["paid"] in payment
    assert market.words["to_ship"] in fulfilment
    assert market.written(market.order_total) in merchant.page.inner_text("main")
    merchant.ship("00340434161094000017")
    assert market.words["shipped"] in merchant.axes()[2]
    assert "00340434161094000017" in merchant.page.inner_text("main")


def _follow(shopper: Shopper, market: Market, mailbox: Mailbox, number: str) -> None:
    shipped = _arrived(mailbox, market, 3)[-1]
    assert market.words["mail_shipped"] in str(shipped["Subject"])
    assert "00340434161094000017" in shipped.get_body(("plain",)).get_content()
    shopper.track(number, market.address["email"])
    assert market.words["on_its_way"] in shopper.page.inner_text("h1")
    assert "00340434161094000017" in shopper.reads
    assert market.address["line1"] not in shopper.reads


def _arrived(mailbox: Mailbox, market: Market, count: int) -> list[EmailMessage]:
    """What the shopper got, once so many mails have come; the worker has ten seconds for it."""
    until = time.monotonic() + 10
    while len(mailbox.to(market.address["email"])) < count and time.monotonic() < until:
        time.sleep(0.1)
    mails = mailbox.to(market.address["email"])
    assert len(mails) == count, [str(mail["Subject"]) for mail in mails]
    return mails
