"""Seeds the two demo shops: their sites, plugins and goods, then their past."""

from __future__ import annotations

import random
import socket
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.api import (
    NotFound,
    ReturnRules,
    Site,
    add_site,
    command_line,
    freeze,
    in_haste,
    now,
    save_plugin_settings,
    say,
    set_about,
    set_return_rules,
    site_by_host,
    state_of,
    switch_on,
    token,
)
from plugins.demo.services import extras
from plugins.demo.services.chosen import COMMANDS, PLUGINS, SALES, WAYS, WORDS
from plugins.demo.services.days import Begun, live
from plugins.demo.services.goods import ACTOR, HERE, Goods, put_up
from plugins.demo.services.orders import DAYS, Shop, ordinary
from plugins.demo.services.pages import seed_pages
from plugins.demo.services.people import people_of, staff_of
from plugins.demo.services.reviews import seed_reviews
from plugins.demo.services.stories import stories

if TYPE_CHECKING:
    from argparse import Namespace

_SEED = 20


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
    put_up(english, chinese, data)
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


def _options(words: list[str]) -> Namespace:
    parser = command_line("demo seed", "Make the two demo shops.")
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
