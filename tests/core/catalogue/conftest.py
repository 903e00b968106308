"""Two sites on a fresh installation, and goods to put on their shelves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.app import assemble
from core.catalogue.services import save_product
from core.catalogue.services.drafts import ProductDraft
from core.catalogue.services.product_words import wrong_words
from core.hookspecs.promote import PriceQuery, PromotedPrice
from core.hookspecs.site import Site
from core.kernel import config, db, jobs
from core.kernel.installation import installation
from core.kernel.site_verbs import add_site
from core.kernel.switch import switch_on
from core.lib import clock
from core.lib.money import Money
from tests.core.catalogue.goods import STAFF, simple

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Make = Callable[..., int]


@pytest.fixture
def sites(instance: Path) -> tuple[Site, Site]:
    """Two sites that share the company's products: euro and dollar in English and Chinese; yuan in Chinese."""
    assemble(config.load(instance), services=("core.catalogue.services",))
    first = add_site(host="one.test", name="One", currency="EUR", currencies=["USD"], languages=["zh-CN"])
    return first, add_site(host="two.test", name="Two", language="zh-CN", currency="CNY")


@pytest.fixture
def shop(sites: tuple[Site, Site]) -> Site:
    return sites[0]


@pytest.fixture
def other(sites: tuple[Site, Site]) -> Site:
    return sites[1]


@pytest.fixture
def noon() -> Iterator[clock.Frozen]:
    """The clock stands at noon until the test moves it."""
    with clock.freeze(NOON) as frozen:
        yield frozen


@pytest.fixture
def make(shop: Site) -> Make:
    """`make(draft)` or `make("Lamp", "LAMP", price="12")`: the id of a product on the first site."""

    def save(draft: ProductDraft | str, *rest: Any, **more: Any) -> int:
        wanted = simple(draft, *rest, **more) if isinstance(draft, str) else replace(draft, **more)
        return save_product(shop, wanted, STAFF).product_id

    return save


class Promoter:
    """Stands where a promotions plugin would: `percent` off everything of these products, until `until`."""

    def __init__(self) -> None:
        self.percent: dict[int, int] = {}
        self.until: datetime | None = None
        self.asked: list[PriceQuery] = []

    def answers(self, queries: list[PriceQuery]) -> dict[PriceQuery, PromotedPrice]:
        self.asked += queries
        return {
            query: PromotedPrice(
                amount=Money(
                    query.list_price.amount * (100 - self.percent[query.product_id]) // 100, query.list_price.currency
                ),
                until=self.until,
            )
            for query in queries
            if query.product_id in self.percent
        }


@pytest.fixture
def promoter(shop: Site, monkeypatch: pytest.MonkeyPatch) -> Promoter:
    """Price promotions on the first site."""
    promoter = Promoter()
    hooks = installation().sites.by_id(shop.id).hooks
    asked = hooks.answering

    def promote(*, site: Site, queries: list[PriceQuery]) -> dict[str, dict[PriceQuery, PromotedPrice]]:
        assert site.id == shop.id
        assert not db.in_transaction()
        return {"promoter": promoter.answers(queries)}

    monkeypatch.setattr(hooks, "answering", lambda name: ["promoter"] if name == "promote_prices" else asked(name))
    monkeypatch.setitem(hooks.__dict__, "promote_prices", promote)
    return promoter


STARS = '''"""Says of products what a test tells it to."""
from core.api import Data, Plugin, hookimpl

PLUGIN = Plugin(name="stars", version="1.0.0", title="Stars")
SAYS, ASKED, BEFORE = {}, [], []


@hookimpl
def site_data(site, kind, objects):
    ASKED.append((site.key, kind, tuple(objects)))
    answers = {one: Data(**SAYS[one]) for one in objects if one in SAYS}
    for function in BEFORE:
        function()
    return answers
'''


class Stars:
    """A plugin that answers `site_data`; off until the test switches it on."""

    def __init__(self) -> None:
        self.module = sys.modules["plugins.stars.plugin"]
        for kept in (self.module.SAYS, self.module.ASKED, self.module.BEFORE):
            kept.clear()

    def says(self, product_id: int, mean: float, count: int, **more: Any) -> None:
        """From the next question on."""
        self.module.SAYS[product_id] = {"values": {"rating": mean, "rating_count": count}, **more}

    @property
    def asked(self) -> list[tuple[str, str, tuple[int, ...]]]:
        return list(self.module.ASKED)


@pytest.fixture
def stars(request: pytest.FixtureRequest, instance: Path) -> Stars:
    """The plugin, dropped into the installation's folder and switched on on the first site."""
    first: Site = request.getfixturevalue("site" if "site" in request.fixturenames else "shop")
    folder = instance / "plugins" / "stars"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "plugin.py").write_text(STARS, "utf-8")
    switch_on(first.id, "stars", "system")
    jobs.run_due()
    return Stars()


@pytest.fixture(autouse=True)
def products_are_found_by_their_words(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does to products: what the panel looks for texts in is what they are called."""
    if "instance" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("instance")
    yield
    assert wrong_words() == []
