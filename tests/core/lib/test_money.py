"""Money: whole minor units of one currency, split without a cent lost, read as people write it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lib.money import Money, NotMoney, format_money, parse_money, percent, portion, split, total

AMOUNTS = st.integers(-(10**12), 10**12)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "CNY"])


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_shares_sum_to_the_amount_and_none_is_a_unit_off(amount: int, weights: list[int]) -> None:
    shares = split(amount, weights)
    assert sum(shares) == amount
    base = weights if any(weights) else [1] * len(weights)
    for share, weight in zip(shares, base, strict=True):
        assert abs(share - Decimal(amount) * weight / sum(base)) < 1


def test_a_split_that_rounds_each_share_loses_cents() -> None:
    """Planted: what the rule of the largest remainder is there for."""
    rounded = [percent(100, 3_333) for _ in range(3)]
    assert sum(rounded) == 99
    assert split(100, [1, 1, 1]) == [34, 33, 33]


def test_nobody_gets_nothing() -> None:
    assert split(0, []) == []
    with pytest.raises(ValueError, match="among nobody"):
        split(1, [])
    with pytest.raises(ValueError, match="not negative"):
        split(1, [1, -1])


@given(AMOUNTS, st.integers(0, 20_000))
def test_a_percentage_is_rounded_as_merchants_do(amount: int, basis_points: int) -> None:
    exact = Decimal(amount) * basis_points / 10_000
    assert percent(amount, basis_points) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(("amount", "expected"), [(5, 3), (-5, -3), (4, 2), (1, 1), (-1, -1), (0, 0)])
def test_halves_go_away_from_zero(amount: int, expected: int) -> None:
    assert portion(amount, 1, 2) == expected


def test_currencies_do_not_mix_and_there_are_no_floats() -> None:
    euro, yuan = Money(100, "EUR"), Money(100, "CNY")
    for act in (lambda: euro + yuan, lambda: euro < yuan, lambda: euro - yuan, lambda: total([euro, yuan], "EUR")):
        with pytest.raises(TypeError):
            act()
    for amount, currency in ((1.5, "EUR"), (True, "EUR"), ("1", "EUR"), (1, "eur"), (1, "EURO"), (1, "")):
        with pytest.raises(TypeError):
            Money(amount, currency)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        euro * 1.5  # type: ignore[operator]
    assert euro != yuan
    assert total([], "EUR") == Money(0, "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1230, "EUR", "12.30"), (500, "JPY", "500"), (5124, "KWD", "5.124"), (-5, "EUR", "-0.05"), (0, "EUR", "0.00")],
)
def test_the_plain_form_that_machines_expect(amount: int, currency: str, text: str) -> None:
    assert Money(amount, currency).decimal == text


@given(AMOUNTS, CURRENCIES)
def test_what_is_written_plainly_is_read_again(amount: int, currency: str) -> None:
    # A point before three digits is a thousands mark, but where the currency has three.
    money = Money(amount, currency)
    assert parse_money(money.decimal, currency) == money


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.30", 1230), ("12,30", 1230), ("1.234,50", 123450), ("1,234.50", 123450), ("1 234,50", 123450),
        ("1'234.50", 123450), ("1,234", 123400), ("0,5", 50), (".5", 50), ("5.", 500), ("EUR 5", 500), ("5 €", 500),
        ("€5", 500), ("-3", -300), ("+3", 300), ("１２．３０", 1230), ("007", 700),
    ],
)  # fmt: skip
def test_amounts_as_people_type_them(text: str, amount: int) -> None:
    assert parse_money(text, "EUR") == Money(amount, "EUR")


@pytest.mark.parametrize(
    "text",
    ["", "x", "1.2.3", "12,3456", "1.23.456", "1,23,456", "--1", "1e5", "1/2", "NaN", "inf", "0x10", "1;2", "=1+1",
     "99999999999999999", "12.345,6789"],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotMoney, match=r"such as 12\.50"):
        parse_money(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency"),
    [("5 USD", "GBP"), ("USD 5", "GBP"), ("$5", "GBP"), ("5 €", "GBP"), ("£5", "EUR"), ("5k", "GBP"), ("5m", "GBP"),
     ("5x", "GBP"), ("12 abc", "GBP"), ("5 kr", "EUR"), ("Rs.50", "GBP"), ("5 pcs", "CNY"), ("¥5", "USD"),
     ("5 JPY", "CNY"), ("A$5", "USD")],
)  # fmt: skip
def test_another_currency_or_a_shortened_number_is_no_amount(text: str, currency: str) -> None:
    with pytest.raises(NotMoney):
        parse_money(text, currency)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("¥5", "CNY", 500), ("￥5", "CNY", 500), ("5元", "CNY", 500), ("5 rmb", "CNY", 500), ("CN¥5", "CNY", 500),
     ("5 円", "JPY", 5), ("-£5", "GBP", -500), ("£-5", "GBP", -500), ("5 kr", "SEK", 500), ("kr.5", "DKK", 500),
     ("A$5", "AUD", 500), ("$5", "AUD", 500), ("us$5", "USD", 500), ("5 zł", "PLN", 500), ("gbp 5", "GBP", 500),
     ("Rs.50", "INR", 5000), ("R$ 5", "BRL", 500), ("SFr. 5", "CHF", 500)],
)  # fmt: skip
def test_the_signs_of_the_currency_are_read(text: str, currency: str, amount: int) -> None:
    assert parse_money(text, currency) == Money(amount, currency)


def test_a_currency_without_small_coins_takes_none() -> None:
    assert parse_money("1,500", "JPY") == Money(1500, "JPY")
    with pytest.raises(NotMoney):
        parse_money("1.50", "JPY")


@pytest.mark.parametrize(
    ("money", "language", "text"),
    [
        (Money(123450, "EUR"), "en", "€1,234.50"),
        (Money(123450, "EUR"), "de", "1.234,50\xa0€"),
        (Money(168000, "CNY"), "zh-CN", "¥1,680.00"),
        (Money(1500, "JPY"), "en", "¥1,500"),
        (Money(5124, "KWD"), "en", "KWD\xa05.124"),
        (Money(-50, "GBP"), "en", "-£0.50"),
        (Money(1230, "CHF"), "en", "CHF\xa012.30"),
        # From right to left, with marks that keep a sign beside its letters.
        (Money(123450, "EUR"), "ar", "\u200f1,234.50\xa0€"),
        (Money(123450, "GBP"), "ar", "\u200f1,234.50\xa0UK£\u200e"),
        (Money(-123450, "GBP"), "ar", "\u200f\u200e-1,234.50\u200f\xa0UK£\u200e"),
        (Money(-7500, "EUR"), "ar", "\u200f\u200e-75.00\u200f\xa0€"),
    ],
)
def test_amounts_as_people_read_them(money: Money, language: str, text: str) -> None:
    assert format_money(money, language) == text
