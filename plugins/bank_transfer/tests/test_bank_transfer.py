"""Bank transfer tells the shopper where to pay, and claims nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from core.api import FactKind, Gateway, Money
from core.testing.contracts import GatewayContract, an_intent
from plugins.bank_transfer.forms import Settings
from plugins.bank_transfer.services import BankTransfer


def settings(**said: Any) -> Settings:
    return Settings({"holder": "Halden House Ltd", "account": "GB33BUKB20201555555555", "bic": "BUKBGB22", **said})


class TestContract(GatewayContract):
    @pytest.fixture
    def gateway(self) -> Gateway:
        return BankTransfer(settings())


def test_the_shopper_reads_account_amount_and_the_order_number_as_reference() -> None:
    shown = BankTransfer(settings()).begin(an_intent(Money(4990, "EUR"), order_number="1042"), "key")
    rows = dict(shown.rows)
    assert rows["Amount"] == "€49.90"
    assert rows["Account"] == "GB33 BUKB 2020 1555 5555 55"
    assert rows["Reference"] == "1042"
    assert "Pay by" in rows
    assert "Bank" not in rows


def test_a_number_that_is_no_iban_is_shown_as_it_was_typed() -> None:
    assert settings(account="20-20-15 5555").account_in_groups == "20-20-15 5555"


def test_nothing_is_offered_before_the_account_is_filled_in() -> None:
    assert not Settings({}).is_complete
    assert settings().is_complete


def test_another_currency_than_the_accounts_is_not_taken() -> None:
    gateway = BankTransfer(settings(currencies="EUR, gbp"))
    assert gateway.takes(Money(100, "USD"), None) == "Our account does not take USD."
    assert gateway.takes(Money(100, "GBP"), None) == ""


def test_the_orders_wait_as_long_as_the_shopper_may_take() -> None:
    assert BankTransfer(settings(days=10)).unpaid_days == 10


def test_it_never_claims_that_money_came() -> None:
    assert not [fact for fact in BankTransfer(settings()).fetch(an_intent()) if fact.kind is FactKind.CAPTURED]
