"""What people live through after an order is placed: it is edited, cancelled in part, sent back, exchanged, claimed,
and followed by a guest; staff at the panel in one window, the shopper in another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from core.app import create_app
from core.testing.application import LiveServer
from core.testing.browser import DESKTOP, PHONE_WITHOUT_SCRIPTS, View
from core.testing.shop import PASSWORD, Mailbox, _served
from tests.journeys.aftercare import Clerk, Owner
from tests.journeys.house import DENGXIA, HALDEN, House, Market, furnish, link_in
from tests.journeys.windows import Window

CLERK = "clerk@example.com"
PHONE_IN_CHINESE = pytest.param(DENGXIA, PHONE_WITHOUT_SCRIPTS, id="chinese-375-no-script")
DESK_IN_ENGLISH = pytest.param(HALDEN, DESKTOP, id="english-1440")
Open = Callable[[View], Window]


def slowly(param: object) -> object:
    """The same variant, in the long run alone."""
    return pytest.param(*param.values, id=param.id, marks=pytest.mark.slow)  # type: ignore[attr-defined]


# Two stories are told in every run, on a phone; the same pages are tried over HTTP without a browser.
SHORT = [PHONE_IN_CHINESE, slowly(DESK_IN_ENGLISH)]
LONG = [slowly(PHONE_IN_CHINESE), slowly(DESK_IN_ENGLISH)]


@pytest.fixture(scope="module")
def house(live_server: LiveServer, gateway: str) -> Iterator[Callable[[Market], House]]:
    """`house(HALDEN)`: that market, open on the one server of these stories."""
    from core.accounts.models import Staff
    from core.accounts.services import add_staff
    from core.kernel import db, passwords

    create_app(live_server.instance, port=live_server.port)
    invited = add_staff(CLERK, name="Ida", is_owner=True, actor="system")
    with passwords.fast(), db.transaction():
        Staff.update(password_hash=passwords.hashed(PASSWORD), must_change_password=False, password_until=None).where(
            Staff.id == invited.staff.id
        ).execute()
    opened: dict[str, House] = {}
    with _served(Mailbox()) as mailbox:

        def find(market: Market) -> House:
            if market.host not in opened:
                opened[market.host] = furnish(market, live_server, gateway, mailbox)
            return opened[market.host]

        yield find


@pytest.fixture
def people(open_window: Open) -> Callable[[House, View], tuple[Clerk, Owner]]:
    """`people(house, view)`: staff who are signed in at the panel, and a shopper, each in a window."""

    def arrive(house: House, view: View) -> tuple[Clerk, Owner]:
        speaking = replace(view, language=house.market.language)
        desk, sofa = open_window(speaking), open_window(speaking)
        clerk, origin = Clerk(desk, house.origin.rstrip("/")), house.origin.rstrip("/")
        if house.cookies:
            desk.page.context.add_cookies(house.cookies)
        else:
            clerk.sign_in(CLERK, PASSWORD)
            desk.page.wait_for_url("**/panel/")
            house.cookies = desk.page.context.cookies()
        return clerk, Owner(sofa, origin)

    return arrive


People = Callable[[House, View], tuple[Clerk, Owner]]
Houses = Callable[[Market], House]


@pytest.mark.parametrize(("market", "view"), SHORT)
def test_staff_edit_an_order_and_the_shopper_pays_the_difference(
    market: Market, view: View, house: Houses, people: People
) -> None:
    shop = house(market)
    story = shop.story()
    lamp, cup = shop.sell(story, "lamp", 10), shop.sell(story, "cup", 6)
    order = shop.order(story, {lamp: 2})
    shop.pay(order)
    clerk, shopper = people(shop, view)
    assert clerk.on_the_shelf(lamp) == (10, 8)

    clerk.order_page(order.number)
    clerk.go("/change")
    (quantity,) = clerk.fields("qty-")
    moved = {f"a_{name}": text for name, text in market.elsewhere.items()}
    clerk.fill(**{quantity.replace("-", "__"): "3"}, add_sku=cup, add_quantity="2", **moved)
    clerk.press("preview")

    # Two lamps and the delivery were agreed; one lamp and two cups come to it.
    before = 2 * market.lamp + market.delivery
    after = 3 * market.lamp + 2 * market.cup + market.delivery
    tax_before = market.tax_in(2 * market.lamp) + market.tax_in(market.delivery)
    tax_after = tax_before + market.tax_in(market.lamp) + market.tax_in(2 * market.cup)
    effect = clerk.page.locator("#effect")
    for amount in (before, after, after - before, tax_before, tax_after):
        expect(effect).to_contain_text(market.written(amount))
    owes = market.say("The shopper owes {}", "顾客还需支付 {}").format(market.written(after - before))
    expect(effect).to_contain_text(owes)
    promised = market.say("{} more {} is promised", "再预留 {} 件 {}")
    expect(effect).to_contain_text(promised.format(1, lamp))
    expect(effect).to_contain_text(market.elsewhere["line1"])
    expect(effect).to_contain_text(market.say("2 more of {} are promised", "再预留 2 件 {}").format(cup))
    clerk.press("confirm")
    assert market.say("The order is changed", "订单已变更") in clerk.told
    changed = market.say("Changed: {} before, {} after", "已变更：之前 {}，之后 {}")
    assert changed.format(market.written(before), market.written(after)) in clerk.timeline()
    assert market.elsewhere["line1"] in clerk.reads
    assert clerk.on_the_shelf(lamp) == (10, 7)
    assert clerk.on_the_shelf(cup) == (6, 4)

    mail = shop.newest_mail(order, 3, ("is changed", "已变更"))
    for amount in (before, after, after - before):
        assert market.written(amount) in mail
    assert market.elsewhere["line1"] in mail
    shopper.open(link_in(mail))
    assert market.elsewhere["line1"] in shopper.reads
    shopper.pay_the_rest(market.written(after - before), shop.gateway)
    assert market.written(after) in shopper.reads
    assert shop.at_the_gateway(order) == [("captured", before), ("captured", after - before)]
    assert market.written(after) in shop.newest_mail(order, 4, ("has come", "已到账"))
    clerk.order_page(order.number)
    assert market.say("Paid", "已付款") in clerk.axes()[1]
    assert market.say("{} received", "已收 {}").format(market.written(after)) in clerk.reads
    assert market.say("Received, {}", "已收款，{}").format(market.written(after - before)) in clerk.timeline()


@pytest.mark.parametrize(("market", "view"), LONG)
def test_shopper_cancels_one_piece_and_gets_its_money_back_the_way_it_came(
    market: Market, view: View, house: Houses, people: People
) -> None:
    shop = house(market)
    story = shop.story()
    lamp, cup = shop.sell(story, "lamp", 10), shop.sell(story, "cup", 6)
    order = shop.order(story, {lamp: 1, cup: 3}, account=True)
    shop.pay(order)
    clerk, shopper = people(shop, view)
    assert clerk.on_the_shelf(cup) == (6, 3)

    shopper.sign_in(order.email)
    shopper.follow_account(order.number)
    shopper.go("/change")
    _lamps, cups = shopper.fields("quantity.")
    shopper.fill({cups: "1"})
    shopper.send()
    # Two cups of three go.
    paid, back = market.lamp + 3 * market.cup + market.delivery, 2 * market.cup
    assert market.written(paid) in shopper.reads
    assert market.written(paid - back) in shopper.reads
    gives_back = market.say("We give {} back by the way you paid.", "我们会将 {} 原路退回。").format(
        market.written(back)
    )
    assert gives_back in shopper.reads
    assert clerk.on_the_shelf(cup) == (6, 3), "nothing is changed by looking"
    shopper.send()
    assert market.say("Your order is changed", "订单已变更") in shopper.reads
    assert market.written(paid - back) in shopper.reads

    # The money, for which nobody has to press, has a mail of its own.
    told = shop.mails(order, 4)[2]
    assert market.say("is changed", "已变更") in str(told["Subject"])
    assert gives_back in told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert clerk.on_the_shelf(cup) == (6, 5)
    assert clerk.on_the_shelf(lamp) == (10, 9)
    assert shop.soon_at_the_gateway(order, 2) == [("captured", paid), ("refunded", back)]
    clerk.order_page(order.number)
    assert market.say("Refund of {}", "退款 {}").format(market.written(back)) in clerk.timeline()
    # What was not cancelled still goes out.
    assert market.say("To ship", "待发货") in clerk.axes()[2]


@pytest.mark.parametrize(("market", "view"), SHORT)
def test_two_lamps_come_back_one_of_them_damaged(market: Market, view: View, house: Houses, people: People) -> None:
    shop = house(market)
    story = shop.story()
    lamp = shop.sell(story, "lamp", 10)
    order = shop.order(story, {lamp: 3})
    shop.pay(order)
    shop.ship(order)
    clerk, shopper = people(shop, view)
    assert clerk.on_the_shelf(lamp) == (7, 7)

    shopper.open(link_in(shop.newest_mail(order, 3, ("is on its way", "已发货"))))
    shopper.go("/return")
    (pieces,) = shopper.fields("quantity.")
    shopper.fill({pieces: "2", "note": "Too bright"})
    shopper.send()
    assert shopper.page.locator("main [aria-invalid=true]").get_attribute("name") == "reason"
    shopper.fill({"reason": "changed_mind"})
    shopper.send()
    assert market.say("We have your request", "已收到您的申请") in shopper.reads
    assert market.say("Please send nothing before that", "在此之前请勿寄出") in shopper.reads
    shop.newest_mail(order, 4, ("We have your request", "已收到您对订单"))

    clerk.open("/returns")
    clerk.page.locator("table.rows").get_by_role("link", name=order.number, exact=True).click()
    assert "Too bright" in clerk.reads
    clerk.press("approve")
    assert market.say("Approved", "已批准") in clerk.told
    shop.newest_mail(order, 5, ("You can send back", "可以寄回"))
    shopper.open(f"/order/{order.secret}")
    assert market.say("Pack the goods", "请包装好商品") in shopper.reads

    clerk.press("receive")
    shop.newest_mail(order, 6, ("have come back", "退货已收到"))
    (good,), (bad,) = clerk.fields("sellable-"), clerk.fields("damaged-")
    clerk.fill(**{good.replace("-", "__"): "1", bad.replace("-", "__"): "1"})
    clerk.press("inspect")
    # A tenth of two lamps stays with the shop.
    fee = 2 * market.lamp // 10
    granted = 2 * market.lamp - fee
    assert clerk.page.locator("[name=restocking]").input_value() == f"{fee / 100:.2f}"
    clerk.press("resolve")
    assert market.written(granted) in clerk.told
    assert market.written(granted) in shop.newest_mail(order, 7, ("is decided", "已处理"))
    assert clerk.on_the_shelf(lamp) == (8, 8)
    assert market.say("damaged 1", "损坏 1") in clerk.reads.lower()

    clerk.order_page(order.number)
    clerk.go("/refund")
    clerk.send()
    paid = 3 * market.lamp + market.delivery
    assert shop.at_the_gateway(order) == [("captured", paid), ("refunded", granted)]
    shopper.open(f"/order/{order.secret}")
    case = shopper.page.locator("section:has(> [id^=case-])")
    expect(case).to_contain_text(market.written(granted))
    expect(case).not_to_contain_text(market.say("Still on its way to you", "尚待退还"))
    # One lamp stays, with its delivery and the fee.
    expect(shopper.page.locator("aside")).to_contain_text(market.written(market.lamp + market.delivery + fee))


@pytest.mark.parametrize(("market", "view"), LONG)
def test_lamp_is_exchanged_for_a_larger_one_with_one_payment(
    market: Market, view: View, house: Houses, people: People
) -> None:
    shop = house(market)
    story = shop.story()
    small, large = shop.sell_sizes(story, 5)
    order = shop.order(story, {small: 1})
    shop.pay(order)
    shop.ship(order)
    clerk, shopper = people(shop, view)
    assert clerk.on_the_shelf(small) == (4, 4)
    assert clerk.on_the_shelf(large) == (5, 5)

    shopper.open(link_in(shop.newest_mail(order, 3, ("is on its way", "已发货"))))
    shopper.go("/return")
    (pieces,), (instead,) = shopper.fields("quantity."), shopper.fields("instead.")
    shopper.fill({pieces: "1", "reason": "does_not_fit"})
    choice = shopper.page.locator(f'[name="{instead}"] option').filter(has_text=market.say("Large", "大号"))
    shopper.fill({instead: str(choice.get_attribute("value"))})
    shopper.send()
    shop.newest_mail(order, 4, ("We have your request", "已收到您对订单"))

    clerk.open("/returns")
    clerk.page.locator("table.rows").get_by_role("link", name=order.number, exact=True).click()
    assert market.say("Sent instead: 1 × ", "改发： 1 × ") + large in clerk.reads
    clerk.press("approve")
    shop.newest_mail(order, 5, ("You can send back", "可以寄回"))
    clerk.press("receive")
    (good,) = clerk.fields("sellable-")
    clerk.fill(**{good.replace("-", "__"): "1"})
    clerk.press("inspect")
    # The large lamp costs, the small one is set against it, nobody charges a fee: one payment of the difference.
    paid, net = market.lamp + market.delivery, market.large_lamp - market.lamp
    fee = market.lamp // 10
    owes = market.say("The shopper owes {}", "顾客还需支付 {}")
    expect(clerk.page.locator("#effect")).to_contain_text(owes.format(market.written(net + fee)))
    clerk.fill(restocking="0")
    clerk.press("preview")
    expect(clerk.page.locator("#effect")).to_contain_text(owes.format(market.written(net)))
    clerk.press("resolve")
    assert clerk.on_the_shelf(small) == (5, 5)
    assert clerk.on_the_shelf(large) == (5, 4)

    mail = shop.newest_mail(order, 7, ("is decided", "已处理"))
    assert market.say("Still to be paid: {}", "尚需支付：{}").format(market.written(net)) in mail
    shopper.open(link_in(mail))
    shopper.pay_the_rest(market.written(net), shop.gateway)
    assert shop.at_the_gateway(order) == [("captured", paid), ("captured", net)]
    clerk.order_page(order.number)
    assert market.say("Paid", "已付款") in clerk.axes()[1]
    clerk.ship("00340434161094000024")
    assert clerk.on_the_shelf(large) == (4, 4)
    assert "00340434161094000024" in shop.newest_mail(order, 9, ("is on its way", "已发货"))


@pytest.mark.parametrize(("market", "view"), LONG)
def test_lamp_that_never_came_is_paid_back_without_a_return(
    market: Market, view: View, house: Houses, people: People
) -> None:
    shop = house(market)
    story = shop.story()
    lamp = shop.sell(story, "lamp", 10)
    order = shop.order(story, {lamp: 2}, account=True)
    shop.pay(order)
    shop.ship(order)
    clerk, shopper = people(shop, view)
    assert clerk.on_the_shelf(lamp) == (8, 8)

    shopper.sign_in(order.email)
    shopper.follow_account(order.number)
    shopper.go("/return")
    (pieces,) = shopper.fields("quantity.")
    shopper.fill({pieces: "1", "reason": "missing"})
    shopper.send()
    assert market.say("You need not send anything", "无需寄回任何东西") in shopper.reads
    shop.newest_mail(order, 4, ("We have your request", "已收到您对订单"))

    clerk.open("/returns")
    clerk.page.locator("table.rows").get_by_role("link", name=order.number, exact=True).click()
    assert market.say("It never came", "未收到") in clerk.reads
    clerk.press("approve")
    shop.newest_mail(order, 5, ("We look after your claim", "正在处理订单"))
    assert clerk.fields("line-") == [], "nothing is to be received"
    clerk.fill(answer=market.say("The parcel is lost.", "包裹丢失了。"))
    clerk.press("resolve")
    mail = shop.newest_mail(order, 6, ("is decided", "已处理"))
    assert market.written(market.lamp) in mail
    assert market.say("The parcel is lost.", "包裹丢失了。") in mail

    clerk.order_page(order.number)
    clerk.go("/refund")
    clerk.send()
    paid = 2 * market.lamp + market.delivery
    assert shop.at_the_gateway(order) == [("captured", paid), ("refunded", market.lamp)]
    assert clerk.on_the_shelf(lamp) == (8, 8), "what is lost does not come back to the shelf"
    shopper.follow_account(order.number)
    assert market.say("The parcel is lost.", "包裹丢失了。") in shopper.reads
    assert market.written(market.lamp) in shopper.reads


@pytest.mark.parametrize(("market", "view"), LONG)
def test_guest_follows_an_order_by_number_and_address_alone(
    market: Market, view: View, house: Houses, people: People
) -> None:
    shop = house(market)
    story = shop.story()
    lamp = shop.sell(story, "lamp", 10)
    order = shop.order(story, {lamp: 1})
    shop.pay(order)
    clerk, guest = people(shop, view)
    assert clerk.on_the_shelf(lamp) == (10, 9)

    guest.track(order.number, "somebody@example.com")
    assert (
        market.say("There is no order with this number and this address", "没有符合此订单号和邮箱的订单") in guest.reads
    )
    assert market.names["lamp"] not in guest.reads
    guest.track(order.number, order.email.upper())
    assert market.say("We are packing it", "正在打包") in guest.page.inner_text("h1")

    clerk.order_page(order.number)
    clerk.ship("00340434161094000031")
    assert market.say("Shipped", "已发货") in clerk.axes()[2]
    assert clerk.on_the_shelf(lamp) == (9, 9)
    assert "00340434161094000031" in shop.newest_mail(order, 3, ("is on its way", "已发货"))
    guest.track(order.number, order.email)
    assert market.say("It is on its way", "在路上") in guest.page.inner_text("h1")
    assert "00340434161094000031" in guest.reads
    assert market.names["lamp"] in guest.reads
    assert market.address.lines[0] not in guest.reads, "the street is for who has the link"
    assert not guest.page.locator("a[href$='/return'], a[href$='/change']").count()
