"""Seeds the two demo shops from goods.toml and the pictures."""

from __future__ import annotations

import argparse
import random
import socket
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.api import (
    CategoryDraft,
    CategoryText,
    ListingDraft,
    Money,
    NotFound,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    Refused,
    ReturnRules,
    Site,
    TextDraft,
    ValueDraft,
    VariantDraft,
    add_picture,
    add_site,
    create_category,
    freeze,
    in_haste,
    now,
    save_plugin_settings,
    save_products,
    say,
    set_about,
    set_return_rules,
    site_by_host,
    state_of,
    switch_on,
    token,
)
from plugins.demo.services import extras
from plugins.demo.services.days import Begun, live
from plugins.demo.services.orders import DAYS, Shop, ordinary
from plugins.demo.services.pages import seed_pages
from plugins.demo.services.people import people_of, staff_of
from plugins.demo.services.reviews import seed_reviews
from plugins.demo.services.stories import stories

HERE = Path(__file__).parents[1]
ACTOR = "plugin:demo"
Goods = Mapping[str, Any]
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
_SEED = 20
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


def seed(words: list[str]) -> int:
    """Make the two shops, unless they are there already: `./stoa demo seed [--days 60]`.

    Answers the command's exit code. Commits, product by product.
    """
    options = _options(words)
    try:
        site_by_host("shop.localhost")
    except NotFound:
        with in_haste():
            shops, password = _made(max(0, min(DAYS, options.days)))
        for shop in shops:
            # Only now: of what happened long ago nobody is told.
            _switch_on(shop.site, {"mail": {}})
        _show(shops, password)
        if not options.at_start and not _answers(urlsplit(shops[0].site.origin).port or 80):
            sys.stdout.write("No server answers there now: ./stoa run serves them, with --port at another port.\n")
    return 0


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _made(days: int) -> tuple[list[Shop], str]:
    """The shops with their goods, people and past, and the password of those whose accounts can be looked at."""
    data, password, today = tomllib.loads((HERE / "goods.toml").read_text("utf-8")), token(), now()
    with freeze(today - timedelta(days=days + 1)):
        sites = _sites()
        _furnish(sites, data)
        shops = [_opened(site, password) for site in sites]
    for refusal in live(_past(shops, days), today):
        sys.stderr.write(f"An order of the demo ended early: {say(refusal)}\n")
    for place, shop in enumerate(shops):
        chance = random.Random(_SEED + place)  # noqa: S311 -- a demo that looks the same every time
        extras.wishes(shop.site, shop.people, data["goods"], chance)
        extras.waits(shop.site, shop.people, data["goods"])
        extras.visits(shop.site, data["goods"], today, days, chance)
        _put_on_sale(shop.site, today)
    seed_reviews(sites)
    seed_pages(sites)
    return shops, password


def _furnish(sites: tuple[Site, Site], data: Goods) -> None:
    """Plugins, goods and what stands beside them, as they were when the shops opened."""
    english, chinese = sites
    for site in sites:
        _switch_on(site, PLUGINS[site.host])
    for plugin, *words in COMMANDS:
        extras.tell(plugin, "add", *words)
    pictures = _pictures(data["goods"], data["categories"], data["colours"])
    categories = _categories(data["categories"], pictures)
    _save(english, [_draft(goods, data, categories, pictures) for goods in data["goods"]])
    _save(chinese, [_priced(goods, "cny", "CNY") for goods in data["goods"]])
    for site in sites:
        extras.beside_goods(site, data["goods"])


def _put_on_sale(site: Site, today: datetime) -> None:
    """A sale that runs, and one that will."""
    for name, percent, first, last, *skus in SALES[site.host]:
        times = ((today + timedelta(days=days)).date().isoformat() for days in (first, last))
        begins, ends = times
        extras.tell(
            "sale_prices", "add", "--site", site.host, "--name", name, "--percent", percent, "--from", begins,
            "--until", ends, *skus,
        )  # fmt: skip


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stoa demo seed", description="Make the two demo shops.")
    parser.add_argument("--days", type=int, default=DAYS, help=f"days of orders behind them ({DAYS})")
    parser.add_argument("--at-start", action="store_true", help="by ./stoa run, which serves them at once")
    return parser.parse_args(words)


def _opened(site: Site, password: str) -> Shop:
    """The shop with its people, as it was on the first of its days."""
    words = tomllib.loads((HERE / "stories.toml").read_text("utf-8"))[site.host.partition(".")[0]]
    return Shop(
        state=state_of(site.id), people=people_of(site, password), staff=staff_of(site), words=words,
        **WAYS[site.host],
    )  # fmt: skip


def _past(shops: list[Shop], days: int) -> Iterator[Begun]:
    for place, shop in enumerate(shops):
        chance = random.Random(_SEED + place)  # noqa: S311 -- a demo that looks the same every time
        for one in (*ordinary(shop, chance, now()), *stories(shop, now())):
            if one.at > now() - timedelta(days=days):
                yield one


def _show(shops: list[Shop], password: str) -> None:
    """Whose accounts can be looked at; what `./stoa run` says of the panel's owner stands below."""
    logins = [f"  {'Shopper login':<13} {shop.people[0].email}   ({shop.site.origin}/account)" for shop in shops]
    sys.stdout.write("\n".join(["", *logins, f"  {'Password':<13} {password}   (of both; shown once)", ""]))
    sys.stdout.flush()


def _sites() -> tuple[Site, Site]:
    english = add_site(
        host="shop.localhost",
        name="Norrby",
        theme="plain",
        language="en",
        languages=["zh-CN"],
        currency="GBP",
        country="GB",
        timezone="Europe/London",
        email="hello@norrby.example",
        actor=ACTOR,
    )
    set_return_rules(
        english, ReturnRules(window_days=30, send_to="Norrby Returns\n12 Shore Street\nEdinburgh EH6 6QW"), actor=ACTOR
    )
    set_about(english.id, {"theme": {"plain": WORDS["plain"]}}, ACTOR)
    chinese = add_site(
        host="ji.localhost",
        name="灯下集市",
        theme="lantern",
        language="zh-CN",
        languages=["en"],
        currency="CNY",
        country="CN",
        timezone="Asia/Shanghai",
        email="zhanggui@dengxia.example",
        actor=ACTOR,
    )
    set_return_rules(
        chinese, ReturnRules(window_days=7, send_to="浙江省杭州市河坊街 118 号\n灯下集市 退货组\n310002"), actor=ACTOR
    )
    set_about(chinese.id, {"theme": {"lantern": WORDS["lantern"]}}, ACTOR)
    return english, chinese


def _switch_on(site: Site, plugins: Mapping[str, Mapping[str, str]]) -> None:
    """What is not installed is left out: the demo needs no other plugin."""
    for name, settings in plugins.items():
        try:
            switch_on(site.id, name, ACTOR)
        except NotFound:
            continue
        if settings:
            save_plugin_settings(site.id, name, settings, ACTOR, site.currency)


def _pictures(goods: list[Goods], categories: list[Goods], colours: Goods) -> dict[str, int]:
    """Media ids by picture name, with the words for those who do not see them."""
    said = {category["picture"]: (category["en"], category["zh"]) for category in categories}
    for one in goods:
        for name in one["pictures"]:
            said[name] = (one["en"], one["zh"])
        for colour in one["colours"]:
            said[f"{one['form']}-{colour}"] = (
                f"{one['en']}, {colours[colour]['en'].lower()}",
                f"{one['zh']}，{colours[colour]['zh']}",
            )
    return {
        name: add_picture(
            (HERE / "static" / "pictures" / f"{name}.webp").read_bytes(),
            f"{name}.webp",
            {"en": words[0], "zh-CN": words[1]},
            ACTOR,
            is_ours=True,
        )
        for name, words in said.items()
        if (HERE / "static" / "pictures" / f"{name}.webp").exists()
    }


def _categories(categories: list[Goods], pictures: Mapping[str, int]) -> dict[str, int]:
    return {
        one["code"]: create_category(
            CategoryDraft(
                texts={"en": CategoryText(name=one["en"]), "zh-CN": CategoryText(name=one["zh"])},
                code=one["code"],
                position=position,
                media_id=pictures.get(one["picture"]),
            ),
            ACTOR,
        )
        for position, one in enumerate(categories)
    }


def _draft(goods: Goods, data: Goods, categories: Mapping[str, int], pictures: Mapping[str, int]) -> ProductDraft:
    """The whole product, priced in pounds."""
    names = [*(f"{goods['form']}-{colour}" for colour in goods["colours"]), *goods["pictures"]]
    colours = tuple(
        ValueDraft(
            names={"en": data["colours"][c]["en"], "zh-CN": data["colours"][c]["zh"]},
            code=c,
            swatch=data["colours"][c]["hex"],
        )
        for c in goods["colours"]
    )
    return ProductDraft(
        texts={
            "en": TextDraft(
                name=goods["en"], summary=goods["kind_en"], body_html=_body(goods["lead_en"], goods["body_en"])
            ),
            "zh-CN": TextDraft(
                name=goods["zh"], summary=goods["kind_zh"], body_html=_body(goods["lead_zh"], goods["body_zh"])
            ),
        },
        options=(OptionDraft(names={"en": "Colour", "zh-CN": "颜色"}, values=colours, code="colour"),),
        variants=tuple(_variants(goods, "gbp", "GBP", pictures)),
        category_ids=(categories[goods["category"]],),
        media_ids=tuple(pictures[name] for name in names if name in pictures),
        listing=ListingDraft(visible=True),
    )


def _priced(goods: Goods, key: str, currency: str) -> ProductDraft:
    """The same product with prices in another currency, on another site."""
    return ProductDraft(
        variants=tuple(_variants(goods, key, currency, None)), listing=ListingDraft(visible=True), whole=False
    )


def _variants(goods: Goods, key: str, currency: str, pictures: Mapping[str, int] | None) -> Iterator[VariantDraft]:
    """One variant per colour.

    Only the first save (with pictures) says what belongs to the variant rather than to a site.
    """
    was = Money(goods[f"{key}_was"], currency) if goods[f"{key}_was"] else None
    price = PriceDraft(amount=Money(goods[key], currency), was=was)
    for number, colour in enumerate(goods["colours"]):
        sku = f"{goods['key']}-{colour}".upper()
        if pictures is None:
            yield VariantDraft(sku=sku, prices=(price,))
            continue
        yield VariantDraft(
            sku=sku,
            values={"colour": colour},
            prices=(price,),
            tracked=True,
            stock=max(goods["stock"] - number * 3, 0),
            weight_g=goods["weight_g"],
            media_id=pictures.get(f"{goods['form']}-{colour}"),
        )


def _body(lead: str, text: str) -> str:
    return f"<p>{lead}</p><p>{text}</p>"


def _save(site: Site, drafts: list[ProductDraft]) -> None:
    """All or an error: a demo with holes would mislead."""
    for result in save_products(site, drafts, ACTOR):
        if isinstance(result, Refused):
            raise result
