"""Every form of the panel that moves orders, money or stock is sent twice, as a double click does: it counts once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from core.accounts.models import Shopper, Staff
from core.app import App
from core.catalogue.services import stock_transfers
from core.catalogue.services.locations import add_location
from core.catalogue.services.stock_counts import first_location, set_backorder_limit
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.sites import state_of
from core.lib import clock
from core.orders.services import case as desk
from core.orders.services.holds import hold_order
from core.orders.services.payments import mark_paid
from core.orders.services.picked import start_picking
from core.orders.services.settle import lock_order
from core.orders.services.ship import ship
from core.panel.views import VIEWS
from core.testing.shop import Item
from tests.core.panel.conftest import Panel
from tests.house.forms import form_of

WHO = "staff:1"
# What is no fact: sessions, the keys themselves, and clocks that pages are kept by.
KEYS = "done_form"
APART = {"session", KEYS, "epoch", "tag_version"}
WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)


@dataclass
class Desk:
    """A shop with lamps on its shelf, and somebody at its panel."""

    panel: Panel
    site: Site
    lamp: Item
    order: Callable[..., Any]
    shopper: int

    def placed(self, units: int = 4) -> Any:
        return self.order(self.lamp, units)

    def paid(self) -> Any:
        order = self.placed()
        mark_paid(state_of(self.site.id), order.id, actor=WHO)
        return order

    def sent(self) -> Any:
        order = self.paid()
        ship(self.site, order.id, actor=WHO)
        return order

    def case(self, *steps: str, kind: str = "return") -> str:
        """The address of a case of two lamps that has gone these steps."""
        order = self.sent()
        line = int(db.value("SELECT id FROM order_line WHERE order_id = ?", order.id))
        case = desk.request_case(
            self.site, order.id, kind=kind, lines={line: 2}, reason="changed_mind", key="k", actor="guest"
        )
        for step in steps:
            if step == "approve":
                desk.approve_case(self.site, case, actor=WHO)
            elif step == "receive":
                desk.receive_case(self.site, case, {line: 2}, actor=WHO)
            else:
                desk.inspect_case(self.site, case, {line: {"sellable": 2}}, actor=WHO)
        return f"/orders/{order.number}/returns/{case}"

    def form(self, page: str, action: str = "", act: str = "", **fields: str) -> Sent:
        """The form of `page` that goes to `action`, with these fields filled in; `line` is the first line's."""
        here, goes_to = f"/panel{page}", f"/panel{action or page}"
        return self._filled(self.panel.get(here).get_data(as_text=True), here, goes_to, act, fields)

    def upload(self, page: str, action: str, name: str, content: bytes, called: str) -> Sent:
        """The form of `page` that takes a file under this name."""
        sent = self.form(page, action)
        return Sent(sent.path, sent.data, {name: (content, called)})

    def confirmed(self, page: str, act: str = "confirm", **fields: str) -> Sent:
        """The form that a preview shows, confirmed."""
        looked = self.form(page, act="preview", **fields)
        answer = self.panel.post(looked.path, looked.data).get_data(as_text=True)
        return self._filled(answer, looked.path, looked.path, act, fields)

    def _filled(self, page: str, here: str, action: str, act: str, fields: dict[str, str]) -> Sent:
        data = form_of(page, here, action, act)
        names = {name: next((one for one in data if one.startswith(f"{name}-")), name) for name in ("line", "qty")}
        return Sent(action, {**data, **{names.get(name, name): value for name, value in fields.items()}})


@dataclass
class Sent:
    """A form as it is sent."""

    path: str
    data: dict[str, str]
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """All that is sent, files from their beginning."""
        return {**self.data, **{name: (BytesIO(content), called) for name, (content, called) in self.files.items()}}


def _transfer(shop: Desk, *, on_its_way: bool) -> int:
    return stock_transfers.transfer_stock(
        shop.lamp.variant_id, 1, int(db.value("SELECT MAX(id) FROM location")), 3, "More", WHO, on_its_way=on_its_way
    )


def _hold(shop: Desk, act: str) -> Sent:
    order = shop.paid()
    if act != "hold":
        hold_order(shop.site, order.id, reason="Look", actor=WHO)
    return shop.form(f"/orders/{order.number}", f"/orders/{order.number}/hold", act, reason="Strange")


def _parcel(shop: Desk, act: str = "", **fields: str) -> Sent:
    number = shop.sent().number
    parcel = db.value("SELECT MAX(id) FROM shipment")
    return shop.form(f"/orders/{number}", f"/orders/{number}/parcels/{parcel}{act}", **fields)


def _on_order(shop: Desk, action: str, order: Any, act: str = "", **fields: str) -> Sent:
    return shop.form(f"/orders/{order.number}", f"/orders/{order.number}{action}", act, **fields)


def _unpick(shop: Desk) -> Sent:
    order = shop.paid()
    start_picking(shop.site, order.id, actor=WHO)
    return _on_order(shop, "/unpick", order)


def _bulk(shop: Desk, act: str, order: Any) -> Sent:
    sent = shop.form("/orders", "/orders/bulk", act, tag="urgent")
    return Sent(sent.path, {**sent.data, "n": order.number})


def _promised(shop: Desk) -> Sent:
    """An order of more than there is."""
    set_backorder_limit(shop.lamp.variant_id, first_location(), 100, WHO)
    order = shop.order(shop.lamp, int(db.value("SELECT SUM(on_hand - allocated) FROM stock_level")) + 1)
    return shop.form(f"/orders/{order.number}/promise", day=str(clock.now().date() + timedelta(days=5)))


def _variant(shop: Desk, action: str, act: str = "", **fields: str) -> Sent:
    here = f"/stock/{shop.lamp.variant_id}"
    return shop.form(here, here + action, act, **fields)


def _transferred(shop: Desk, action: str, *, on_its_way: bool) -> Sent:
    return shop.form("/stock/transfers", f"/stock/transfers/{_transfer(shop, on_its_way=on_its_way)}{action}")


def _draft(shop: Desk, then: str = "", **more: str) -> Sent:
    fields = {"sku-0": "LAMP", "qty-0": "2", "email": "mira@example.com", "a_country": "DE"}
    fields |= {"a_name": "Mira", "a_line1": "Lange Str. 1", "a_city": "Berlin", "a_postcode": "10115"}
    made = shop.form("/drafts/new", act="save", **fields)
    if not then:
        return made
    where = shop.panel.post(made.path, made.data).headers["Location"].partition("/panel")[2]
    return shop.form(where, where + then, **more)


def _second_place_first(shop: Desk) -> Sent:
    last = db.value("SELECT id FROM location ORDER BY priority DESC LIMIT 1")
    return shop.form("/stock/locations", f"/stock/locations/{last}/earlier")


def _undo_of_stock(shop: Desk) -> Sent:
    """The button beside the message after a correction."""
    sent = shop.form("/stock", f"/stock/{shop.lamp.variant_id}", delta="5", reason="Found")
    page = shop.panel.follow(shop.panel.post(sent.path, sent.data)).get_data(as_text=True)
    action = re.search(r'class="toast".*?action="([^"]+)"', page, re.DOTALL)
    assert action is not None
    undo = action[1].replace("&amp;", "&")
    return Sent(undo, form_of(page, "", undo))


def _sale(shop: Desk, then: str = "") -> Sent:
    sent = shop.form("/sale_prices/new", name="Spring", kind="percent", percent="10", skus="LAMP", scope="chosen")
    if not then:
        return sent
    shop.panel.post(sent.path, sent.data)
    here = f"/sale_prices/{db.value('SELECT MAX(id) FROM sale_prices_sale')}"
    return shop.form(here, here + then)


def _method(shop: Desk) -> Sent:
    zone = shop.form("/table_rate/zones/new", name="Near", areas="DE", served="1")
    shop.panel.post(zone.path, zone.data)
    here = f"/table_rate/zones/{db.value('SELECT MAX(id) FROM table_rate_zone')}/methods/new"
    return shop.form(here, title_en="Parcel", **{"from-EUR-0": "0", "price-EUR-0": "5"})


def _coupon(shop: Desk) -> Sent:
    shop.panel.post("/panel/coupons/new", {"title": "Spring", "kind": "percent", "percent": "10", "code": "SPRING"})
    here = f"/coupons/{db.value('SELECT MAX(id) FROM coupons_coupon')}"
    return shop.form(here, f"{here}/codes", count="3")


def _picture(colour: str) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "PNG")
    return stream.getvalue()


def _replaced(shop: Desk) -> Sent:
    added = shop.upload("/media", "/media", "files", _picture("red"), "red.png")
    shop.panel.post(added.path, added.body)
    here = f"/media/{db.value('SELECT MAX(id) FROM media')}"
    return shop.upload(here, f"{here}/replace", "file", _picture("blue"), "blue.png")


def _pictured(shop: Desk) -> Sent:
    here = f"/products/{shop.lamp.product_id}/pictures"
    return shop.upload(here, here, "files", _picture("green"), "green.png")


def _again(shop: Desk) -> Sent:
    order = shop.placed()
    return shop.form(f"/orders/{order.number}", f"/mail/orders/{order.id}", mail="placed")


Act = Callable[[Desk], Sent]
# By endpoint, and by what one of several forms does: a form that can be sent.
ACTS: dict[str, Act] = {
    "panel.order_paid_save": lambda shop: shop.form(f"/orders/{shop.placed().number}/paid", amount="10"),
    "panel.order_pick": lambda shop: _on_order(shop, "/pick", shop.paid()),
    "panel.order_unpick": _unpick,
    "panel.order_ship_save": lambda shop: shop.form(f"/orders/{shop.paid().number}/ship", line="1"),
    "panel.order_cancel_save": lambda shop: shop.confirmed(f"/orders/{shop.paid().number}/cancel", line="1"),
    "panel.order_change_save": lambda shop: shop.confirmed(f"/orders/{shop.paid().number}/change", qty="3"),
    "panel.order_split_save": lambda shop: shop.confirmed(f"/orders/{shop.paid().number}/split", line="1"),
    "panel.order_refund_save": lambda shop: shop.form(
        f"/orders/{shop.paid().number}/refund", amount="10", reason="Late", by_hand="1"
    ),
    "panel.order_delivered": lambda shop: _on_order(shop, "/delivered", shop.sent()),
    "panel.order_link": lambda shop: _on_order(shop, "/link", shop.placed()),
    "panel.carriers_save": lambda shop: shop.form("/orders/carriers", **{"name-0": "Bike"}),
    "panel.order_note": lambda shop: _on_order(shop, "/note", shop.placed(), text="Call"),
    "panel.order_tags": lambda shop: _on_order(shop, "/tags", shop.placed(), tag="gift"),
    "panel.order_tracking": lambda shop: _parcel(shop, tracking="JJD1"),
    "panel.order_parcel_delivered": lambda shop: _parcel(shop, "/delivered"),
    "panel.order_unship": lambda shop: _parcel(shop, "/undo"),
    "panel.order_hold hold": lambda shop: _hold(shop, "hold"),
    "panel.order_hold approve": lambda shop: _hold(shop, "approve"),
    "panel.order_hold refuse": lambda shop: _hold(shop, "refuse"),
    "panel.orders_bulk ship": lambda shop: _bulk(shop, "ship", shop.paid()),
    "panel.orders_bulk deliver": lambda shop: _bulk(shop, "deliver", shop.sent()),
    "panel.orders_bulk tag": lambda shop: _bulk(shop, "tag", shop.placed()),
    "panel.order_return_save": lambda shop: shop.form(
        f"/orders/{shop.sent().number}/return", line="1", kind="return", reason="damaged"
    ),
    "panel.order_case_step approve": lambda shop: shop.form(shop.case(), act="approve"),
    "panel.order_case_step decline": lambda shop: shop.form(shop.case(), act="decline", answer="Worn"),
    "panel.order_case_step withdraw": lambda shop: shop.form(shop.case("approve"), act="withdraw"),
    "panel.order_case_step receive": lambda shop: shop.form(shop.case("approve"), act="receive", line="1"),
    "panel.order_case_step inspect": lambda shop: shop.form(shop.case("approve", "receive"), act="inspect"),
    "panel.order_case_step resolve": lambda shop: shop.confirmed(
        shop.case("approve", "receive", "inspect"), "resolve", goodwill="5"
    ),
    "panel.draft_make": _draft,
    "panel.draft_send": lambda shop: _draft(shop, "/send"),
    "panel.draft_keep": lambda shop: _draft(shop, "/keep", keep_until=str(clock.now().date() + timedelta(days=3))),
    "panel.draft_place": lambda shop: _draft(shop, "/place"),
    "panel.order_import_start": lambda shop: shop.upload(
        "/orders/imports", "/orders/imports", "file", b"number,sku,quantity\n1,LAMP,1\n", "orders.csv"
    ),
    "panel.media_add": lambda shop: shop.upload("/media", "/media", "files", _picture("yellow"), "yellow.png"),
    "panel.medium_replace": _replaced,
    "panel.product_picture_add": _pictured,
    "panel.stock_adjust": lambda shop: shop.form("/stock", f"/stock/{shop.lamp.variant_id}", delta="5", reason="Found"),
    "panel.stock_adjust undo": _undo_of_stock,
    "panel.stock_sort": lambda shop: _variant(
        shop, "/sort", pieces="2", to="damaged", reason="Fell", **{"from": "on_hand"}
    ),
    "panel.stock_incoming expect": lambda shop: _variant(shop, "/incoming", "expect", incoming="7"),
    "panel.stock_incoming take": lambda shop: _variant(shop, "/incoming", "take", incoming="2"),
    "panel.stock_incoming drop": lambda shop: _variant(shop, "/incoming", "drop", incoming="2"),
    "panel.stock_transfer": lambda shop: shop.form("/stock/transfers", sku="LAMP", pieces="2", reason="More"),
    "panel.stock_transfer_receive": lambda shop: _transferred(shop, "/received", on_its_way=True),
    "panel.stock_transfer_undo": lambda shop: _transferred(shop, "/undo", on_its_way=False),
    "panel.stock_location_move": _second_place_first,
    "panel.product_stock_save": lambda shop: shop.form(
        f"/products/{shop.lamp.product_id}/stock", reason="Counted", **{f"s{shop.lamp.variant_id}-1": "480"}
    ),
    "panel.shopper_note": lambda shop: shop.form(
        f"/shoppers/{shop.shopper}", f"/shoppers/{shop.shopper}/note", text="Prefers mornings"
    ),
    "panel.shopper_password": lambda shop: shop.form(f"/shoppers/{shop.shopper}", f"/shoppers/{shop.shopper}/password"),
    "mail.panel.again": _again,
    "coupons.panel.make_codes": _coupon,
    "coupons.panel.create": lambda shop: shop.form("/coupons/new", title="May", kind="percent", percent="10"),
    "flat_rate.panel.create": lambda shop: shop.form("/flat_rate/new", title_en="Parcel", price_EUR="5"),
    "pickup.panel.create": lambda shop: shop.form("/pickup/new", name="Shop", address="Lange Str. 1", hours_en="9-17"),
    "ship_rules.panel.create": lambda shop: shop.form("/ship_rules/new", name="Near", countries="DE"),
    "sale_prices.panel.create": _sale,
    "sale_prices.panel.copy": lambda shop: _sale(shop, "/copy"),
    "table_rate.panel.create_zone": lambda shop: shop.form("/table_rate/zones/new", name="Far", areas="FR", served="1"),
    "table_rate.panel.create_method": _method,
    "webhooks.panel.create": lambda shop: shop.form("/webhooks/new", url="https://example.com/hooks", which="all"),
    "panel.category_new_save": lambda shop: shop.form("/categories/new", **{"name-en": "Light"}),
    "panel.role_new_save": lambda shop: shop.form("/installation/roles/new", name="Packer", permissions="orders.view"),
    "api.panel.create": lambda shop: shop.form("/api/new", title="Till", scopes="orders:read"),
    "panel.order_promise_save": _promised,  # The last: nothing is left on the shelf after it.
}


# Forms that move no order, money or stock a second time, and make nothing twice: they say how something shall be, end
# what has ended, or make what can be there once only (an SKU, a domain, a mail address, a draft per product). A file
# that is taken in twice is looked at twice before anything comes of it.
SETS = """
panel.order_label_void panel.manifest_ask panel.guest_erase_save panel.order_stage panel.order_ask
panel.order_take_save panel.draft_save panel.draft_restore panel.guest_data panel.medium_restore panel.setup_save
panel.theme_plan_restore flat_rate.panel.restore pickup.panel.restore sale_prices.panel.restore
ship_rules.panel.restore table_rate.panel.restore_method table_rate.panel.restore_zone
panel.draft_revoke panel.draft_drop panel.stock_repair
panel.stock_terms panel.stock_kit panel.stock_keep panel.stock_rules_save panel.stock_location_add
panel.stock_location_save
panel.stock_location_close panel.stock_location_open panel.hold_rules_save
panel.return_rules_save panel.order_import_choose panel.order_import_act panel.import_start
panel.import_apply panel.import_act panel.import_columns_choose

panel.login_save panel.login_code panel.passkey_ask panel.login_passkey panel.logout panel.account_save
panel.forgotten_send panel.new_password_save
panel.second_factor_begin panel.second_factor_act panel.passkey_new panel.passkey_add panel.passkey_remove
panel.session_end panel.appearance panel.view_keep panel.view_rename
panel.view_forget panel.staff_new_save panel.staff_edit_save
panel.staff_password panel.staff_factor panel.staff_sessions panel.role_edit_save
panel.role_delete panel.site_new_save panel.site_edit_save panel.settings_save panel.job_retry panel.jobs_retry_all
panel.job_drop panel.job_take_back panel.health_backup

panel.shopper_note_drop panel.shopper_tags panel.shopper_block panel.shopper_unblock panel.shopper_sign_out
panel.shopper_data panel.shopper_erase_save panel.shopper_keep

panel.search_lead_save panel.search_lead_remove panel.search_lead_restore
panel.category_save panel.category_delete panel.category_restore panel.category_words_back panel.list_columns
panel.products_bulk panel.product_bulk_begin panel.product_bulk_undo
panel.product_draft panel.product_new_draft panel.product_draft_discard
panel.product_draft_back panel.product_new_draft_discard panel.product_new_draft_back panel.product_then_restore
panel.product_picture_move panel.product_picture_remove panel.product_picture_back
panel.product_sites_save panel.product_prices_like panel.product_variants_save panel.product_options
panel.product_new_save panel.product_save panel.product_own_save panel.product_delete panel.product_restore
panel.medium_save panel.medium_back panel.medium_delete

panel.plugin_switch panel.plugin_together_save panel.plugin_resume panel.plugin_settings_save panel.plugin_test
panel.plugin_default_save panel.theme_save panel.theme_publish panel.theme_plan panel.theme_move panel.theme_discard
panel.theme_restore panel.theme_drop

documents.panel.issue api.panel.revoke coupons.panel.save coupons.panel.switch
flat_rate.panel.save flat_rate.panel.remove pickup.panel.save
pickup.panel.remove product_content.panel.save_specs product_content.panel.add_file product_content.panel.remove_file
product_content.panel.restore_file product_content.panel.save_related product_content.panel.add_related
product_content.panel.save_product_sizes product_content.panel.save_category_sizes reviews.panel.bulk
reviews.panel.translate
reviews.panel.approve reviews.panel.reject reviews.panel.reply reviews.panel.remove reviews.panel.restore
reviews.panel.erase sale_prices.panel.save sale_prices.panel.end
sale_prices.panel.remove sale_prices.panel.take_file seo.panel.look seo.panel.feeds_save seo.panel.feeds_make
seo.panel.redirect_add seo.panel.redirect_remove seo.panel.redirect_restore seo.panel.redirects_import
seo.panel.save_templates seo.panel.save_facts seo.panel.save_product seo.panel.save_category
ship_rules.panel.save ship_rules.panel.remove table_rate.panel.save_zone
table_rate.panel.remove_zone table_rate.panel.save_method
table_rate.panel.remove_method table_rate.panel.take_file tax_table.panel.save
webhooks.panel.save webhooks.panel.rotate webhooks.panel.drop_old webhooks.panel.test webhooks.panel.pause
webhooks.panel.resume webhooks.panel.delete webhooks.panel.restore webhooks.panel.since webhooks.panel.replay
webhooks.panel.try_now

pages.panel.keep pages.panel.step pages.panel.create pages.panel.begin pages.panel.bulk pages.panel.restore_many
pages.panel.save pages.panel.publish pages.panel.give_back
pages.panel.shown pages.panel.discard pages.panel.remove pages.panel.restore pages.panel.bring_back pages.panel.arrange
"""


def posts() -> set[str]:
    """The endpoints of all forms of the panel, core's and plugins'."""
    faces = {"panel": VIEWS}
    faces |= {f"{name}.panel": one.plugin.panel for name, one in installation().plugins.loaded.items()}
    return {
        f"{name}.{route.name}"
        for name, views in faces.items()
        if views is not None
        for route in views.routes
        if "POST" in route.methods
    }


def unlisted(found: set[str]) -> list[str]:
    """Forms that nobody has said anything about, and entries that are no form any more."""
    known = {name.partition(" ")[0] for name in ACTS} | set(SETS.split())
    return sorted(found ^ known)


def doubled(shop: Desk, names: list[str]) -> Iterator[str]:
    """What of these acts left more behind when its form was sent twice, or answered the second time with an error.

    An act that has written its form's key writes nothing the second time; of another, all it wrote is compared.
    """
    for name in names:
        sent = ACTS[name](shop)
        with db.counted() as first:
            answer = shop.panel.post(sent.path, sent.body)
        tables = _written(first)
        if answer.status_code not in {200, 303} or not tables - APART:
            yield f"{name}: the first time {answer.status_code}, {sorted(tables)}"
            continue
        compared = set() if KEYS in tables else tables - APART
        before = {table: _rows(table) for table in compared}
        with db.counted() as second:
            again = shop.panel.post(sent.path, sent.body)
        differing = [table for table in compared if _rows(table) != before[table]]
        differing += sorted(_written(second) - compared - APART)
        # What is shown once, a secret, is not shown again: the list is.
        if differing or again.status_code not in {answer.status_code, 303}:
            yield f"{name}: the second time {again.status_code}, {differing}"


def _written(statements: list[str]) -> set[str]:
    return {found[1] for one in statements if (found := WRITES.match(one))}


def _rows(table: str) -> list[Any]:
    """All of a table but the version of its orders, which counts who looked under the lock."""
    return sorted(map(repr, db.rows(f'SELECT {_columns(table)} FROM "{table}"')))


@cache
def _columns(table: str) -> str:
    return ", ".join(f'"{column.name}"' for column in db.db.get_columns(table) if column.name != "version")


@pytest.fixture
def shop(
    app: App, site: Site, staff: Staff, shopper: Shopper, sell: Any, order: Any, turn_on: Callable[..., None]
) -> Desk:
    del staff
    turn_on("mail", host="localhost", security="none")
    for name in ("coupons", "flat_rate", "pickup", "ship_rules", "sale_prices", "table_rate", "webhooks", "api"):
        turn_on(name)
    lamp = sell("LAMP", 8900, stock=500, name="Lamp")
    add_location("north", "North", None, "GB", WHO)
    panel = Panel(app, site)
    assert panel.login().status_code == 303
    return Desk(panel=panel, site=site, lamp=lamp, order=order, shopper=shopper.id)


def test_every_form_of_the_panel_is_known_to_this_walk(app: App) -> None:
    del app
    assert unlisted(posts()) == []
    assert unlisted({*posts(), "panel.order_give_points"}) == ["panel.order_give_points"]


def test_a_form_that_is_sent_twice_counts_once(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(doubled(shop, list(ACTS))) == []
    # A verb that ignores its key, and what was looked at, is found.
    monkeypatch.setattr("core.orders.services.payments.claim", lambda _key: None)
    monkeypatch.setattr(
        "core.orders.services.payments.lock_order", lambda order_id, site_id, _seen=None: lock_order(order_id, site_id)
    )
    (found,) = doubled(shop, ["panel.order_note", "panel.order_paid_save"])
    assert "panel.order_paid_save" in found
    assert "payment_fact" in found
