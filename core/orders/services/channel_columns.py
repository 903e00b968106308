"""The columns of a file of open orders: what they may be called, in our own words and in those of other systems."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from core.imports.services.mapping import CannotBeMapped
from core.kernel.i18n import enumerated
from core.lib.text import fold

ADDRESS = (
    "name", "first_name", "last_name", "company", "line1", "line2", "district", "city", "region", "postcode",
    "country", "phone",
)  # fmt: skip
BILLING = tuple(f"billing_{name}" for name in ADDRESS)
FIELDS = (
    "number", "channel", "placed", "state", "email", "language", "currency", *ADDRESS, *BILLING,
    "sku", "item", "quantity", "price", "line_total", "line_discount", "tax", "tax_rate", "taxable",
    "discount", "discount_title", "delivery", "carrier", "service", "delivery_price", "delivery_tax",
    "taxes", "tax_name", "tax_included", "total", "paid", "paid_at", "payment", "payment_reference", "note",
)  # fmt: skip
DAYS = ("placed", "paid_at")
_NEEDED = ("number", "sku", "quantity", "total")

# Words above columns, without spaces, signs and accents: ours, of Shopify and WooCommerce, and of lists people keep.
_WORDS: Mapping[str, str] = {
    "number": "number orderid ordernumber orderno order bestellnummer auftragsnummer numerodecommande 订单号 订单编号",
    "channel": "channel marketplace source kanal 渠道 平台 来源",
    "placed": "placed createdat orderdate date purchasedate bestelldatum 下单时间 日期",
    "state": "state status orderstatus fulfillmentstatus 状态 订单状态",
    "email": "email billingemail customeremail buyeremail 邮箱",
    "language": "language locale",
    "currency": "currency ordercurrency wahrung 币种",
    "name": "name shippingname recipientname shipname recipient empfanger 收货人 收件人 姓名",
    "first_name": "shippingfirstname",
    "last_name": "shippinglastname",
    "company": "company shippingcompany",
    "line1": "line1 shippingaddress1 shipaddress1 address1 address street strasse 地址 详细地址",
    "line2": "line2 shippingaddress2 shipaddress2 address2",
    "district": "district 区 区县",
    "city": "city shippingcity shipcity stadt ville 城市 市",
    "region": "region shippingprovince shippingstate shipstate province 省份 省",
    "postcode": "postcode shippingzip shippingpostcode shippostalcode zip postalcode plz 邮编",
    "country": "country shippingcountry shipcountry land pays 国家",
    "phone": "phone shippingphone billingphone telephone telefon 电话 手机",
    "billing_name": "billingname",
    "billing_first_name": "billingfirstname",
    "billing_last_name": "billinglastname",
    "billing_company": "billingcompany",
    "billing_line1": "billingline1 billingaddress1",
    "billing_line2": "billingline2 billingaddress2",
    "billing_district": "billingdistrict",
    "billing_city": "billingcity",
    "billing_region": "billingregion billingprovince billingstate",
    "billing_postcode": "billingpostcode billingzip",
    "billing_country": "billingcountry",
    "sku": "sku lineitemsku itemsku sellersku productsku artikelnummer 货号 商品编码 商家编码",
    "item": "item lineitemname itemname productname title artikel 商品 商品名称",
    "quantity": "quantity lineitemquantity itemquantity qty menge quantitypurchased 数量",
    "price": "price lineitemprice itemprice unitprice preis 单价",
    "line_total": "linetotal itemsubtotal itemtotal",
    "line_discount": "linediscount lineitemdiscount",
    "tax": "tax linetax itemtax itemtotaltax",
    "tax_rate": "taxrate vatrate",
    "taxable": "taxable lineitemtaxable",
    "discount": "discount discountamount discounttotal cartdiscount orderdiscount rabatt 优惠",
    "discount_title": "discounttitle discountcode couponcode coupons",
    "delivery": "delivery shippingmethod shippingmethodtitle shipservicelevel versandart 配送方式",
    "carrier": "carrier",
    "service": "service",
    "delivery_price": "deliveryprice shipping shippingtotal ordershipping shippingprice versandkosten 运费",
    "delivery_tax": "deliverytax shippingtaxtotal shippingtax ordershippingtax",
    "taxes": "taxes taxtotal totaltax ordertax ordertotaltax 税费",
    "tax_name": "taxname tax1name",
    "tax_included": "taxincluded taxesincluded pricesincludetax",
    "total": "total ordertotal amount grandtotal gesamt 合计 总额 订单金额",
    "paid": "paid financialstatus paymentstatus bezahlt 付款 支付状态",
    "paid_at": "paidat paiddate paymentdate 付款时间",
    "payment": "payment paymentmethod paymentmethodtitle zahlungsart 支付方式",
    "payment_reference": "paymentreference transactionid paymentid 支付流水号",
    "note": "note notes customernote bemerkung 备注 买家留言",
}
_SYNONYMS = {word: target for target, words in _WORDS.items() for word in words.split()}


def guess_columns(columns: Sequence[str]) -> dict[str, str]:
    """A target per column, each once, empty where the name says nothing.

    Shopify calls the number of an order its name; there, whoever gets it is the shipping name.
    """
    plain = {column: re.sub(r"[\W_]+", "", fold(column)) for column in columns}
    is_shopify = "lineitemsku" in plain.values()
    taken: set[str] = set()
    found: dict[str, str] = {}
    # What is named exactly comes before what only sounds like it.
    for column in sorted(columns, key=lambda column: column.casefold() not in FIELDS):
        target = column.casefold() if column.casefold() in FIELDS else _SYNONYMS.get(plain[column], "")
        if is_shopify:
            target = _of_shopify(plain[column], target)
        found[column] = "" if target in taken else target
        taken.add(target)
    return {column: found[column] for column in columns}


def _of_shopify(plain: str, target: str) -> str:
    """Its own words where ours mean something else: `Name` is the number, `Id` nothing, `Source` where it was sold."""
    return {"name": "number", "phone": "", "tax": "", "source": "", "location": ""}.get(plain, target)


def check_columns(mapping: Mapping[str, str]) -> None:
    """Raises CannotBeMapped, naming the targets that are missing or chosen twice."""
    counted = Counter(filter(None, mapping.values()))
    wrong = [target for target, times in counted.items() if times > 1]
    wrong += [target for target in _NEEDED if target not in counted]
    wrong += [] if {"price", "line_total"} & counted.keys() else ["price"]
    if wrong:
        raise CannotBeMapped(
            "Choose one column for each of these, and no more: %(columns)s.", columns=enumerated(wrong)
        )
