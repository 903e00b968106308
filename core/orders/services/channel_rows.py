"""From a file to open orders: each one whole, its parts its total to the cent, or refused with the reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct

from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.imports.services.records import Reading, Record, short, without_extra_zeros
from core.imports.services.rows import Problem
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib import addresses, clock
from core.lib.csv import Row
from core.lib.money import Money, NotMoney, exponent, parse_money
from core.orders.services import channel_remarks as remarks
from core.orders.services.channel_columns import ADDRESS
from core.orders.services.channel_sums import Parts, Sums, added_up
from core.orders.services.file_rows import ByNumber, OpenFile, opened

_MOST_UNITS = 9_999
_YES = frozenset(
    {"yes", "y", "true", "1", "paid", "captured", "completed", "succeeded", "是", "已付款", "已支付", "bezahlt"}
)
_NO = frozenset(
    {
        "no", "n", "false", "0", "unpaid", "pending", "open", "authorized", "voided", "expired", "failed", "on-hold",
        "否", "未付款", "待付款",
    }
)  # fmt: skip
_GIVEN_BACK = frozenset({"refunded", "partially_refunded"})
_CLOSED = frozenset(
    {
        "fulfilled", "shipped", "delivered", "completed", "complete", "closed", "cancelled", "canceled", "refunded",
        "failed", "trash", "已发货", "已完成", "已取消", "已关闭",
    }
)  # fmt: skip
_PARTLY = frozenset({"partial", "partially_fulfilled", "partially_shipped", "partly_shipped"})
# What is said of the whole order, and must not differ from row to row.
_OF_ORDER = ("total", "currency", "discount", "delivery_price", "delivery_tax", "taxes", "paid")


class ChannelLine(Struct, frozen=True, kw_only=True):
    """A row: `line` of the file, and how many of which SKU."""

    line: int
    sku: str
    name: str
    quantity: int


class ChannelOrder(Struct, frozen=True, kw_only=True):
    """An open order of another channel. `sums` are those of its lines, in their order. `paid` is in minor units."""

    line: int
    channel: str
    number: str
    placed_at: datetime
    email: str
    language: str
    currency: str
    address: Address | None
    billing: Address | None
    lines: tuple[ChannelLine, ...]
    sums: Sums
    discount_title: str
    delivery: str
    carrier: str
    service: str
    tax_name: str
    paid: int
    paid_at: datetime
    payment: str
    reference: str
    note: str


class ReadOrder(Struct, frozen=True, kw_only=True):
    """An order of the file, or None with the remarks that say why it is left out; `is_open` False: it is over there."""

    line: int
    number: str
    order: ChannelOrder | None
    problems: tuple[Problem, ...]
    is_open: bool = True


def open_orders(
    site: Site, source: Path, mapping: Mapping[str, str], *, channel: str = "", dates: str = "",
    most: int | None = None,
) -> AbstractContextManager[OpenFile[ReadOrder]]:  # fmt: skip
    """The orders of a file; rows of one number of one channel are one of them.

    `channel` is meant where the file names none, `dates` is the order of day, month and year; `most` rows do for a
    preview. Raises UnreadableFile.
    """

    def order(shown: Mapping[str, str], rows: Sequence[Row]) -> ReadOrder:
        return _read(Reading(site=site, columns=shown, dates=dates), rows, channel)

    return opened(source, mapping, ByNumber(_key), order, most)


def _key(cells: Mapping[str, str]) -> str | None:
    number = cells.get("number", "").strip()
    return f"{cells.get('channel', '').strip().casefold()}\x1f{number}" if number else None


def _read(reading: Reading, rows: Sequence[Row], channel: str) -> ReadOrder:
    order = _Order(reading.site, [Record(reading, row.line, row.cells) for row in rows], channel)
    number, is_open = order.first("number"), order.check_open()
    found = order.read() if is_open and not reading.refused else None
    sound = found is not None and not reading.refused
    return ReadOrder(
        line=rows[0].line, number=number, order=found if sound else None, problems=tuple(reading.problems),
        is_open=is_open,
    )  # fmt: skip


class _Order:
    """The rows of one order while they are read. What is said of the order stands in any of them."""

    def __init__(self, site: Site, records: Sequence[Record], channel: str) -> None:
        self.site, self.records, self.channel = site, records, channel
        self.head = records[0]

    def at(self, column: str) -> Record:
        """The first row that says something there, else the first one."""
        return next((record for record in self.records if record.raw(column)), self.head)

    def first(self, column: str, limit: int = 200) -> str:
        return self.at(column).text(column, limit)

    @cached_property
    def currency(self) -> str:
        return self.first("currency").upper() or self.site.currency

    def money(self, column: str, record: Record | None = None) -> int | None:
        """Minor units; None for an empty cell. What is no amount, or below zero, is remarked."""
        record = record or self.at(column)
        text = record.raw(column)
        if not text:
            return None
        try:
            amount = parse_money(without_extra_zeros(text, exponent(self.currency)), self.currency).amount
        except NotMoney:
            amount = -1
        if amount < 0:
            record.remark(column, remarks.NOT_AN_AMOUNT, value=short(text), currency=self.currency)
            return None
        return amount

    # -- whether it is for us --------------------------------------------------------------------------------------

    def check_open(self) -> bool:
        """Whether something of it is still to be done; what is over there is remarked and left there."""
        if not self.first("number"):
            self.head.remark("number", remarks.NO_NUMBER)
        if not (self.first("channel") or self.channel):
            self.head.remark("channel", remarks.NO_CHANNEL)
        if self.currency not in self.site.currencies:
            self.at("currency").remark("currency", remarks.OTHER_CURRENCY, currency=self.currency)
        differs = [name for name in _OF_ORDER if len({text for one in self.records if (text := one.raw(name))}) > 1]
        if differs:
            self.head.remark(differs[0], remarks.TWICE, columns=", ".join(differs))
        state, paid = self.first("state").casefold(), self.first("paid").casefold()
        if state in _PARTLY:
            self.at("state").remark("state", remarks.PARTLY_SENT)
        over = "state" if state in _CLOSED else "paid" if paid in _GIVEN_BACK else ""
        if over:
            self.at(over).remark(over, remarks.NOT_OPEN, warning=True, value=short(self.first(over)))
        return not over

    # -- all of it -------------------------------------------------------------------------------------------------

    def read(self) -> ChannelOrder | None:
        lines, parts = self._lines()
        address = self._address("")
        billing = self._address("billing_")
        total, sums = self.money("total"), None
        if total is None:
            self.head.remark("total", remarks.NOT_AN_AMOUNT, value="", currency=self.currency)
        if total is not None and not self.head.reading.refused:
            sums = self._sums(parts, total)
        if sums is None or total is None:
            return None
        now = clock.now()
        placed_at = min(self.at("placed").instant("placed") or now, now)
        return ChannelOrder(
            line=self.head.line, channel=(self.first("channel") or self.channel)[:60], number=self.first("number")[:60],
            placed_at=placed_at, email=self._email(),
            language=self._language(), currency=self.currency, address=address,
            billing=None if billing == address else billing, lines=tuple(lines), sums=sums,
            discount_title=self.first("discount_title") or _("Discount"), delivery=self.first("delivery"),
            carrier=self.first("carrier")[:60], service=self.first("service")[:60],
            tax_name=self.first("tax_name")[:120] or _("Tax"), paid=self._paid(total),
            paid_at=min(self.at("paid_at").instant("paid_at") or placed_at, now), payment=self.first("payment"),
            reference=self.first("payment_reference"), note=self.first("note", 2000),
        )  # fmt: skip

    def _language(self) -> str:
        wanted = self.first("language")
        return wanted if wanted in self.site.languages else self.site.language

    def _email(self) -> str:
        email = self.first("email", 254)
        if email and addresses.email_problem(email):
            self.at("email").remark("email", remarks.NOT_A_MAIL, warning=True, value=short(email))
            return ""
        return email

    def _lines(self) -> tuple[list[ChannelLine], Parts]:
        lines, subtotals, units, off, taxes, rates, taxable = [], [], [], [], [], [], []
        for record in self.records:
            sku = record.text("sku", 120)
            text = record.raw("quantity")
            # Spreadsheets write whole numbers as 2.0, too.
            whole = re.fullmatch(r"(\d{1,4})(?:[.,]0+)?", text)
            if whole is None or not 0 < int(whole[1]) <= _MOST_UNITS:
                record.remark("quantity", remarks.NOT_PIECES, value=short(text))
                continue
            quantity = int(whole[1])
            price, row = self.money("price", record), self.money("line_total", record)
            if price is None and row is None:
                record.remark("price", remarks.NOT_AN_AMOUNT, value=short(record.raw("price")), currency=self.currency)
                continue
            lines.append(ChannelLine(line=record.line, sku=sku, name=record.text("item", 500), quantity=quantity))
            units.append(price if price is not None else (row or 0) // quantity)
            subtotals.append(price * quantity if price is not None else row or 0)
            off.append(self.money("line_discount", record) or 0)
            taxes.append(self.money("tax", record))
            rates.append(_rate(record.raw("tax_rate")))
            taxable.append(record.flag("taxable") is not False)
        return lines, Parts(
            units=units, subtotals=subtotals, off=off, taxes=taxes, rates=rates, taxable=taxable,
            discount=self.money("discount") or 0, delivery=self.money("delivery_price") or 0,
            delivery_tax=self.money("delivery_tax"), all_taxes=self.money("taxes"),
            rate=_rate(self.first("tax_name")), included=self.at("tax_included").flag("tax_included"),
        )  # fmt: skip

    def _sums(self, parts: Parts, total: int) -> Sums | None:
        """The sums, if they are the order's total to the cent."""
        found = added_up(parts, total, included_here=self.site.prices_include_tax)
        if isinstance(found, Sums):
            return found
        if found.said is not remarks.DOES_NOT_ADD_UP:
            self.head.remark("discount" if found.said is remarks.TOO_MUCH_OFF else "taxes", found.said)
            return None
        amounts = {"parts": found.parts, "total": total, "difference": abs(total - found.parts)}
        shown: dict[str, Any] = {name: i18n.money(Money(amount, self.currency)) for name, amount in amounts.items()}
        self.at("total").remark("total", remarks.DOES_NOT_ADD_UP, **shown)
        return None

    def _address(self, prefix: str) -> Address | None:
        texts = {name: self.first(prefix + name) for name in ADDRESS}
        texts["name"] = texts["name"] or " ".join(filter(None, (texts["first_name"], texts["last_name"])))
        if not any(text for name, text in texts.items() if name != "phone"):
            return None
        country = texts["country"] or self.site.country
        code = addresses.country_code(country, i18n.language())
        if not code:
            self.at(f"{prefix}country").remark(f"{prefix}country", remarks.NO_COUNTRY, value=short(country))
            return None
        cleaned = addresses.cleaned({**texts, "country": code})
        cleaned = {name: text[: addresses.LONGEST.get(name, 120)] for name, text in cleaned.items()}
        if lacks := addresses.check(cleaned):
            labels = {one.name: one.label for one in addresses.fields_for(code, i18n.language())}
            names = i18n.enumerated(_(labels.get(name, name)) for name in lacks)
            self.head.remark(f"{prefix}line1", remarks.LACKS, warning=True, names=names)
        return Address(**addresses.parts(cleaned))

    def _paid(self, total: int) -> int:
        """All of the total, nothing, or the amount that stands there."""
        text = self.first("paid").casefold()
        if text in _YES:
            return total
        if not text or text in _NO:
            return 0
        try:
            amount = parse_money(text, self.currency).amount
        except NotMoney:
            self.at("paid").remark("paid", remarks.NOT_PAID_OR_UNPAID, value=short(text))
            return 0
        if not 0 <= amount <= total:
            self.at("paid").remark("paid", remarks.PAID_TOO_MUCH)
        return amount


def _rate(text: str) -> int | None:
    """Hundredths of a percent, of "19", "19 %" or "VAT 19.5%"; None where nothing says it."""
    found = re.fullmatch(r"\s*(\d{1,2}(?:[.,]\d{1,2})?)\s*%?\s*", text) or re.search(
        r"(\d{1,2}(?:[.,]\d{1,2})?)\s*%", text
    )
    return round(float(found[1].replace(",", ".")) * 100) if found else None
