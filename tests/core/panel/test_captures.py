"""Authorised money is taken in parts from the order's own page, and what is left is let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.hookspecs.payment import FactKind
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.sites import state_of
from core.lib.money import Money
from core.orders.services.opening import begin_payment, fetch_payment
from core.orders.services.read import order_view
from core.testing.shop import Item
from tests.core.orders.fair import bank
from tests.core.panel.conftest import Panel, words
from tests.core.testing.bank import Bank

__all__ = ["bank"]


@pytest.fixture
def authorized(site: Site, bank: Bank, sell: Callable[..., Item], order: Callable[..., Any]) -> tuple[str, int, str]:
    """(number, payment, its token) of an order of 89.00 that is authorised."""
    bank.is_strict = True
    placed = order(sell("LAMP", 8900, stock=9))
    ((payment_id, token),) = db.rows("SELECT id, token FROM payment")
    begin_payment(state_of(site.id), placed.id)
    bank.add(token, FactKind.AUTHORIZED, Money(8900, "EUR"))
    fetch_payment(state_of(site.id), payment_id)
    return str(placed.number), payment_id, token


def test_a_part_is_taken_once_and_the_rest_is_let_go(
    panel: Panel, bank: Bank, authorized: tuple[str, int, str]
) -> None:
    number, payment_id, token = authorized
    path = f"/panel/orders/{number}/payments/{payment_id}/take"
    assert "Take €89.00" in words(panel.get(f"/panel/orders/{number}"))
    form = {"act": "capture", "amount": "30", "key": "one"}
    assert "At most €89.00 can be taken" in words(panel.post(path, {**form, "amount": "89.01"}))
    for _click in range(2):
        assert "€30.00 captured" in words(panel.follow(panel.post(path, form)))
    assert bank.total(token, FactKind.CAPTURED) == 3000
    assert "Authorised and not taken €59.00" in words(panel.get(path))
    said = words(panel.follow(panel.post(path, {"act": "void", "key": "two"})))
    assert "The authorisation was let go" in said
    assert "Take €" not in said
    order = order_view(db.value("SELECT id FROM orders"))
    assert order is not None
    assert (order.captured.amount, order.due.amount, order.status.payment) == (3000, 5900, "partly_paid")
    assert "At most €0.00 can be taken" in words(panel.post(path, {"act": "void", "key": "three"}))


def test_a_payment_of_another_order_is_not_found(
    panel: Panel, authorized: tuple[str, int, str], order: Callable[..., Any], sell: Callable[..., Item]
) -> None:
    other = order(sell("CUP", 500, stock=9)).number
    assert panel.get(f"/panel/orders/{other}/payments/{authorized[1]}/take").status_code == 404
