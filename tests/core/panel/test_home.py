"""The first page: how the shop does, what waits, and first steps that tick themselves."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from core.hookspecs.site import Site
from core.kernel import db, jobs, site_verbs
from core.kernel.installation import installation
from core.lib import clock
from core.lib.money import Money
from core.orders.services import cancel, order_view
from core.panel.home.services import sales
from tests.core.panel.conftest import Panel, words


def _moved(number: str, at: datetime) -> None:
    with db.transaction():
        db.execute("UPDATE orders SET placed_at = ? WHERE number = ?", clock.micros(at), number)


def test_sales_are_told_by_the_days_of_the_shop(panel: Panel, site: Site, sell: Any, order: Any) -> None:
    """Berlin's 26th of November begins at 23:00 UTC of the 25th."""
    site_verbs.edit_site(site.id, {"timezone": "Europe/Berlin"}, "system")
    lamp = sell("LAMP", 8900, stock=20)
    moments = [
        datetime(2026, 11, 26, 11, 0, tzinfo=UTC),
        datetime(2026, 11, 25, 23, 30, tzinfo=UTC),  # Today in Berlin.
        datetime(2026, 11, 25, 22, 30, tzinfo=UTC),  # Yesterday.
        datetime(2026, 11, 19, 12, 0, tzinfo=UTC),  # Of the week before.
    ]
    for at in moments:
        _moved(order(lamp).number, at)
    with clock.freeze(datetime(2026, 11, 26, 12, 0, tzinfo=UTC)):
        said = words(panel.get("/panel/"))
        rows = list(csv.DictReader(io.StringIO(panel.get("/panel/sales.csv").get_data(as_text=True))))
    assert "Sales today €178.00" in said  # 2 x 89.00
    assert "Orders today 2" in said
    assert "Sales in 7 days €267.00" in said  # 3 x 89.00
    assert "+200 %" in said  # 3 orders after 1.
    assert [(row["day"], row["orders"], row["sales"]) for row in rows[-2:]] == [
        ("2026-11-25", "1", "89.00"),
        ("2026-11-26", "2", "178.00"),
    ]
    assert sum(float(row["sales"]) for row in rows) == 267.0
    assert sum(float(row["sales_before"]) for row in rows) == 89.0


def test_a_day_may_begin_within_an_hour_of_the_world(panel: Panel, site: Site, sell: Any, order: Any) -> None:
    """Kathmandu's 26th of November begins at 18:15 UTC of the 25th."""
    site_verbs.edit_site(site.id, {"timezone": "Asia/Kathmandu"}, "system")
    lamp = sell("LAMP", 8900, stock=20)
    for minute in (0, 14, 20):
        _moved(order(lamp).number, datetime(2026, 11, 25, 18, minute, tzinfo=UTC))
    with clock.freeze(datetime(2026, 11, 26, 12, 0, tzinfo=UTC)):
        yesterday, today = sales.of_days(installation().sites.by_id(site.id).site, 7).days[-2:]
    assert (yesterday.orders, today.orders) == (2, 1)


def test_what_was_cancelled_is_no_sale(site: Site, sell: Any, order: Any) -> None:
    lamp = sell("LAMP", 8900, stock=20)
    order(lamp, 1)
    gone = order(lamp, 3)
    cancel.cancel(site, gone.id, actor="staff:1", reason="merchant", lines=None)
    today = sales.of_days(site, 7).today
    assert (today.orders, today.total.amount) == (1, 8900)


def test_a_sale_is_what_the_order_itself_says(site: Site, sell: Any, order: Any) -> None:
    """Three lamps; one was claimed at a cent more than a third, and the two others are cancelled."""
    placed = order(sell("LAMP", 8900, stock=3), 3)
    with db.transaction():
        gone = "allocated = 0, shipped = 1, cancelled = 2, claimed = 1, claimed_amount = 8901"
        db.execute(f"UPDATE order_line SET {gone}")
    found = order_view(placed.id)
    assert found is not None
    assert sales.of_days(site, 7).today.total == found.agreed_left == Money(8901, "EUR")


def test_every_day_fits_below_the_highest_grid_line(site: Site, sell: Any, order: Any) -> None:
    order(sell("LAMP", 123_456, stock=2))
    for chart in sales.drawings(sales.of_days(site, 30)):
        top = min(y for y, _amount in chart.ticks)
        assert top <= chart.dot[1] <= chart.height
        assert max(amount for _y, amount in chart.ticks) >= 1234.56


def test_first_steps_tick_themselves_and_leave_when_done(
    panel: Panel, site: Site, sell: Any, order: Any, turn_on: Callable[..., None]
) -> None:
    site_verbs.edit_site(site.id, {"email": ""}, "system")
    assert "0 of 6 done" in words(panel.get("/panel/"))
    site_verbs.edit_site(site.id, {"email": "shop@shop.test"}, "system")
    assert "1 of 6 done" in words(panel.get("/panel/"))
    lamp = sell("LAMP", 8900, stock=5)
    assert "Done: Put a first product on sale" in words(panel.get("/panel/"))
    turn_on("bank_transfer", holder="House", account="DE02 1203 0000 0000 2020 51", days=7)
    turn_on("mail", host="127.0.0.1", port=2525, security="none", sender="shop@shop.test")
    assert "4 of 6 done" in words(panel.get("/panel/"))
    order(lamp)
    assert "5 of 6 done" in words(panel.get("/panel/"))
    turn_on("flat_rate")
    assert "5 of 6 done" in words(panel.get("/panel/"))  # A carrier without a price carries nothing.
    rate = {"title_en": "Standard", "price_EUR": "4.90", "countries": "DE"}
    assert panel.post("/panel/flat_rate/new", rate).status_code == 303
    assert "First steps" not in words(panel.get("/panel/"))


def test_what_waits_leads_to_the_list_that_it_counts(
    panel: Panel, site: Site, sell: Any, order: Any, turn_on: Callable[..., None]
) -> None:
    order(sell("LAMP", 8900, stock=4))
    turn_on("coupons")
    installation().faults.report(site.id, "coupons", "promote_offers", ValueError("planted"))
    installation().faults.flush()
    page = panel.get("/panel/").get_data(as_text=True)
    for path, found in {
        "/panel/orders?view=to_ship": "Mira K.",
        "/panel/orders?view=unpaid": "Mira K.",
        "/panel/stock?show=low": "LAMP",
        "/panel/plugins?show=care": "1 fault in the last day",
    }.items():
        assert f'href="{path}"' in page, path
        assert found in words(panel.get(path)), path


def test_what_the_nightly_look_at_stock_found_waits_until_it_is_right(panel: Panel, sell: Any) -> None:
    lamp, found = sell("LAMP", 8900, stock=4), "1 stock level differs from its moves"
    with db.transaction():
        db.execute("UPDATE stock_level SET on_hand = 9 WHERE variant_id = ?", lamp.variant_id)
        jobs.enqueue("stock.audit")
    assert found not in words(panel.get("/panel/"))
    jobs.run_due()
    page = panel.get("/panel/")
    assert found in words(page)
    assert 'href="/panel/stock/proof?now=1"' in page.get_data(as_text=True)
    assert "LAMP Main On hand 9 4" in words(panel.get("/panel/stock/proof?now=1"))
    assert "1 level is right again" in words(panel.follow(panel.post("/panel/stock/proof")))
    assert found not in words(panel.get("/panel/"))
    assert "found that all stock is what its moves say again" in words(panel.get("/panel/activity"))


def test_somebody_without_orders_sees_no_sales(colleague: Callable[..., Panel], sell: Any, order: Any) -> None:
    order(sell("LAMP", 8900, stock=4))
    theirs = colleague({"texts.edit"})
    assert "€89" not in words(theirs.get("/panel/"))
    assert theirs.get("/panel/sales.csv").status_code == 403


def test_the_palette_asks_for_hits_alone(panel: Panel, sell: Any, turn_on: Callable[..., None]) -> None:
    sell("LAMP", 8900, name="Arc lamp")
    turn_on("mail")
    hits = panel.get("/panel/find?q=arc lamp", headers={"X-Requested-With": "fetch"}).get_data(as_text=True)
    assert "Arc lamp" in hits
    assert "<main" not in hits
    assert "Arc lamp" in words(panel.get("/panel/find?q=arc lamp"))
    assert "/panel/plugins/mail#host" in panel.get("/panel/find?q=mail server").get_data(as_text=True)
    assert "Nothing by that name" in words(panel.get("/panel/find?q=%25"))


def test_the_palette_acts_by_permission(panel: Panel, colleague: Callable[..., Panel], sell: Any, order: Any) -> None:
    lamp = sell("LAMP-1", 8900, name="Arc lamp")
    sell("LAMP-10", 8900, name="Other lamp")
    placed = order(lamp)
    here = panel.get(f"/panel/orders/{placed.number}").text
    assert f'href="/panel/orders/{placed.number}/refund"' in here.partition('id="palette"')[2]
    assert "外观：深色" in panel.get("/zh-cn/panel/").text.partition('id="palette"')[2]
    first = words(panel.get("/panel/find?q=lamp-1", headers={"X-Requested-With": "fetch"}))
    assert first.index("Arc lamp") < first.index("Other lamp")
    assert first.count("Arc lamp") == 1
    assert "New order" in words(panel.get("/panel/find?q=new"))
    assert "Add a product" in words(panel.get("/panel/find?q=new"))
    hits = panel.get("/panel/find?q=coupons", headers={"X-Requested-With": "fetch"}).text
    assert 'formaction="/panel/plugins/coupons/switch" name="on"' in hits
    theirs = colleague({"catalogue.view"}).get("/panel/find?q=coupons", headers={"X-Requested-With": "fetch"}).text
    assert "switch" not in theirs
    assert 'formaction="/panel/logout"' in panel.get("/panel/").text


def test_the_menu_folds_what_is_needed_less_and_opens_it_where_one_is(panel: Panel, turn_on: Any) -> None:
    for name in ("flat_rate", "coupons", "reviews"):
        turn_on(name)
    menu = panel.get("/panel/").text.partition('id="menu"')[2].partition("<main")[0]
    assert re.findall(r"<details( open)?><summary>.*?</svg>([^<]+)", menu) == [
        ("", "Delivery and taxes"),
        ("", "Marketing"),
    ]
    assert menu.index("Products") < menu.index("Reviews") < menu.index("<details")
    inside = panel.get("/panel/coupons/").text
    assert re.findall(r"<details open><summary>.*?</svg>([^<]+)", inside.partition("<main")[0]) == ["Marketing"]


def test_a_shop_that_is_not_open_is_told_first(panel: Panel, site: Site, sell: Any, order: Any) -> None:
    order(sell("LAMP", 8900, stock=20))
    assert "not open" not in words(panel.get("/panel/"))
    site_verbs.edit_site(site.id, {"open": False}, "system")
    said = words(panel.get("/panel/"))
    assert "The shop is not open" in said
    assert said.index("The shop is not open") < said.index("1 order waits for its money")
    assert 'href="/panel/settings#open"' in panel.get("/panel/").text
    site_verbs.edit_site(site.id, {"open": True}, "system")
