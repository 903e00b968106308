"""What the shops' plugins know of: facts beside the goods, wishes, waits, and who came by. Each by its command."""

from __future__ import annotations

import csv
import io
import json
import random
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from core.api import NotFound, Site, run_plugin_command
from plugins.demo.services.people import Person

HERE = Path(__file__).parents[1]
Goods = Mapping[str, Any]


def tell(plugin: str, command: str, *words: str) -> None:
    """Run a plugin's command without its words; a plugin that is not there is told nothing. Commits.

    All or an error: a demo with holes would mislead.
    """
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            failed = run_plugin_command(plugin, command, list(words))
    except NotFound:
        return
    if failed:
        raise ValueError(f"{plugin} {command}: {said.getvalue()}")


def _told_by_file(plugin: str, site: Site, name: str, text: str, beside: Iterable[Path] = ()) -> None:
    """The command `import` with a file of this text, and others beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, "utf-8")
        for one in beside:
            (Path(folder) / one.name).write_bytes(one.read_bytes())
        tell(plugin, "import", str(path), "--site", site.host)


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def first_sku(goods: Goods) -> str:
    """The SKU of its first colour, which stands for the product."""
    return f"{goods['key']}-{goods['colours'][0]}".upper()


# -- beside the goods --------------------------------------------------------------------------------------------------


def beside_goods(site: Site, goods: Sequence[Goods]) -> None:
    """Facts, sizes, notes and what goes with what. Commits, product by product."""
    content = tomllib.loads((HERE / "content.toml").read_text("utf-8"))
    skus = {one["key"]: first_sku(one) for one in goods}
    notes = HERE / "static" / "notes"
    products = [_content(key, sku, content, skus, site) for key, sku in skus.items()]
    _told_by_file("product_content", site, "content.json", json.dumps(products), notes.glob("*.txt"))


def _content(key: str, sku: str, content: Goods, skus: Mapping[str, str], site: Site) -> dict[str, Any]:
    found: dict[str, Any] = {
        "sku": sku,
        "specs": _facts(content["facts"].get(key, "")),
        "related": {"similar": [skus[one] for one in content["related"].get(key, ())]},
        "files": [
            {"path": f"{name}-{tag.partition('-')[0]}.txt", "title": content["note_titles"][name][place],
             "language": tag}
            for name, keys in content["notes"].items()
            if key in keys
            for place, tag in enumerate(("en", "zh-CN"))
            if tag in site.languages
        ],
    }  # fmt: skip
    if sizes := content["sizes"].get(key):
        found["sizes"] = {
            tag: {"table": sizes[short].strip(), "note": sizes[f"{short}_note"]}
            for tag, short in (("en", "en"), ("zh-CN", "zh"))
        }
    return found


def _facts(text: str) -> dict[str, str]:
    """`Material | Oak | 材质 | 橡木` line by line, as each language's table."""
    rows = [line.split(" | ") for line in text.strip().splitlines()]
    return {"en": "\n".join("\t".join(row[:2]) for row in rows), "zh-CN": "\n".join("\t".join(row[2:]) for row in rows)}


# -- people ------------------------------------------------------------------------------------------------------------


def wishes(site: Site, people: Sequence[Person], goods: Sequence[Goods], chance: random.Random) -> None:
    """Most people keep something for later. Commits, person by person."""
    for person in people[: len(people) - 2]:
        some = chance.sample(goods, k=chance.randrange(2, 6))
        tell("wishlist", "keep", "--site", site.host, person.email, *map(first_sku, some))


def waits(site: Site, people: Sequence[Person], goods: Sequence[Goods]) -> None:
    """Some wait for what is sold out. Commits."""
    gone = [f"{one['key']}-{colour}".upper() for one in goods if not one["stock"] for colour in one["colours"]]
    rows = [
        (sku, person.email, site.language)
        for place, sku in enumerate(gone)
        for person in people[place * 2 : place * 2 + 4 - place]
    ]
    _told_by_file("back_in_stock", site, "waits.csv", _table(("sku", "email", "language"), rows))


# -- who came by -------------------------------------------------------------------------------------------------------

# Of a hundred visits, how many see a kind of page, and how many pages of it each.
_PAGES = {
    "home": (52, 1.3), "category": (44, 2.1), "product": (71, 2.6), "search": (17, 1.7), "cart": (12, 1.6),
    "checkout": (6, 1.8), "confirmation": (3, 1.0), "other": (9, 1.2),
}  # fmt: skip
# From Monday on: Sunday evenings are long, and Fridays people have other things to do.
_WEEK = (0.92, 0.9, 0.97, 1.0, 0.84, 1.12, 1.32)
_WORDS = {
    "en": ("lamp", "mug", "wool throw", "teapot", "gift", "green lamp", "scarf", "tray", "standing desk", "curtains",
           "gift card", "oven dish"),
    "zh-CN": ("台灯", "马克杯", "毛毯", "茶壶", "礼物", "围巾", "花瓶", "茶盘", "窗帘", "礼品卡", "升降桌", "筷子"),
}  # fmt: skip
# What the shops do not have, or call otherwise: a merchant finds it under Searches.
_IN_VAIN = {"standing desk", "curtains", "gift card", "oven dish", "窗帘", "礼品卡", "升降桌", "筷子"}
_HOSTS = {
    "en": ("duckduckgo.com", "google.com", "bing.com", "pinterest.com", "leithletter.example"),
    "zh-CN": ("baidu.com", "xiaohongshu.com", "douban.com", "zhihu.com", "weixin.qq.com"),
}


def visits(site: Site, goods: Sequence[Goods], today: datetime, back: int, chance: random.Random) -> None:
    """Pages and what belongs to them, day by day with the shape of a week, a little more towards today. Commits."""
    days = (today.date() - timedelta(days=one) for one in range(back, -1, -1))
    rows = [row for number, day in enumerate(days) for row in _day(site, goods, day, number / max(1, back), chance)]
    _told_by_file("pulse", site, "days.csv", _table(("day", "what", "name", "views", "visits"), rows))


def _day(
    site: Site, goods: Sequence[Goods], day: date, progress: float, chance: random.Random
) -> Iterator[tuple[str, str, str, int, int]]:
    people = int((64 + 38 * progress) * _WEEK[day.weekday()] * chance.uniform(0.88, 1.14))
    written, views = day.isoformat(), 0
    for kind, (share, pages) in _PAGES.items():
        came = max(1, int(people * share / 100 * chance.uniform(0.85, 1.15)))
        views += int(came * pages)
        yield written, "page", kind, int(came * pages), came
    yield written, "page", "", views, people
    phones = int(people * chance.uniform(0.58, 0.66))
    yield written, "device", "phone", int(views * 0.58), phones
    yield written, "device", "desk", views - int(views * 0.58), people - phones
    other = people // 11
    yield written, "language", site.languages[0], views - other * 3, people - other
    yield written, "language", site.languages[-1], other * 3, other
    for place, host in enumerate(_HOSTS[site.language]):
        yield written, "host", host, (came := int(people * chance.uniform(0.5, 1.0) / (4 + place * 2))), came
    for word in chance.sample(_WORDS[site.language], k=5):
        times = chance.randrange(1, 6)
        yield written, "words", word, times, times if word in _IN_VAIN else 0
    for one in chance.sample(goods, k=12):
        yield written, "product", first_sku(one), chance.randrange(2, 15), 0
