"""What can go wrong between the cart and the money, as shopper and merchant live it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from core.app import App
from core.hookspecs.site import Site
from core.testing.shop import Item, Told
from tests.journeys.visitor import ADDRESS, Visitor

# A mug for 18.00, delivered for 4.90.
TOTAL = "€22.90"


@pytest.fixture
def mug(sell: Callable[..., Item], turn_on: Callable[..., None], site: Site, gateway: str) -> Item:
    """A shop with one kind of mug, ten pieces, and two ways to pay."""
    from core.kernel.installation import installation

    turn_on("flat_rate")
    turn_on("fake_gateway", server=gateway, account="test-shop", mode="sale", hand_over="get", timeout_s=1)
    turn_on("cash_on_delivery")
    rate = ["--site", site.host, "--title", "en=Standard", "--price", "EUR=4.90"]
    installation().plugins.loaded["flat_rate"].plugin.commands["add"](rate)
    return sell("MUG", 1800, stock=10, name="Round mug")


@pytest.fixture
def shopper(app: App, site: Site, mug: Item) -> Visitor:
    """Somebody with one mug in the cart."""
    visitor = Visitor(app, site)
    assert "Round mug" in visitor.put_into_cart(mug.variant_id)
    return visitor


@pytest.fixture
def merchant(app: App, site: Site, staff: Any) -> Visitor:
    return Visitor(app, site).sign_in()


class AtGateway:
    """The payment that the shopper was sent to."""

    def __init__(self, shopper: Visitor, gateway: str) -> None:
        shopper.place_order(gateway="fake_gateway")
        assert shopper.path.startswith(f"{gateway}/pay/"), shopper.reads
        self._shopper, self._gateway, self._page = shopper, gateway, shopper.path
        self._control = f"{gateway}/control/payments/{self._page.rpartition('/')[2]}"

    def ends(self, outcome: str) -> None:
        """The shopper decides; nobody tells the shop."""
        requests.post(self._control, json={"outcome": outcome, "notice": "none"}, timeout=5).raise_for_status()

    def returns(self) -> str:
        """The shopper comes back, and reads."""
        page = requests.get(self._page, timeout=5).text
        target = re.search(r'href="([^"]*/pay/return/[^"]*)"', page)
        path = target[1] if target else ""
        return self._shopper.open("/pay/return/" + path.rpartition("/pay/return/")[2])

    def notifies(self, how: str = "once") -> int:
        """The gateway's notice reaches the shop; answers the shop's status."""
        asked = {"how": how, "send": False}
        said = requests.post(f"{self._control}/notice", json=asked, timeout=5).json()
        headers = {"X-Fake-Signature": said["signature"], "Content-Type": "application/json"}
        path = "/notify/fake_gateway/test-shop"
        answer = self._shopper.client.post(path, data=said["body"], base_url="https://shop.test", headers=headers)
        return int(answer.status_code)


def in_panel(merchant: Visitor, number: int = 10001) -> str:
    return merchant.open(f"/panel/orders/{number}")


# -- how a payment ends ------------------------------------------------------------------------------------------------


def test_declined_payment_comes_back_with_the_goods_the_reason_and_another_way_to_pay(
    shopper: Visitor, merchant: Visitor, gateway: str
) -> None:
    payment = AtGateway(shopper, gateway)
    payment.ends("decline")
    said = payment.returns()
    assert "The payment did not go through" in said
    assert "Nothing was charged" in said
    assert "Round mug" in said
    assert TOTAL in said
    assert "Cash on delivery" in said
    again = re.search(r'action="(/checkout/pay/[^"]*)"', shopper.page)
    assert again
    said = shopper.send(again[1], gateway="cash_on_delivery")
    assert "Thank you, Mira" in said
    assert "did not go through" not in said
    assert "Unpaid" in in_panel(merchant)
    assert f"{TOTAL} open" in merchant.reads


def test_declined_shopper_pays_at_the_second_try(shopper: Visitor, merchant: Visitor, gateway: str) -> None:
    first = AtGateway(shopper, gateway)
    first.ends("decline")
    first.returns()
    again = re.search(r'action="(/checkout/pay/[^"]*)"', shopper.page)
    assert again
    shopper.send(again[1], gateway="fake_gateway")
    assert shopper.path.startswith(f"{gateway}/pay/")
    number = shopper.path.rpartition("/")[2]
    requests.post(f"{gateway}/control/payments/{number}", json={"outcome": "pay", "notice": "none"}, timeout=5)
    token = re.search(r"/pay/return/([\w-]+)", requests.get(shopper.path, timeout=5).text)
    assert token
    assert "Thank you, Mira" in shopper.open(f"/pay/return/{token[1]}")
    assert f"{TOTAL} received" in in_panel(merchant)


def test_silent_gateway_leaves_the_order_waiting_until_its_notice_comes(
    shopper: Visitor, merchant: Visitor, gateway: str
) -> None:
    payment = AtGateway(shopper, gateway)
    payment.ends("timeout")
    said = payment.returns()
    assert "Thank you, Mira" in said
    assert "did not go through" not in said
    assert "€0.00 received" in in_panel(merchant)
    assert payment.notifies() == 200
    assert f"{TOTAL} received" in in_panel(merchant)


def test_late_notice_counts_after_the_shopper_has_gone(
    shopper: Visitor, merchant: Visitor, gateway: str, outbox: Told
) -> None:
    from core.hookspecs.events import OrderPaid

    payment = AtGateway(shopper, gateway)
    assert "€0.00 received" in in_panel(merchant)
    payment.ends("pay")
    assert payment.notifies("late") == 200
    assert f"{TOTAL} received" in in_panel(merchant)
    assert len(outbox.events(OrderPaid)) == 1


def test_notice_that_comes_twice_and_the_return_count_once(
    shopper: Visitor, merchant: Visitor, gateway: str, outbox: Told
) -> None:
    from core.hookspecs.events import OrderPaid

    payment = AtGateway(shopper, gateway)
    payment.ends("pay")
    assert [payment.notifies(), payment.notifies()] == [200, 200]
    assert "Thank you, Mira" in payment.returns()
    assert f"{TOTAL} received" in in_panel(merchant)
    assert "Overpaid" not in merchant.reads
    assert len(outbox.events(OrderPaid)) == 1


@pytest.mark.parametrize("how", ["forged", "old", "future"])
def test_false_notice_is_refused_and_changes_nothing(
    shopper: Visitor, merchant: Visitor, gateway: str, how: str
) -> None:
    payment = AtGateway(shopper, gateway)
    before = in_panel(merchant)
    payment.ends("pay")
    assert payment.notifies(how) == 400
    assert in_panel(merchant) == before
    assert "€0.00 received" in before


# -- pressing twice, two tabs ------------------------------------------------------------------------------------------


def test_double_click_makes_one_order(app: App, site: Site, shopper: Visitor, merchant: Visitor) -> None:
    sent = shopper.fill_checkout(gateway="cash_on_delivery")
    token = shopper.client.get_cookie("stoa_cart", domain=site.host).value

    def press(_click: int) -> str:
        finger = Visitor(app, site)
        finger.client.set_cookie("stoa_cart", token, domain=site.host)
        return str(finger.answer("/checkout/place", sent).headers["Location"])

    with ThreadPoolExecutor(2) as fingers:
        led = list(fingers.map(press, range(2)))
    assert led[0] == led[1]
    assert "/checkout/thanks/" in led[0]
    merchant.open("/panel/orders")
    assert re.findall(r'href="/panel/orders/(\d+)"', merchant.page) == ["10001"]


def test_tab_with_an_old_total_is_told_the_new_one_before_anything_is_ordered(
    shopper: Visitor, merchant: Visitor, mug: Item
) -> None:
    first_tab = shopper.fill_checkout(gateway="cash_on_delivery")
    shopper.put_into_cart(mug.variant_id)
    said = shopper.send("/checkout/place", **first_tab)
    assert shopper.status == 409
    assert "€40.90" in said
    assert "No orders yet" in merchant.open("/panel/orders")
    assert "Thank you, Mira" in shopper.send("/checkout/place", **shopper.form("/checkout/place"))


def test_second_tab_finds_the_order_of_the_first(app: App, site: Site, shopper: Visitor, merchant: Visitor) -> None:
    sent = shopper.fill_checkout(gateway="cash_on_delivery")
    token = shopper.client.get_cookie("stoa_cart", domain=site.host).value
    assert "Thank you, Mira" in shopper.send("/checkout/place", **sent)
    first = shopper.path
    shopper.client.set_cookie("stoa_cart", token, domain=site.host)
    shopper.send("/checkout/place", **sent)
    assert shopper.path == first
    assert "€22.90" in in_panel(merchant)
    merchant.open("/panel/orders/10002")
    assert merchant.status == 404


# -- the world moves on ------------------------------------------------------------------------------------------------


def test_goods_sold_out_meanwhile_are_named_and_nothing_typed_is_lost(
    shopper: Visitor, merchant: Visitor, mug: Item, order: Callable[..., Any]
) -> None:
    sent = shopper.fill_checkout(gateway="cash_on_delivery", note="Ring twice")
    other = order(mug, 10, email="other@example.com", gateway="cash_on_delivery")
    said = shopper.send("/checkout/place", **sent)
    assert shopper.status in {409, 422}
    assert re.search(r"Round mug[^.]*(sold out|not available|no longer|out of stock)", said, re.IGNORECASE), said
    typed = shopper.form("/checkout/place")
    assert {name: typed[name] for name in ADDRESS} == ADDRESS
    merchant.open("/panel/orders")
    assert set(re.findall(r'href="/panel/orders/(\d+)"', merchant.page)) == {other.number}


def test_gateway_switched_off_still_hears_of_its_open_order(
    app: App, site: Site, shopper: Visitor, merchant: Visitor, gateway: str, mug: Item
) -> None:
    payment = AtGateway(shopper, gateway)
    said = merchant.send("/panel/plugins/fake_gateway/switch", was="on")
    assert "ends with its last open order" in said
    late = Visitor(app, site)
    late.put_into_cart(mug.variant_id)
    assert "Test gateway" not in late.open("/checkout")
    payment.ends("pay")
    assert payment.notifies() == 200
    assert f"{TOTAL} received" in in_panel(merchant)
