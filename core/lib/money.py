"""Money: an integer of minor units and an ISO 4217 code. No float, no Decimal crosses a function boundary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_symbol
from msgspec import Struct

from core.lib.cldr import parsed
from core.lib.errors import Refused
from core.lib.languages import is_rtl

# ISO 4217, list one, 2026-01-01: every currency whose exponent is not 2.
_ZERO = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
_THREE = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
_FOUR = ["CLF", "UYW"]
_EXPONENTS = {**dict.fromkeys(_ZERO, 0), **dict.fromkeys(_THREE, 3), **dict.fromkeys(_FOUR, 4)}
_CODE = re.compile(r"[A-Z]{3}\Z")
_LARGEST = 10**15
# An amount with what people write before and behind it: a minus, and letters or a sign of the currency.
_BESIDE = r"(?:[^\W\d_]{1,4}\.|[^\d.,'’+-]{1,4})"
_TYPED = re.compile(rf"([-+]?)({_BESIDE})?([-+]?)(\d[\d.,'’]*|[.,]\d+)({_BESIDE})?")
# What people type for a currency beside its code and the signs that CLDR has for it.
_TYPED_SIGNS = {
    "BRL": "r$", "CHF": "fr sfr", "CNY": "¥ ￥ 元 圆 rmb", "CZK": "kč kc", "DKK": "kr", "HUF": "ft", "INR": "rs",
    "ISK": "kr", "JPY": "￥ 円", "KRW": "원", "NOK": "kr", "PLN": "zł zl", "RON": "lei", "RUB": "₽ руб",
    "SEK": "kr", "THB": "฿", "TRY": "₺ tl", "TWD": "元", "UAH": "₴", "USD": "us$", "ZAR": "r",
}  # fmt: skip


def exponent(currency: str) -> int:
    """Digits after the point, by ISO 4217. A gateway may count otherwise: see `Gateway.exponent`."""
    return _EXPONENTS.get(currency, 2)


class Money(Struct, frozen=True):
    """`amount` minor units of `currency`. Arithmetic and comparison refuse mixed currencies with TypeError."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int or not _CODE.match(self.currency):
            raise TypeError(f"Money wants an int and an ISO code, got {self.amount!r} {self.currency!r}")

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise TypeError(f"{self!r} and {other!r} do not mix")
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            raise TypeError("Money is multiplied by whole numbers; for shares use split() or percent()")
        return Money(self.amount * times, self.currency)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    @property
    def decimal(self) -> str:
        """The plain decimal form that foreign APIs and JSON-LD expect: `"12.30"`, `"500"`, `"5.124"`."""
        return str(
            Decimal(self.amount).scaleb(-exponent(self.currency)).quantize(Decimal(1).scaleb(-exponent(self.currency)))
        )


def total(parts: Iterable[Money], currency: str) -> Money:
    """The sum of `parts`; zero of `currency` if there are none."""
    result = Money.zero(currency)
    for part in parts:
        result += part
    return result


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Shares of `amount` in proportion to `weights`, whose sum is exactly `amount` (largest remainder).

    The first wins a tie. All weights zero: equal weights. No weights: nothing to give to, so `amount` must be 0.
    """
    if not weights:
        if amount:
            raise ValueError("an amount cannot be split among nobody")
        return []
    if any(weight < 0 for weight in weights):
        raise ValueError("weights are not negative")
    base = weights if any(weights) else [1] * len(weights)
    whole = sum(base)
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    shares = [size * weight // whole for weight in base]
    by_remainder = sorted(range(len(base)), key=lambda i: (-(size * base[i] % whole), i))
    for i in by_remainder[: size - sum(shares)]:
        shares[i] += 1
    return [sign * share for share in shares]


def portion(amount: int, numerator: int, denominator: int) -> int:
    """`amount * numerator / denominator`, halves away from zero (the commercial rule)."""
    product = amount * numerator
    size = (abs(product) * 2 + denominator) // (denominator * 2)
    return -size if product < 0 else size


def percent(amount: int, basis_points: int) -> int:
    """`basis_points` hundredths of a percent of `amount`, halves away from zero."""
    return portion(amount, basis_points, 10_000)


class NotMoney(Refused):
    """A text that is no amount in this currency."""

    status = 422
    code = "not_money"
    default_message = "Write an amount such as %(example)s."

    @classmethod
    def of(cls, currency: str) -> NotMoney:
        """With an example in this currency, for the field `amount`."""
        return cls(example=Money(1250 * 10 ** exponent(currency) // 100, currency).decimal, field="amount")


def parse_money(text: str, currency: str) -> Money:
    """Read an amount as people type it.

    Decimal comma or point, thousands in groups, full-width digits, a leading sign, the code or a sign of the currency.

    Raises NotMoney for anything else (another currency, `5k`), for more decimals than the currency has, and beyond
    10**15 minor units.
    """
    digits = exponent(currency)
    cleaned = "".join(text.split()).translate(str.maketrans("０１２３４５６７８９．，", "0123456789.,"))
    match = _TYPED.fullmatch(cleaned)
    if not match or any(sign and sign.casefold().rstrip(".") not in _signs(currency) for sign in match.group(2, 5)):
        raise NotMoney.of(currency)
    minus = match[1] or match[3]
    if match[1] and match[3]:
        raise NotMoney.of(currency)
    whole, decimals = _whole_and_decimals(match[4], digits)
    if whole is None or len(decimals) > digits:
        raise NotMoney.of(currency)
    amount = int(whole or "0") * 10**digits + int(decimals.ljust(digits, "0") or "0")
    if amount > _LARGEST:
        raise NotMoney.of(currency)
    return Money(-amount if minus == "-" else amount, currency)


@lru_cache(maxsize=256)
def _signs(currency: str) -> frozenset[str]:
    """The code of a currency and its signs, in small letters: `A$` is also written `$`."""
    sign = get_currency_symbol(currency, locale="en").casefold()
    short = {sign[-1]} if unicodedata.category(sign[-1]) == "Sc" else set()
    return frozenset({currency.casefold(), sign, *short, *_TYPED_SIGNS.get(currency, "").split()})


def _whole_and_decimals(number: str, digits: int) -> tuple[str | None, str]:
    """Tell the decimal mark from the thousands mark; (None, "") when the groups are not groups of three."""
    marks = [c for c in number if c in ".,'’"]
    if not marks:
        return number, ""
    last = marks[-1]
    head, _, tail = number.rpartition(last)
    # One kind of mark, seen once, before other than three digits, is a decimal mark; so is the last of two kinds.
    is_decimal = last in ".," and (
        len(set(marks)) > 1 or (len(marks) == 1 and (len(tail) != 3 or digits == 3 or head in {"", "0"}))
    )
    groups = re.split(r"[.,'’]", head if is_decimal else number)
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:])):
        return None, ""
    return "".join(groups), tail if is_decimal else ""


_LATIN, _BELOW_ZERO = re.compile("[A-Za-z]"), re.compile(r"-[0-9.,]*[0-9]")


@lru_cache(maxsize=65536)
def _formatted(amount: int, currency: str, language: str) -> str:
    value = Decimal(amount).scaleb(-exponent(currency))
    digits = exponent(currency)
    pattern = parsed(language).currency_formats["standard"].pattern
    wanted = "0." + "0" * digits if digits else "0"
    text = format_currency(
        value, currency, pattern.replace("0.00", wanted), locale=parsed(language), currency_digits=False
    )
    symbol = get_currency_symbol(currency, locale=parsed(language))
    if is_rtl(language) and _LATIN.search(symbol):
        # Its letters go from left to right, and its sign with them: `UK£`, not `£UK`.
        text = text.replace(symbol, symbol + "‎")
    if is_rtl(language):
        # A minus stands before its digits, which go from left to right.
        text = _BELOW_ZERO.sub("\u200e\\g<0>\u200f", text)
    # By CLDR a space that does not break stands between letters and digits: `CHF 12.30`.
    return re.sub(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])", "\xa0", text)


def format_money(money: Money, language: str) -> str:
    """For people: `€12.30`, `12,30 €`, `¥1,680.00`; always all the currency's decimals."""
    return _formatted(money.amount, money.currency, language)
