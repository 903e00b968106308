"""The two shops of the stories: what is sold there, for how much, and which words people read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

_HERE = Path(__file__).parent


class Goods(Struct, frozen=True, kw_only=True):
    """A file of goods, and the one that is bought: which words find it, and the value picked for each option.

    `price` is one piece of the picked variant, in minor units; `first_price` that of the variant shown first.
    """

    file: Path | str
    search: str
    name: str
    picks: tuple[str, ...]
    sku: str
    price: int
    first_price: int
    stock: str


class Market(Struct, frozen=True, kw_only=True):
    """A site as its merchant wants it. Sums are in minor units; `symbol` is how its currency is written."""

    host: str
    name: str
    theme: str
    language: str
    currency: str
    country: str
    symbol: str
    plugins: tuple[str, ...]
    hand_over: str
    delivery: int
    percent: int
    code: str
    goods: Goods
    address: Mapping[str, str]
    words: Mapping[str, str]

    def written(self, amount: int) -> str:
        """A sum as a reader of this site expects it; both currencies have two decimals."""
        return f"{self.symbol}{amount / 100:,.2f}"

    @property
    def order_total(self) -> int:
        """Two pieces, less the coupon, plus delivery: counted here, without the shop."""
        goods = 2 * self.goods.price
        assert goods * self.percent % 100 == 0, "a sum that needs no rounding"
        return goods - goods * self.percent // 100 + self.delivery

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}"


ENGLISH = Market(
    host="localhost",
    name="Halden House",
    theme="plain",
    language="en",
    currency="EUR",
    country="DE",
    symbol="€",
    plugins=("flat_rate", "fake_gateway", "coupons", "mail", "tax_table", "search_sql"),
    hand_over="get",
    delivery=490,
    percent=10,
    code="AUTUMN10",
    goods=Goods(
        file=_HERE / "goods-en.csv",
        search="dome lamp",
        name="Dome lamp",
        picks=("Black", "Large"),
        sku="DOME-BLACK-L",
        price=12950,
        first_price=8900,
        stock="In stock, only 3 left",
    ),
    address={
        "email": "mira@example.com",
        "name": "Mira Kessler",
        "line1": "Lange Str. 1",
        "postcode": "10115",
        "city": "Berlin",
    },
    words={
        "thanks": "Thank you, Mira",
        "paid": "Paid",
        "shipped": "Shipped",
        "to_ship": "To ship",
        "on_its_way": "It is on its way",
        "on": "On",
        "mail_shipped": "is on its way",
        "own_password": "Choose your own password first",
    },
)

CHINESE = Market(
    host="ji.localhost",
    name="灯下集市",
    theme="lantern",
    language="zh-CN",
    currency="CNY",
    country="CN",
    symbol="¥",
    plugins=("flat_rate", "fake_gateway", "coupons", "mail", "cash_on_delivery", "search_whoosh"),
    hand_over="post",
    delivery=800,
    percent=5,
    code="LANTERN5",
    goods=Goods(
        file=_HERE / "goods-zh.csv",
        search="穹顶台灯",
        name="穹顶台灯",
        picks=("黑色", "大号"),
        sku="DOME-BLACK-L",
        price=89900,
        first_price=64900,
        stock="现货，仅剩 3 件",
    ),
    address={
        "email": "lin@example.com",
        "name": "林小雨",
        "region": "上海市",
        "city": "上海市",
        "district": "徐汇区",
        "line1": "天平路 18 号",
        "postcode": "200030",
    },
    words={
        "thanks": "下单成功",
        "paid": "已付款",
        "shipped": "已发货",
        "to_ship": "待发货",
        "on_its_way": "在路上",
        "on": "已开启",
        "mail_shipped": "已发货",
        "own_password": "请先设置您自己的密码",
    },
)
