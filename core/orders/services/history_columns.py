"""The columns of a file of past orders: what they may be called, and which of them there must be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from core.imports.services.mapping import CannotBeMapped
from core.kernel.i18n import enumerated
from core.lib.text import fold

FIELDS = ("number", "date", "sku", "name", "quantity", "price", "customer", "email", "country", "currency")
DAYS = ("date",)
_NEEDED = ("number", "date", "sku", "quantity", "price")

# Words above columns, without spaces, signs and accents: ours, of other systems, and of lists people keep. Where two
# columns could stand for one thing, the word that comes first wins.
_WORDS: Mapping[str, str] = {
    "number": "number order ordernumber ordernr orderno orderid invoiceno invoice bestellnummer rechnungsnummer name"
    " 订单号 订单编号",
    "date": "date invoicedate placed createdat orderdate bestelldatum 下单时间 日期",
    "sku": "sku stockcode itemsku lineitemsku artikelnummer 货号 商品编码",
    "name": "description item product lineitemname title itemname 商品 商品名称",
    "quantity": "quantity qty lineitemquantity itemquantity menge 数量",
    "price": "price unitprice lineitemprice itemprice preis 单价",
    "customer": "customer customerid kundennummer 客户 客户编号",
    "email": "email customeremail billingemail 邮箱",
    "country": "country shippingcountry billingcountry land 国家",
    "currency": "currency ordercurrency wahrung 币种",
}


def guess_past_columns(columns: Sequence[str]) -> dict[str, str]:
    """A target per column, each once, empty where the name says nothing."""
    plain = {column: re.sub(r"[\W_]+", "", fold(column)) for column in columns}
    found = dict.fromkeys(columns, "")
    for target, words in _WORDS.items():
        ranked = [column for word in words.split() for column in columns if plain[column] == word and not found[column]]
        if ranked:
            found[ranked[0]] = target
    return found


def check_past_columns(mapping: Mapping[str, str]) -> None:
    """Raises CannotBeMapped, naming the targets that are missing or chosen twice."""
    counted = Counter(filter(None, mapping.values()))
    wrong = [target for target, times in counted.items() if times > 1]
    wrong += [target for target in _NEEDED if target not in counted]
    if wrong:
        raise CannotBeMapped(
            "Choose one column for each of these, and no more: %(columns)s.", columns=enumerated(wrong)
        )
