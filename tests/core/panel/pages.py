"""Every page of the panel, read from the URL map, with an example for each part of its address; and a shop to see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

from PIL import Image

from core.accounts.models import Shopper
from core.catalogue.services.stock_counts import count_stock, first_location, set_backorder_limit
from core.catalogue.services.stock_promising import hold
from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.kernel.installation import installation
from core.kernel.sites import state_of
from core.kernel.switch import switch_on
from core.lib import clock
from core.lib.errors import StoaError
from core.orders.services.case import request_case
from core.orders.services.ship import ship
from tests.core.panel.conftest import Panel
from tests.core.panel.plugin_pages import FRAMED, ROWS, furnish_plugins

# Pages that this shop cannot have: one before the first site (test_first_site.py), a file that a carrier sold, and one
# behind a link that was sent (test_signing_in.py).
_ELSEWHERE = {"panel.setup", "panel.order_label_file", "panel.new_password"}
# What stands for a part of an address whose example is no row of the shop.
_WORDS = {"name": "mail", "version": "1", "theme": "plain"}
_ROWS = {
    "product_id": "SELECT MIN(id) FROM product",
    "category_id": "SELECT MIN(id) FROM category",
    "media_id": "SELECT MIN(id) FROM media",
    "staff_id": "SELECT MIN(id) FROM staff",
    "role_id": "SELECT MIN(id) FROM role",
    "site_id": "SELECT MIN(id) FROM site",
    "run_id": "SELECT MIN(id) FROM import_run WHERE kind = 'products'",
    "order_run_id": "SELECT MIN(id) FROM import_run WHERE kind = 'orders'",
    "number": "SELECT MIN(number) FROM orders",
    "shopper_id": "SELECT MIN(id) FROM shopper",
    "order_id": "SELECT MIN(id) FROM orders",
    "payment_id": "SELECT MIN(id) FROM payment",
    "case_id": "SELECT MIN(id) FROM order_case",
    "draft_id": "SELECT MIN(id) FROM order_draft",
    "change_id": "SELECT MIN(id) FROM order_change",
    "variant_id": "SELECT MIN(id) FROM variant",
    "location_id": "SELECT MIN(id) FROM location",
    "entry_id": "SELECT MIN(id) FROM activity WHERE object = 'product:1'",
    "photo": "SELECT NULL",  # of a case, which this shop does not have
    "page_id": "SELECT MIN(id) FROM pages_page",
    "revision_id": "SELECT MIN(id) FROM pages_revision",
    "label_id": "SELECT MIN(id) FROM order_label",  # a file, where a carrier sold one
    "manifest_id": "SELECT NULL",  # a file, where a carrier made one
    "position": "SELECT NULL",
    "bulk_id": "SELECT MIN(id) FROM bulk_run",
    **ROWS,
}


def furnish(panel: Panel, site: Site, sell: Any, order: Any) -> None:
    """Something on every page: all plugins on, goods, a picture, a category, orders, an import, work that gave up."""
    for name in sorted(installation().plugins.loaded):
        try:
            switch_on(site.id, name, "system", together=True)
        except StoaError:  # It cannot run beside one that is on already.
            continue
    lamp = sell("LAMP", 8900, stock=40, name="Arc lamp")
    panel.post("/panel/stock/locations/new", {"name": "North", "code": "north", "country": "GB"})
    move = {"sku": "LAMP", "source": "1", "target": "2", "pieces": "3", "reason": "For the shop"}
    panel.post("/panel/stock/transfers", move)
    panel.post("/panel/stock/transfers", {**move, "on_its_way": "1"})
    with db.transaction():
        mira = Shopper.create(
            site_id=site.id, email="mira@example.com", email_folded="mira@example.com", name="Mira K.",
            created_at=clock.now(), confirmed_at=clock.now(),
        )  # fmt: skip
    panel.post(f"/panel/shoppers/{mira.id}/note", {"text": "Calls on Fridays"})
    panel.post(f"/panel/shoppers/{mira.id}/tags", {"tag": "friend"})
    placed = order(lamp, 2)
    second = order(lamp, 1)
    panel.post(f"/panel/orders/{second.number}/hold", {"act": "hold", "reason": "A strange name"})
    panel.post(f"/panel/orders/{second.number}/tags", {"tag": "gift"})
    panel.post(f"/panel/orders/{placed.number}/paid", {"amount": "1.00"})
    draft = {"act": "save", "key": "draft", "email": "mira@example.com", "sku-0": "LAMP", "qty-0": "2", "price-0": "80"}
    made = panel.post("/panel/drafts/new", {**draft, "why-0": "Two of them"}).location
    panel.post(f"{made}/keep", {"version": "1", "keep_until": str(clock.now().date() + timedelta(days=4))})
    with db.transaction():
        hold({lamp.variant_id: 1}, "cart:1", "guest", until=clock.now() + timedelta(minutes=15))
    panel.post("/panel/categories/new", {"name-en": "Lighting", "name-zh-CN": "灯具"})
    panel.post("/panel/search-leads", {"words": "couch, settee", "kind": "also", "also": "sofa"})
    panel.post("/panel/products/bulk", {"act": "hide", "n": [str(lamp.product_id)]})
    panel.post("/panel/products/bulk", {"act": "publish", "n": [str(lamp.product_id)]})
    panel.post(
        "/panel/products/bulk",
        {"look": "price", "change": "-10 %", "until": "2099-12-31T10:00", "n": [str(lamp.product_id)]},
    )
    picture = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
    picture.seek(0)
    panel.post("/panel/media", {"files": (picture, "lamp.png"), "alt-en": "A lamp"})
    panel.post("/panel/pages/starters", {})
    panel.post("/panel/pages/bulk", {"act": "publish", "n": [str(db.value("SELECT MIN(id) FROM pages_page"))]})
    _import_files(panel)
    furnish_plugins(panel)
    _come_back(site, order(lamp, 1).id)
    set_backorder_limit(lamp.variant_id, first_location(), 100, "staff:1")
    count_stock(lamp.variant_id, first_location(), 1, "counted", "staff:1")  # So its orders wait for goods.
    with db.transaction():
        jobs.enqueue("nobody.knows", {})
    jobs.run_due()


def _import_files(panel: Panel) -> None:
    """Goods that were rehearsed, goods whose columns are asked for, and rehearsed orders of a channel."""
    goods = BytesIO(b"sku,name,price\nLAMP,Arc lamp,89\n,No SKU,1\n")
    columns = panel.post("/panel/products/imports", {"file": (goods, "goods.csv"), "format": ""}).location
    chosen = {"column-0": "sku", "column-1": "name", "column-2": "price", "keep_name": "Goods"}
    panel.post(columns, {**chosen, "act": "keep"})
    panel.post(columns, {**chosen, "act": "rehearse"})
    more = BytesIO(b"sku,name,price\nPOT,Pot,8\n")
    panel.post("/panel/products/imports", {"file": (more, "more.csv"), "format": ""})
    head = b"number,sku,quantity,price,total,paid,name,line1,city,postcode,country\n"
    arriving = BytesIO(head + b"1,LAMP,1,89,89,yes,Bo Li,Ring 1,Wien,1010,AT\n2,NOPE,1,5,5,no,Bo,Ring,Wien,1010,AT\n")
    columns = panel.post("/panel/orders/imports", {"file": (arriving, "etsy.csv"), "channel": "Etsy"}).location
    fields = head.decode().strip().split(",")
    columns_of = {f"column-{place}": field for place, field in enumerate(fields)}
    panel.post(columns, {**columns_of, "channel": "Etsy", "act": "rehearse"})


def _come_back(site: Site, order_id: int) -> None:
    ship(site, order_id, actor="staff:1")
    lines = {int(db.value("SELECT MIN(id) FROM order_line WHERE order_id = ?", order_id)): 1}
    request_case(site, order_id, kind="return", lines=lines, reason="changed_mind", key="back", actor="guest")


def paths(site: Site) -> Iterator[tuple[str, str]]:
    """(endpoint, path) of every page that a GET shows. A part of an address that nothing here names fails the test.

    What names a row that the shop does not have is left out.
    """
    for rule in sorted(state_of(site.id).runtime.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not rule.rule.startswith("/panel/") or "GET" not in (rule.methods or ()):
            continue
        if rule.endpoint in _ELSEWHERE:
            continue
        values = {name: _example(name) for name in rule.arguments}
        if "case_id" in values:
            values["number"] = db.value("SELECT o.number FROM orders o JOIN order_case c ON c.order_id = o.id LIMIT 1")
        unknown = [name for name in values if name not in _ROWS and name not in _WORDS]
        if unknown and rule.endpoint.startswith("panel."):
            raise AssertionError(f"{rule.rule}: give {unknown} an example in tests/core/panel/pages.py")
        if None not in values.values():
            built = rule.build(values, append_unknown=False)
            assert built is not None
            yield rule.endpoint, built[1]
    yield "panel.product_bulk", f"/panel/products/bulk/{db.value('SELECT MAX(id) FROM bulk_run')}"  # Only looked at.


def _example(name: str) -> Any:
    return db.value(_ROWS[name]) if name in _ROWS else _WORDS.get(name)


def shown(panel: Panel, site: Site) -> list[tuple[str, str]]:
    """(endpoint, path) of those that answer with a page; a plugin's page about a row that is not there is left out."""
    found = []
    for endpoint, path in paths(site):
        answer = panel.get(path)
        own = endpoint.startswith("panel.")
        assert answer.status_code < 400 or not own, f"{path}: {answer.status_code}"
        if answer.status_code == 200 and answer.mimetype == "text/html" and endpoint not in FRAMED:
            found.append((endpoint, path))
        answer.close()
    return found
