"""What the two shops of the demo have chosen: delivery and taxes, words, plugins, payment and sales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What the shops charge for delivery, and their taxes: commands of the plugins that know.
COMMANDS: tuple[tuple[str, ...], ...] = (
    (
        "flat_rate",
        "--site",
        "shop.localhost",
        "--title",
        "en=Standard",
        "--title",
        "zh-CN=标准配送",
        "--price",
        "GBP=4.90",
        "--free-from",
        "GBP=150",
        "--days",
        "1-2",
    ),
    (
        "flat_rate",
        "--site",
        "ji.localhost",
        "--title",
        "zh-CN=快递",
        "--title",
        "en=Courier",
        "--price",
        "CNY=8",
        "--free-from",
        "CNY=399",
        "--days",
        "1-3",
    ),
    (
        "pickup",
        "--site",
        "shop.localhost",
        "--name",
        "Norrby Workshop",
        "--address",
        "12 Shore Street, Edinburgh EH6 6QW",
    ),
    ("tax_table", "--site", "shop.localhost", "--country", "GB", "--rate", "20"),
    ("coupons", "--site", "shop.localhost", "--code", "WELCOME10", "--percent", "10"),
    ("coupons", "--site", "ji.localhost", "--code", "DENGXIA30", "--amount", "CNY=30"),
)
# What each shop says in its theme.
WORDS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "plain": {
        "announcement": {
            "en": "Free delivery over £150. Thirty days to change your mind.",
            "zh-CN": "满 £150 包邮，三十天内可退换。",
        },
        "hero_eyebrow": {"en": "The autumn room", "zh-CN": "秋日新居"},
        "about": {
            "en": "A workshop and a shop in Leith. We use a thing for a month before we sell it.",
            "zh-CN": "一间作坊，一家小店，在利斯。每样东西先用一个月，再上架。",
        },
        "returns_text": {
            "en": "Send it back unused, and the whole price comes back to you.",
            "zh-CN": "未使用即可退回，货款全额退还。",
        },
    },
    "lantern": {
        "announcement": {
            "zh-CN": "满 399 元包邮 · 7 天无理由退换",
            "en": "Free delivery over ¥399. Seven days to return.",
        },
        "hero_eyebrow": {"zh-CN": "秋灯市集", "en": "The autumn lantern market"},
        "about": {"zh-CN": "杭州河坊街的一家小铺，灯亮到晚上九点。", "en": "A small shop in Hangzhou, lit until nine."},
        "returns_text": {"zh-CN": "未使用即可退，来回运费我们承担。", "en": "Unused goods come back at our cost."},
    },
}
# What each shop has switched on, with the settings that make it work.
PLUGINS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "shop.localhost": {
        "flat_rate": {},
        "pickup": {},
        "bank_transfer": {"holder": "Norrby Ltd", "account": "GB33 BUKB 2020 1555 5555 55", "bank": "Demo Bank"},
        "coupons": {},
        "tax_table": {},
        "search_sql": {},
        "product_content": {},
        "reviews": {},
        "pulse": {},
        "wishlist": {},
        "compare": {},
        "back_in_stock": {},
        "sale_prices": {},
        "documents": {
            "company": "Norrby Ltd",
            "address": "12 Shore Street\nEdinburgh EH6 6QW",
            "tax_id": "GB 123 4567 89",
            "footer": "Norrby Ltd · Demo Bank · GB33 BUKB 2020 1555 5555 55",
        },
        "risk": {"first_above": "GBP 400", "value_above": "GBP 900"},
        "seo": {},
        "pages": {},
    },
    "ji.localhost": {
        "flat_rate": {},
        "cash_on_delivery": {},
        "coupons": {},
        "search_whoosh": {},
        "sale_prices": {},
        "product_content": {},
        "reviews": {},
        "pulse": {},
        "wishlist": {},
        "compare": {},
        "back_in_stock": {},
        "documents": {
            "company": "杭州灯下集市商贸有限公司",
            "address": "河坊街 118 号\n浙江省杭州市 310002",
            "tax_id": "91330100DEMO000000",
            "footer": "本单据由灯下集市开具，谢谢惠顾。",
            "invoice_prefix": "FP-",
            "credit_prefix": "HT-",
        },
        "risk": {"first_above": "CNY 1500", "value_above": "CNY 3000"},
        "seo": {},
        "pages": {},
    },
}
# How each shop is paid, before or when the goods arrive, and its coupon.
WAYS: Mapping[str, Mapping[str, Any]] = {
    "shop.localhost": {"gateway": "bank_transfer", "pays_first": True, "code": "WELCOME10"},
    "ji.localhost": {"gateway": "cash_on_delivery", "pays_first": False, "code": "DENGXIA30"},
}
# What each shop sells for less: a name, per cent, from and until how many days from now, and an SKU of each product.
SALES: Mapping[str, tuple[tuple[Any, ...], ...]] = {
    "shop.localhost": (
        ("Warm things week", "15", -2, 5, "THROW-FJORD", "CUSHION-RUST", "SCARF-FJORD"),
        ("First Sunday of Advent", "10", 9, 10, "LANTERN-CHALK", "CANDLE-PLUM"),
    ),
    "ji.localhost": (
        ("秋灯周", "15", -2, 5, "LAMP-MINI-CHALK", "LANTERN-CHALK", "PENDANT-PINE"),
        ("双十二", "12", 9, 12, "MUG-FOG", "TEAPOT-CLAY", "TIN-RUST"),
    ),
}
