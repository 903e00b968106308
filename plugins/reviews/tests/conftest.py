"""The plugin on, a lamp that was sent to a buyer, and browsers of a shopper and of staff."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from core.api import Site, execute, micros, now, product_data_changed, ship_order, transaction, value
from core.testing.shop import PASSWORD, Item
from plugins.reviews.models import Review
from plugins.reviews.services.writers import link_ends, order_key

SAID = {"stars": "4", "title": "Warm light", "text": "Stands well.\nCable is short.", "name": "Mira", "language": "en"}


class Browser(Struct):
    """A browser on a site; pages come as their text without markup unless `raw`."""

    client: Any
    site: Site

    def get(self, path: str, status: int = 200, /, *, raw: bool = False) -> str:
        answer = self.client.get(path, base_url=f"https://{self.site.host}")
        assert answer.status_code == status, answer.text
        return str(answer.text) if raw else words(answer.text)

    def post(self, path: str, status: int = 303, /, **form: Any) -> str:
        origin = f"https://{self.site.host}"
        answer = self.client.post(path, data=form, base_url=origin, headers={"Origin": origin})
        assert answer.status_code == status, answer.text
        return words(answer.text) if status != 303 else str(answer.headers["Location"])

    def follow(self, path: str, /, **form: Any) -> str:
        """What the page says that a POST leads to."""
        return self.get(self.post(path, **form).partition("#")[0])


def words(page: str) -> str:
    body = re.sub(r"<(script|noscript)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


@pytest.fixture
def on(turn_on: Callable[..., None]) -> Callable[..., None]:
    turn_on("reviews")
    return lambda **settings: turn_on("reviews", **settings)


@pytest.fixture
def lamp(on: Any, sell: Callable[..., Item]) -> Item:
    return sell("LAMP", 8900, name="Lamp", stock=50)


@pytest.fixture
def bought(site: Site, order: Callable[..., Any]) -> Callable[..., int]:
    """`bought(lamp, "a@b.c", shopper=shopper)`: an order with it, on its way; answers its id."""

    def buy(item: Item, email: str = "mira@example.com", shopper: Any = None, *, sent: bool = True) -> int:
        placed = order(item, email=email)
        if shopper is not None:
            with transaction():
                execute("UPDATE orders SET shopper_id = ? WHERE id = ?", shopper.id, placed.id)
        if sent:
            ship_order(site, placed.id, actor="system")
        return int(placed.id)

    return buy


@pytest.fixture
def link_of(site: Site) -> Callable[..., str]:
    """The code of the link for an order, for sixty days."""
    return lambda order_id, days=60: order_key(site, order_id, link_ends(days))


@pytest.fixture
def guest(app: Any, site: Site) -> Browser:
    return Browser(app.test_client(), site)


@pytest.fixture
def mira(app: Any, site: Site, shopper: Any) -> Browser:
    """The shopper, logged in."""
    browser = Browser(app.test_client(), site)
    browser.post("/login", email=shopper.email, password=PASSWORD)
    return browser


@pytest.fixture
def panel(app: Any, site: Site, staff: Any) -> Browser:
    browser = Browser(app.test_client(), site)
    browser.post("/panel/login", email=staff.email, password=PASSWORD)
    return browser


@pytest.fixture
def said(site: Site, on: Any) -> Callable[..., int]:
    """`said(lamp, 5, text="Good")`: a review that is shown, of an author of its own; answers its id."""

    def say(item: Item, stars: int, *, days: int = 0, where: Site | None = None, **more: Any) -> int:
        at, on_site = now() - timedelta(days=days), where or site
        with transaction():
            made = Review.create(
                site_id=on_site.id, product_id=item.product_id, stars=stars, created_at=at, updated_at=at,
                **{
                    "author": f"import:{micros(at)}{value('SELECT COUNT(*) FROM reviews_review')}", "language": "en",
                    "state": "published", "looked_at": at, **more,
                },
            )  # fmt: skip
            product_data_changed(on_site, [item.product_id])
        return int(made.id)

    return say
