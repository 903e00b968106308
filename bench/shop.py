"""A shop to measure: every plugin on, delivery, taxes and a coupon, and as many products as wanted.

Runs as a program of its own, `python -m bench.shop COUNT`, on the instance that STOA_INSTANCE names; prints JSON.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from typing import Any

from PIL import Image

from bench.servers import HOST
from core.catalogue.services.categories import CategoryDraft, CategoryText, create_category
from core.catalogue.services.drafts import (
    AttributeDraft,
    ListingDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    ValueDraft,
    VariantDraft,
)
from core.catalogue.services.media import add_picture
from core.catalogue.services.products import save_products
from core.cli.boot import bar, boot
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.site_verbs import add_site
from core.kernel.switch import switch_on
from core.lib.errors import Refused
from core.lib.money import Money

# One engine searches; this is the one for shops of any size. The demo would add shops of its own.
LEFT_OUT = {"search_whoosh", "demo"}
_BATCH = 250
_THINGS = ("lamp", "chair", "kettle", "vase", "throw", "clock", "mug", "stool", "bottle", "shelf", "mirror", "basket")
_LOOKS = ("Round", "Tall", "Plain", "Woven", "Folding", "Little", "Heavy", "Quiet", "Northern", "Painted")
_COLOURS = ("red", "green", "blue", "sand", "ink", "chalk")
_SIZES = ("s", "m", "l")
_MATERIALS = ("steel", "oak", "glass", "wool", "clay", "linen", "brass", "paper")
_BODY = "<p>" + "Made by hand in small numbers, of stuff that lasts, and sold with everything it needs. " * 8 + "</p>"


def build(count: int) -> dict[str, Any]:
    """Make the shop in the empty installation; answers what it has and how fast products were stored."""
    made = boot()
    site = add_site(host=HOST, name="Bench", currency="EUR", country="DE", languages=["zh-CN"], email="shop@bench.test")
    on, refused = turn_everything_on(site)
    arrange(site)
    pictures = [add_picture(_picture(number), f"{number}.png", {"en": "Picture"}, "system") for number in range(8)]
    categories = _categories()
    began, cpu = time.perf_counter(), time.process_time()
    for start in range(0, count, _BATCH):
        drafts = [draft(number, categories, pictures) for number in range(start, min(start + _BATCH, count))]
        for saved in save_products(site, drafts, "system"):
            if isinstance(saved, Refused):
                raise saved
        bar(start + len(drafts), count, "products")
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    index = _index()
    assert made.sites.all()
    return {
        "products": count,
        "plugins": on,
        "refused": refused,
        "products_per_s": round(count / took, 1),
        "cpu_ms_per_product": round(spent * 1000 / count, 2),
        "index_s": round(index, 2),
        "categories": _addresses(site, "category", "/c/"),
        "pages": _addresses(site, "product", "/p/"),
    }


def _addresses(site: Site, kind: str, prefix: str) -> list[str]:
    """Some hundred addresses of a kind, spread over all."""
    found = db.rows(
        "SELECT path FROM slug WHERE site_id = ? AND language = ? AND kind = ? AND current = ? ORDER BY ref",
        site.id,
        site.language,
        kind,
        True,
    )
    return [prefix + row[0] for row in found[:: max(1, len(found) // 400)]]


def turn_everything_on(site: Site) -> tuple[list[str], list[str]]:
    """Switch on all plugins; answers those that are on, and those that refused."""
    on, refused = [], []
    for name in sorted(installation().plugins.loaded.keys() - LEFT_OUT):
        try:
            switch_on(site.id, name, "system", together=True)
            on.append(name)
        except Refused:
            refused.append(name)
    return on, refused


def arrange(site: Site) -> None:
    """Delivery, a tax and a coupon, by the plugins' own commands."""
    host = ["--site", site.host]
    for name, words in (
        ("flat_rate", [*host, "--title", "en=Standard", "--price", "EUR=4.90"]),
        ("tax_table", [*host, "--country", "DE", "--rate", "19", "--name", "VAT"]),
        ("coupons", [*host, "--code", "WELCOME10", "--percent", "10"]),
    ):
        with redirect_stdout(sys.stderr):
            installation().plugins.loaded[name].plugin.commands["add"](words)


def _index() -> float:
    """Build the search's index; the seconds it took."""
    began = time.perf_counter()
    with redirect_stdout(sys.stderr):
        installation().plugins.loaded["search_sql"].plugin.commands["rebuild"]([])
    return time.perf_counter() - began


def _categories() -> list[int]:
    """A dozen categories in three groups."""
    found = []
    for group in ("Living", "Kitchen", "Garden"):
        above = create_category(CategoryDraft(texts={"en": CategoryText(name=group)}), "system")
        for thing in _THINGS[len(found) : len(found) + 4]:
            text = CategoryText(name=f"{thing.title()}s")
            found.append(create_category(CategoryDraft(texts={"en": text}, parent_id=above), "system"))
    return found


def draft(number: int, categories: Sequence[int], pictures: Sequence[int]) -> ProductDraft:
    """The product of a number: a third of them in six variants, the others in one."""
    thing, look = number % len(_THINGS), _LOOKS[number // len(_THINGS) % len(_LOOKS)]
    material, maker = _MATERIALS[number // 7 % len(_MATERIALS)], f"maker-{number // 11 % 40}"
    name = f"{look} {material} {_THINGS[thing]} {number}"
    has_choice = number % 3 == 0
    return ProductDraft(
        texts={"en": TextDraft(name=name, summary=f"A {look.lower()} {_THINGS[thing]} of {material}", body_html=_BODY)},
        vendor=maker.title(),
        options=_options() if has_choice else (),
        variants=tuple(_variants(number, has_choice=has_choice)),
        attributes=(_attribute("material", material), _attribute("maker", maker)),
        category_ids=(categories[thing],),
        media_ids=(pictures[number % 8], pictures[(number + 3) % 8], pictures[(number + 5) % 8]),
        listing=ListingDraft(visible=True, position=number),
    )


def _options() -> tuple[OptionDraft, ...]:
    colours, sizes = _COLOURS[:2], _SIZES
    return (
        OptionDraft(code="colour", names={"en": "Colour"}, values=tuple(_value(colour) for colour in colours)),
        OptionDraft(code="size", names={"en": "Size"}, values=tuple(_value(size) for size in sizes)),
    )


def _variants(number: int, *, has_choice: bool) -> Iterator[VariantDraft]:
    prices = (PriceDraft(amount=Money(900 + number * 37 % 20_000, "EUR")),)
    choices = [{"colour": colour, "size": size} for colour in _COLOURS[:2] for size in _SIZES] if has_choice else [{}]
    for place, values in enumerate(choices):
        yield VariantDraft(
            sku=f"B{number}-{place}", values=values, prices=prices, tracked=True, stock=1_000_000, weight_g=800
        )


def _attribute(code: str, value: str) -> AttributeDraft:
    return AttributeDraft(code=code, names={"en": code.title()}, filterable=True, values=(_value(value),))


def _value(code: str) -> ValueDraft:
    return ValueDraft(code=code, names={"en": code.title()})


def _picture(number: int) -> bytes:
    """A plain picture, each in a colour of its own."""
    written = io.BytesIO()
    Image.new("RGB", (1200, 1200), (30 * number, 90, 200 - 20 * number)).save(written, "PNG")
    return written.getvalue()


if __name__ == "__main__":
    print(json.dumps(build(int(sys.argv[1]))))
