"""What a shopper reads of goods that are not there: on the product, in the cart, on the order, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from core.cart.services.holds import set_hold_minutes
from core.catalogue.services.stock_kits import set_kit
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock as shop_clock

from .conftest import Visitor

DAY = datetime(2099, 3, 20, tzinfo=UTC)


@pytest.fixture
def jar(site: Site, sell: Callable[..., object]) -> int:
    """A jar of which two are there."""
    sell("JAR", 1200, stock=2, name="Tea jar")
    return int(db.value("SELECT id FROM variant WHERE sku = 'JAR'"))


def add(visitor: Visitor, variant: int, quantity: int = 1) -> str:
    visitor.post("/cart/add", {"product": "tea-jar", "variant": str(variant), "quantity": str(quantity)})
    return visitor.get("/cart").text


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_backorder_says_its_day_everywhere(
    visitor: Visitor, site: Site, jar: int, fill: Callable[..., dict[str, str]]
) -> None:
    set_stock_terms(site, jar, StockTerms(backorder_limit=5, promised_at=DAY), "staff:1")
    assert "In stock" in visitor.get("/p/tea-jar").text
    assert "2 leave now, the others from 20 Mar 2099 on." in add(visitor, jar, 3)
    checkout = visitor.get("/checkout").text
    assert "2 leave now, the others from 20 Mar 2099 on." in checkout
    answer = visitor.post("/checkout/place", fill(checkout, country="DE"), follow=False)
    thanks = visitor.get(answer.headers["Location"]).text
    assert "Leaves from 20 Mar 2099 on." in thanks
    page = visitor.get("/p/tea-jar").text
    assert "Not in stock now: leaves from 20 Mar 2099 on" in page
    assert "https://schema.org/BackOrder" in page
    assert "暂时缺货：2099年3月20日 起发货" in visitor.get("/zh-cn/p/tea-jar").text


def test_a_preorder_says_its_release(visitor: Visitor, site: Site, jar: int) -> None:
    set_stock_terms(site, jar, StockTerms(release_at=DAY, preorder_cap=5), "staff:1")
    page = visitor.get("/p/tea-jar").text
    assert "Pre-order: leaves from 20 Mar 2099 on" in page
    assert "https://schema.org/PreOrder" in page
    assert "Pre-order: leaves from 20 Mar 2099 on." in add(visitor, jar)


def test_a_kit_says_what_is_in_it(visitor: Visitor, site: Site, jar: int, sell: Callable[..., object]) -> None:
    del site
    sell("SET", 2000, name="Tea set")
    kit = int(db.value("SELECT id FROM variant WHERE sku = 'SET'"))
    set_kit(kit, {jar: 2}, "staff:1")
    assert "2 × Tea jar" in plain(visitor.get("/p/tea-set").text)
    visitor.post("/cart/add", {"product": "tea-set", "variant": str(kit), "quantity": "1"})
    assert "2 × Tea jar" in plain(visitor.get("/cart").text)


def test_a_cart_that_holds_says_until_when_without_a_script(
    visitor: Visitor, site: Site, jar: int, clock: shop_clock.Frozen
) -> None:
    set_hold_minutes(site, 15, "staff:1")
    until = shop_clock.now() + timedelta(minutes=15)
    page = add(visitor, jar)
    assert "Held for you until" in page
    assert f'data-held="{until.isoformat()}"' in page
    assert "Held for you until" in visitor.get("/checkout").text
    clock.move(minutes=16)
    assert "Held for you until" not in visitor.get("/cart").text
