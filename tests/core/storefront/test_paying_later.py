"""An order that is not paid yet: its pages say what is to be done about it, and offer what can be done."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.checkout.services.changing import change_order, preview_change
from core.hookspecs.payment import Fact, FactKind
from core.hookspecs.site import Site
from core.kernel import limits
from core.kernel.sites import state_of
from core.lib import clock
from core.orders.services.cancel import cancel
from core.orders.services.change_shapes import SetQuantity
from core.orders.services.facts import payment_by_id, record_facts
from core.orders.services.payments import mark_paid
from core.orders.services.read import order_view
from core.orders.services.ship import deliver, ship
from core.testing.shop import PASSWORD

from .conftest import Visitor, text_of


@pytest.fixture
def buy(sell: Callable[..., Any], order: Callable[..., Any], turn_on: Callable[..., None]) -> Callable[[str], Any]:
    """`buy("bank_transfer")`: a lamp ordered by a guest, to be paid this way."""
    limits.reset()
    turn_on("cash_on_delivery")
    lamp = sell("LAMP", 8900, stock=5, name="Dome lamp")
    return lambda gateway: order(lamp, 1, gateway=gateway)


def steps(page: str) -> list[str]:
    return re.findall(r'class="timeline__title[^"]*">([^<]+)<', page)


def test_goods_that_are_paid_at_the_door_wait_for_no_payment(
    site: Site, visitor: Visitor, buy: Callable[[str], Any]
) -> None:
    placed = buy("cash_on_delivery")
    visitor.post(f"/checkout/pay/{placed.secret}", {"gateway": "cash_on_delivery"})
    page = visitor.get(f"/order/{placed.secret}").text
    assert "We are packing it" in text_of(page)
    assert "Waiting for the payment" not in text_of(page)
    assert steps(page)[-2:] == ["Delivered", "To be paid"]
    # Nothing else can be chosen here, so no button leads to an empty page.
    assert "/checkout/thanks/" not in page
    parcel = ship(site, placed.id, actor="staff:1")
    deliver(site, placed.id, actor="staff:1", shipment_id=parcel)
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    assert steps(visitor.get(f"/order/{placed.secret}").text)[-2:] == ["Delivered", "Paid"]


def test_the_list_of_the_account_says_the_same(visitor: Visitor, buy: Callable[[str], Any]) -> None:
    placed = buy("cash_on_delivery")
    visitor.post(f"/checkout/keep/{placed.secret}", {"password": PASSWORD})
    listed = text_of(visitor.get("/account/orders").text)
    assert placed.number in listed
    assert "We are packing it" in listed


def test_who_has_been_told_how_to_pay_may_choose_another_way(
    visitor: Visitor, buy: Callable[[str], Any], turn_on: Callable[..., None]
) -> None:
    turn_on("bank_transfer", holder="Test shop", account="DE02 1203 0000 0000 2020 51")
    placed = buy("bank_transfer")
    visitor.post(f"/checkout/pay/{placed.secret}", {"gateway": "bank_transfer"})
    page = visitor.get(f"/order/{placed.secret}").text
    assert "Waiting for the payment" in text_of(page)
    assert "Pay another way" in text_of(page)
    assert "Pay €" not in text_of(page)
    thanks = text_of(visitor.get(f"/checkout/thanks/{placed.secret}").text)
    assert "Or pay another way" in thanks
    assert "Cash on delivery" in thanks
    visitor.post(f"/checkout/pay/{placed.secret}", {"gateway": "cash_on_delivery"})
    order = order_view(placed.id)
    assert order is not None
    chosen = [one.data for one in order.timeline if one.kind == "gateway"]
    assert chosen == [{"before": "Bank transfer", "after": "Cash on delivery"}], "in words, and only what is another"


def test_what_is_open_is_paid_from_the_orders_page(
    visitor: Visitor, buy: Callable[[str], Any], turn_on: Callable[..., None]
) -> None:
    turn_on("fake_gateway")
    placed = buy("fake_gateway")
    page = visitor.get(f"/order/{placed.secret}").text
    # Before the steps, not below them.
    assert page.index("Pay €89.00") < page.index("Order placed")
    asked = text_of(visitor.get(re.findall(r'href="(/checkout/thanks/[^"]+)"', page)[0].replace("&amp;", "&")).text)
    assert "Pay for your order" in asked
    assert "Thank you" not in asked
    assert "Thank you" in text_of(visitor.get(f"/checkout/thanks/{placed.secret}").text)


def test_nobody_is_thanked_for_an_order_that_is_cancelled(
    site: Site, visitor: Visitor, buy: Callable[[str], Any]
) -> None:
    placed = buy("cash_on_delivery")
    cancel(site, placed.id, actor="staff:1")
    said = text_of(visitor.get(f"/checkout/thanks/{placed.secret}").text)
    assert "Thank you" not in said
    assert "Cancelled" in said


def test_who_pays_by_transfer_reads_the_new_amount_after_a_change(
    site: Site, visitor: Visitor, buy: Callable[[str], Any], turn_on: Callable[..., None]
) -> None:
    turn_on("bank_transfer", holder="Test shop", account="DE02 1203 0000 0000 2020 51")
    placed = buy("bank_transfer")
    order = order_view(placed.id)
    assert order is not None
    visitor.post(f"/checkout/pay/{placed.secret}", {"gateway": "bank_transfer"})
    shown = visitor.post(f"/order/{placed.secret}/change", {f"quantity.{order.lines[0].id}": "2"}).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    said = text_of(visitor.post(f"/order/{placed.secret}/change/confirm", hidden).text)
    assert "How to pay" in said
    assert "€178.00" in said.partition("Where it is")[0]


def test_what_a_change_adds_to_reserved_money_is_asked_for_and_no_more(
    site: Site, visitor: Visitor, buy: Callable[[str], Any]
) -> None:
    placed = buy("cash_on_delivery")
    order = order_view(placed.id)
    assert order is not None
    payment = payment_by_id(order.payments[0].id)
    assert payment is not None
    reserved = Fact(
        account=payment.account, live=payment.live, kind=FactKind.AUTHORIZED, reference="a", amount=order.total,
        at=clock.now(),
    )  # fmt: skip
    record_facts(site, payment.plugin, payment.account, [reserved], payment)
    assert "/checkout/thanks/" not in visitor.get(f"/order/{placed.secret}").text
    more = [SetQuantity(line_id=order.lines[0].id, quantity=3)]
    assert preview_change(state_of(site.id), placed.id, more).effect.to_pay == 17800
    change_order(state_of(site.id), placed.id, more, key="k", actor="staff:1")
    assert "Pay €178.00" in text_of(visitor.get(f"/order/{placed.secret}").text)
    assert "Pay €178.00" in text_of(visitor.get(f"/checkout/thanks/{placed.secret}?pay=1").text)


def test_a_transfer_that_nobody_has_explained_yet_can_be_asked_for(
    site: Site, visitor: Visitor, buy: Callable[[str], Any]
) -> None:
    placed = buy("cash_on_delivery")
    order = order_view(placed.id)
    assert order is not None
    visitor.post(f"/checkout/pay/{placed.secret}", {"gateway": "cash_on_delivery"})
    more = [SetQuantity(line_id=order.lines[0].id, quantity=3)]
    change_order(state_of(site.id), placed.id, more, key="k", actor="staff:1")
    page = visitor.get(f"/checkout/thanks/{placed.secret}?pay=1").text
    assert re.search(r'name="gateway"[^>]*value="cash_on_delivery"', page)
    told = text_of(visitor.post(f"/checkout/pay/{placed.secret}", {"gateway": "cash_on_delivery"}).text)
    assert "Amount €267.00" in told.replace("Amount", "Amount ").replace("  ", " ")
