"""Lists of the panel read what they show: no statement of theirs walks through all products, orders or levels.

Asked of the database's own plans, so a small shop shows it. What 100,000 of each cost is measured by
`./stoa bench panel` (docs/guide/performance.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from core.accounts.models import Shopper
from core.catalogue.services.stock_low import low_count
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.sites import state_of
from core.lib import clock
from core.orders.services.owner import claim_orders
from core.orders.services.payments import mark_paid
from core.panel.orders.services.filters import to_ship_count
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words

# Of these a shop has as many as it has products, orders or shoppers.
MANY = {
    "orders", "order_line", "order_entry", "order_hold", "payment", "payment_fact", "shopper", "product",
    "product_text", "variant", "listing", "price", "stock_level", "stock_move", "activity",
}  # fmt: skip
# Indexes that hold only the few rows out of the ordinary.
FEW = {
    "order_line_cancelled",
    "order_line_promised",
    "stock_level_low",
    "listing_timed",
    "product_archived",
    "order_hold_open",
    "variant_media",
}
PAGES = (
    "/panel/", "/panel/orders", "/panel/orders?view=to_ship", "/panel/orders?view=held",
    "/panel/orders?view=waiting", "/panel/orders?view=overdue", "/panel/orders?goods=ready",
    "/panel/orders?goods=partly&payment=paid", "/panel/orders?view=unpaid",
    "/panel/orders?view=returns", "/panel/orders?view=cancelled", "/panel/orders?payment=disputed",
    "/panel/orders?payment=paid&fulfilment=partly_shipped", "/panel/orders?tag=gift", "/panel/orders?q=10001",
    "/panel/orders?channel=web", "/panel/orders?sku=LAMP", "/panel/orders?country=DE&payment=paid",
    "/panel/orders?carrier=flat_rate&gateway=arrangement", "/panel/orders?least=10&most=90&order=open",
    "/panel/orders?sort=oldest", "/panel/orders?sort=highest", "/panel/orders?returned=none&sort=lowest",
    "/panel/orders?tag=x&payment=paid", "/panel/orders?since=2026-01-01&until=2026-02-01", "/panel/orders/held",
    "/panel/returns", "/panel/products", "/panel/products?show=on_sale", "/panel/products?show=hidden",
    "/panel/products?show=scheduled", "/panel/products?show=low", "/panel/products?show=archived",
    "/panel/products?category=1", "/panel/stock", "/panel/stock?show=low", "/panel/media", "/panel/activity",
    "/panel/shoppers", "/panel/shoppers?show=blocked", "/panel/shoppers?tag=x", "/panel/shoppers/{shopper}",
    "/panel/installation/health", "/panel/installation/jobs",
)  # fmt: skip
# A text is looked for in every product's or order's own few words; nothing else is walked for it.
TEXTS = {
    "/panel/shoppers?q=mira": {"shopper"},
    "/panel/orders?q=mira": {"orders"},
    "/panel/products?q=lamp": {"product"},
    "/panel/stock?q=lamp": {"product"},
    "/panel/find?q=lamp": {"product", "orders", "shopper"},
}
_NAMED = re.compile(r'(?:FROM|JOIN) "?(\w+)"?(?: AS)?(?: "?(\w+)"?)?')
Said = tuple[str, Sequence[object]]


@pytest.fixture
def shop(panel: Panel, site: Site, sell: Callable[..., Item], order: Callable[..., Any]) -> Panel:
    """A few of everything, so that no list is left out for want of a row."""
    lamp = sell("LAMP", 8900, stock=40, name="Lamp")
    sell("CUP", 900, stock=2, name="Cup")
    for place in range(3):
        placed = order(lamp, 1)
        if place:
            mark_paid(state_of(site.id), placed.id, actor="staff:1")
    panel.post(f"/panel/orders/{placed.number}/hold", {"act": "hold", "reason": "Strange"})
    panel.post(f"/panel/orders/{placed.number}/tags", {"tag": "gift"})
    with db.transaction():
        mira = Shopper.create(site_id=site.id, email="m@x.test", email_folded="m@x.test", created_at=clock.now())
        db.execute("UPDATE orders SET shopper_id = ? WHERE id = ?", mira.id, placed.id)
    db.look_again()
    return panel


@contextmanager
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Said]]:
    """What is asked of the database within the block, with its parameters."""
    said: list[Said] = []
    kind = type(db.db.obj)
    real = kind.execute_sql

    def execute_sql(self: Any, sql: str, params: Sequence[object] | None = None) -> Any:
        said.append((sql, params or ()))
        return real(self, sql, params)

    with monkeypatch.context() as patched:
        patched.setattr(kind, "execute_sql", execute_sql)
        yield said


def walked(said: Sequence[Said]) -> set[str]:
    """The large tables of which some statement reads every row that there is."""
    found: set[str] = set()
    for sql, params in said:
        if sql.lstrip().startswith(("SELECT", "WITH", "UPDATE orders SET shopper_id")):
            found |= _by_sqlite(sql, params) if db.is_sqlite() else _by_postgres(sql, params)
    return found & MANY


def _by_sqlite(sql: str, params: Sequence[object]) -> set[str]:
    named = {
        alias or table: table for table, alias in re.findall(r'(?:FROM|JOIN) "?(\w+)"?(?: AS)?(?: "?(\w+)"?)?', sql)
    }
    found = set()
    for *_ids, line in db.db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall():
        scan = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", line)
        if scan and scan[2] not in FEW:
            found.add(named.get(scan[1], scan[1]))
    return found


def _by_postgres(sql: str, params: Sequence[object]) -> set[str]:
    """Of a small table PostgreSQL reads all, so it is asked what it would do if it could do otherwise."""
    with db.transaction():
        db.db.execute_sql("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in db.db.execute_sql(f"EXPLAIN {sql}", params).fetchall())
    return set(re.findall(r"Seq Scan on (\w+)", plan))


def of_page(panel: Panel, path: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the second look at a page walks through; the first fills what a process keeps."""
    panel.get(path)
    with heard(monkeypatch) as said:
        assert panel.get(path).status_code == 200, path
    return walked(said)


def test_no_list_walks_through_all_products_or_orders(shop: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"shopper": db.value("SELECT MIN(id) FROM shopper")}
    pages = [path.format(**known) for path in PAGES]
    found = {path: tables for path in pages if (tables := of_page(shop, path, monkeypatch))}
    assert not found


def test_a_text_walks_through_the_words_alone(shop: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, allowed in TEXTS.items():
        assert of_page(shop, path, monkeypatch) <= allowed, path


def test_a_list_that_walks_is_found(shop: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what these lists asked before they had columns and indexes of their own."""
    del shop
    with heard(monkeypatch) as said:
        db.rows("SELECT o.id FROM orders o WHERE LOWER(o.email) LIKE '%mira%' ORDER BY o.placed_at")
        db.rows("SELECT t.product_id FROM product_text t WHERE LOWER(t.name) LIKE '%lamp%'")
    assert walked(said) == {"orders", "product_text"}


def test_whoever_makes_an_account_finds_orders_by_an_index(
    shop: Panel, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    del shop
    with heard(monkeypatch) as said:
        assert claim_orders(site, "MIRA@example.com", 1) == 2
        assert claim_orders(site, "nobody@example.com", 1) == 0
    assert any("LOWER(email)" in sql for sql, _params in said)
    assert walked(said) == set()


# -- what a text finds -------------------------------------------------------------------------------------------------


def found_products(panel: Panel, text: str) -> set[str]:
    page = panel.get("/panel/products", query_string={"q": text}).get_data(as_text=True)
    return set(re.findall(r'href="/panel/products/(\d+)"', page))


def test_a_product_is_found_by_each_of_its_words_whatever_their_order_case_and_accents(
    panel: Panel, sell: Callable[..., Item]
) -> None:
    lamp = sell("Qx-77", 100, name="Grüne Bogenlampe")
    sell("OTHER", 100, name="Grüne Vase")
    path = f"/panel/products/{lamp.product_id}"
    panel.post(path, {"name-en": "Grüne Bogenlampe", "name-zh-CN": "绿色弧形台灯", "tax_class": "standard"})
    for text in ("lampe GRUNE", "bogen", "台灯", "x-7", "QX-77"):
        assert found_products(panel, text) == {str(lamp.product_id)}, text
    assert found_products(panel, "bogen vase") == set()
    panel.post(path, {"name-en": "Tall lamp", "name-zh-CN": "高台灯", "tax_class": "standard"})
    assert found_products(panel, "bogen") == set()
    assert found_products(panel, "tall") == {str(lamp.product_id)}


def test_a_counted_variant_that_never_had_a_piece_runs_low(panel: Panel, sell: Callable[..., Item]) -> None:
    sell("EMPTY", 100, stock=0, name="Empty")
    sell("FULL", 100, stock=6, name="Full")
    assert "EMPTY" in words(panel.get("/panel/stock?show=low"))
    assert low_count() == 1


def test_the_menu_counts_what_the_view_of_orders_to_ship_shows(shop: Panel, site: Site) -> None:
    assert to_ship_count(site) == 2  # Three were placed, one of them is on hold.
    assert len(re.findall(r'name="n" value="\d+"', shop.get("/panel/orders?view=to_ship").get_data(as_text=True))) == 2
