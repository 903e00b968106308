"""Cash on delivery is offered within its limits, and says why where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from core.api import Gateway, Money, SetQuantity, change_order, mark_paid, order_view, state_of
from core.testing.contracts import GatewayContract, a_site, an_intent, the_address
from plugins.cash_on_delivery.forms import Settings
from plugins.cash_on_delivery.services import CashOnDelivery


def gateway_with(**said: Any) -> CashOnDelivery:
    return CashOnDelivery(Settings(said), a_site())


class TestContract(GatewayContract):
    @pytest.fixture
    def gateway(self) -> Gateway:
        return gateway_with(at_least="5.00", at_most="200.00", countries="GB IE")


def test_without_limits_everything_is_taken() -> None:
    assert gateway_with().takes(Money(10**9, "JPY"), the_address("JP")) == ""


@pytest.mark.parametrize(
    ("amount", "reason"),
    [(499, "For orders from €5.00."), (500, ""), (20_000, ""), (20_001, "For orders up to €200.00.")],
)
def test_the_amount_is_limited_on_both_sides(amount: int, reason: str) -> None:
    assert gateway_with(at_least="5.00", at_most="200.00").takes(Money(amount, "EUR"), None) == reason


def test_limits_are_not_guessed_in_another_currency() -> None:
    assert gateway_with(at_most="200.00").takes(Money(100, "USD"), None) == "Only for orders in EUR."


def test_other_countries_read_that_it_is_not_for_them() -> None:
    gateway = gateway_with(countries="gb, ie")
    assert gateway.takes(Money(100, "EUR"), the_address("FR")) == "Not for deliveries to France."
    assert gateway.takes(Money(100, "EUR"), the_address("IE")) == ""
    assert gateway.takes(Money(100, "EUR"), None) == ""


def test_the_shopper_reads_what_to_have_ready() -> None:
    shown = gateway_with().begin(an_intent(Money(4990, "EUR")), "key")
    assert dict(shown.rows)["Amount"] == "€49.90"
    assert shown.text


def test_changes_of_an_order_leave_no_line_about_money_that_never_came(turn_on, site, sell, order, at_panel) -> None:
    turn_on("cash_on_delivery")
    lamp = sell("LAMP", 8900, stock=9)
    placed = order_view(order(lamp, 5, gateway="cash_on_delivery").id)
    for units in (4, 3, 2):
        fewer = [SetQuantity(line_id=placed.lines[0].id, quantity=units)]
        change_order(state_of(site.id), placed.id, fewer, key=f"to:{units}", actor="staff:1")
    page = at_panel.get(f"/panel/orders/{placed.number}")
    assert page.count("Nothing has come yet.") == 1, "what is still awaited is said once"
    assert "News of the payment" not in page
    said = at_panel.post("/panel/orders/bulk", 200, n=placed.number, act="ship", key="a")
    assert "2 pieces shipped." in said, "these leave before they are paid"
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    page = at_panel.get(f"/panel/orders/{placed.number}")
    # Two lamps of 89.00.
    assert "€178.00 received" in page
    assert "Nothing has come yet." not in page
