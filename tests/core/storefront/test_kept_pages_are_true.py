"""Whatever is changed, in whatever order, a kept page is what a process that keeps nothing would show.

Two applications on one database: one keeps pages, pieces and rules through all changes, the other starts anew before
each look. A change is a verb as staff, plugins and shoppers use it, drawn at random from a seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.app import create_app
from core.catalogue.services.categories import place_products, set_category_on_site
from core.catalogue.services.drafts import PriceDraft
from core.catalogue.services.products import archive_product, restore_product, set_prices
from core.catalogue.services.stock_counts import count_stock
from core.hookspecs.site import Site
from core.kernel import cache, db
from core.kernel.fragments import Fragments
from core.kernel.installation import Installation, install, installation
from core.kernel.site_verbs import edit_site
from core.kernel.switch import save_settings, switch_off, switch_on
from core.lib import clock as shop_clock
from core.lib.money import Money

ORIGIN = "http://shop.test"
ON = (
    "flat_rate", "product_content", "pulse", "reviews", "sale_prices", "search_sql", "seo", "wishlist", "compare",
    "pages",
)  # fmt: skip
PAGES = (
    "/",
    "/c/lighting",
    "/c/lighting?sort=cheapest",
    "/p/dome-lamp",
    "/p/dome-lamp?v=LAMP-GREEN-L",
    "/p/stool",
    "/zh-cn/p/dome-lamp",
    "/zh-cn/",
    "/guides/notes",
    "/guides",
)


class Shop:
    """The two applications, the goods, and the verbs that change them."""

    def __init__(self, site: Site, keeping: Any, instance: Path, clock: Any, goods: dict[str, int]) -> None:
        self.site, self.clock, self.goods = site, clock, goods
        self.keeping, self.keeper = keeping, installation()
        self.fresh = create_app(instance, page_cache=False)
        self.forgetter = installation()
        install(self.keeper)
        self.prices = {"LAMP-RED-S": 6900, "LAMP-GREEN-S": 7900, "STOOL": 4900}

    def differences(self, pages: tuple[str, ...]) -> list[str]:
        """The pages that are not what they would be; each is looked at twice, so that it comes from what is kept."""
        return [
            f"{page} in {currency}"
            for page in pages
            for currency in ("EUR", "USD")
            if self._twice(page, currency) != self._anew(page, currency)
        ]

    def _twice(self, page: str, currency: str) -> str:
        self._look(self.keeping, self.keeper, page, currency)
        return self._look(self.keeping, self.keeper, page, currency)

    def _anew(self, page: str, currency: str) -> str:
        self.forgetter.sites.at(-1)
        self.forgetter.fragments = Fragments(1 << 20, cache.Versions())
        return self._look(self.fresh, self.forgetter, page, currency)

    def _look(self, app: Any, of: Installation, page: str, currency: str) -> str:
        install(of)
        try:
            answer = app.test_client().get(page, base_url=ORIGIN, headers={"Cookie": f"currency={currency}"})
        finally:
            install(self.keeper)
        return f"{answer.status_code} {re.sub(r'[0-9a-f]{16}', '', answer.text)}"

    # -- changes -------------------------------------------------------------------------------------------------------

    def reprice(self, chance: random.Random) -> None:
        sku = chance.choice(sorted(self.prices))
        self.prices[sku] += chance.randint(1, 500)
        amount = Money(self.prices[sku], "EUR")
        later = shop_clock.now() + timedelta(minutes=chance.randint(1, 90))
        now = PriceDraft(amount=amount, was=chance.choice([None, Money(amount.amount + 1000, "EUR")]))
        drafts = [now, PriceDraft(amount=Money(amount.amount - 100, "EUR"), starts=later)]
        set_prices(self.site, self._variant(sku), tuple(drafts[: chance.randint(1, 2)]), "system")

    def count(self, chance: random.Random) -> None:
        sku = chance.choice(sorted(self.prices))
        location = db.value("SELECT id FROM location ORDER BY id LIMIT 1")
        count_stock(self._variant(sku), location, chance.choice([0, 1, 3, 40]), "count", "system")

    def put_away(self, chance: random.Random) -> None:
        product = self.goods[chance.choice(["stool", "bench"])]
        gone = db.value("SELECT deleted_at FROM product WHERE id = ?", product)
        (restore_product if gone else archive_product)(product, "system")

    def hide(self, chance: random.Random) -> None:
        visible, position = chance.random() < 0.7, chance.randint(0, 5)
        set_category_on_site(self.site, self.goods["lighting"], visible=visible, position=position, actor="system")

    def place(self, chance: random.Random) -> None:
        among = [self.goods[name] for name in ("stool", "bench", "lamp")]
        place_products(self.goods["lighting"], chance.sample(among, chance.randint(1, 3)), "system")

    def switch(self, chance: random.Random) -> None:
        name = chance.choice(ON)
        is_on = db.value("SELECT state FROM site_plugin WHERE site_id = ? AND name = ?", self.site.id, name) == "on"
        if is_on:
            switch_off(self.site.id, name, "system")
        else:
            switch_on(self.site.id, name, "system", together=True)

    def set_up(self, chance: random.Random) -> None:
        form = {"fall_back": chance.choice(["", "on"]), "most": str(chance.choice([4, 6, 8]))}
        save_settings(self.site.id, "product_content", form, "system", "EUR")

    def rename_site(self, chance: random.Random) -> None:
        edit_site(self.site.id, {"name": f"Shop {chance.randint(1, 99)}"}, "system")

    def deliver_for(self, chance: random.Random) -> None:
        price = f"EUR={chance.randint(1, 9)}.{chance.randint(10, 99)}"
        command = installation().plugins.loaded["flat_rate"].plugin.commands["add"]
        command(["--site", self.site.host, "--title", f"en=Post {price}", "--price", price, "--days", "2-4"])

    def write(self, chance: random.Random) -> None:
        """A guide with goods in it: written anew, planned, ended, hidden or shown, in a menu or not."""
        pages: Any = installation().plugins.loaded["pages"].module
        editing, publishing, shapes = pages.importing.editing, pages.publishing, pages.importing.editing.shapes
        goods = chance.sample([self.goods["lamp"], self.goods["stool"], self.goods["bench"]], 2)
        block = shapes.block("pages.products", {"products": goods, "title": f"Chosen {chance.randint(1, 99)}"})
        content = {**shapes.blank(), "title": f"Notes {chance.randint(1, 99)}", "slug": "notes", "blocks": [block]}
        if "guide" not in self.goods:
            whole = editing.Whole(kind="guide", texts={"en": content}, settings={"header": 1})
            [self.goods["guide"]] = editing.create_whole(self.site, [whole], actor="system", publish=True)
            return
        guide = self.goods["guide"]
        if chance.random() < 0.3:
            shown = chance.random() < 0.7
            publishing.set_shown(self.site, guide, shown=shown, actor="system")
            return
        later = shop_clock.now() + timedelta(minutes=chance.randint(1, 60))
        wanted = shapes.Wanted(
            content=content,
            kind="guide",
            publish_at=chance.choice([None, later]),
            unpublish_at=chance.choice([None, later + timedelta(minutes=30)]),
            header=chance.random() < 0.5,
            footer=chance.random() < 0.5,
        )
        version = editing.texts_of(self.site, guide)["en"].version
        editing.publish(self.site, guide, "en", wanted, version, actor="system")

    def wait(self, chance: random.Random) -> None:
        self.clock.move(minutes=chance.choice([1, 20, 45]))

    def _variant(self, sku: str) -> int:
        return int(db.value("SELECT id FROM variant WHERE sku = ?", sku))


CHANGES: tuple[Callable[[Shop, random.Random], None], ...] = (
    Shop.reprice,
    Shop.count,
    Shop.put_away,
    Shop.hide,
    Shop.place,
    Shop.switch,
    Shop.set_up,
    Shop.rename_site,
    Shop.deliver_for,
    Shop.write,
    Shop.wait,
)


@pytest.fixture
def shop(site: Site, app: Any, instance: Path, clock: Any, lamp: int, sell: Callable[..., Any]) -> Iterator[Shop]:
    edit_site(site.id, {"currencies": ["USD"]}, "system")
    for name in ON:
        switch_on(site.id, name, "system", together=True)
    goods = {"lamp": lamp, "stool": sell("STOOL", 4900, stock=4, name="Stool").product_id}
    goods["bench"] = sell("BENCH", 9900, stock=1, name="Bench").product_id
    goods["lighting"] = db.value("SELECT id FROM category ORDER BY id LIMIT 1")
    place_products(goods["lighting"], [lamp, goods["stool"], goods["bench"]], "system")
    yield Shop(site, app, instance, clock, goods)
    install(installation())


@pytest.mark.parametrize(
    ("seed", "changes"),
    [(1, 12), *(pytest.param(seed, 150, marks=pytest.mark.slow) for seed in range(2, 8))],
)
def test_after_every_change_each_page_is_what_it_would_be_anew(shop: Shop, seed: int, changes: int) -> None:
    chance = random.Random(seed)
    told = []
    assert shop.differences(PAGES) == []
    for number in range(changes):
        change = CHANGES[number] if number < len(CHANGES) else chance.choice(CHANGES)
        change(shop, chance)
        told.append(change.__name__)
        looked_at = PAGES if changes > 12 else tuple(chance.sample(PAGES, 3))
        assert shop.differences(looked_at) == [], f"after {told}"


def test_a_verb_that_touches_nothing_is_found_out(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted mistake: prices change, and nobody says so."""
    shop.differences(("/p/stool",))
    with db.transaction():
        db.execute("UPDATE price SET amount = amount + 1 WHERE variant_id = ?", shop._variant("STOOL"))
    assert "/p/stool in EUR" in shop.differences(("/p/stool",))
