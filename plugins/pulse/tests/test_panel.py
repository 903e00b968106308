"""The panel's page and file, orders beside the tables of orders, old days, and pages that stay kept."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.api import Money, Site, cancel_order, execute, mark_paid, rows, state_of, switch_off, transaction, value
from core.testing.browser import DESKTOP, PHONE, View, axe_violations, scrolls_sideways
from core.testing.panel import AtPanel
from core.testing.shop import PASSWORD
from plugins.pulse.models import ALL, PAGE, WORDS
from plugins.pulse.services import ageing, counting, importing, orders, reading
from plugins.pulse.services.counting import Key

from .conftest import FIREFOX, NOON


@pytest.fixture
def panel(counters: Any, at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    del counters
    turn_on("pulse")
    return at_panel


def test_an_empty_page_says_what_to_do_in_both_languages(panel: AtPanel) -> None:
    page = panel.get("/panel/pulse")
    assert "Nothing counted yet" in page
    assert "forgotten with the day" in page
    assert "Orders and their money are counted without JavaScript too" in page
    assert "还没有统计" in panel.get("/zh-cn/panel/pulse")


def test_the_file_has_the_figures_of_the_table(
    panel: AtPanel, site: Site, tell: Any, sell: Any, order: Any, outbox: Any, clock: Any
) -> None:
    lamp = sell("LAMP", 8950, stock=9, name="Lamp")
    clock.set(NOON - timedelta(days=8))
    tell(site)
    clock.set(NOON)
    tell(site, "product", product=lamp.product_id)
    tell(site, "product", product=lamp.product_id, address="203.0.113.8")
    order(lamp)
    outbox.deliver()

    page = panel.get("/panel/pulse?days=7&show=views")
    written = list(csv.reader(io.StringIO(panel.get("/panel/pulse/days.csv?days=7&show=views"))))

    body = re.search(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    assert body
    shown = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body[1].split("<tr>")[1:]]
    assert written[0] == ["day", "visits", "views", "orders", "sales", "paid", "received", "views_before", "currency"]
    assert len(shown) == len(written) - 1 == 7
    assert written[1] == ["2026-03-10", "2", "2", "1", "89.50", "0", "0.00", "0", "EUR"]
    assert written[2][7] == "1"  # 9 March beside 2 March
    for cells, line in zip(shown, written[1:], strict=True):
        assert [cell.lstrip("€") for cell in cells[1:]] == line[1:8]
    assert ">Lamp</a>" in page
    assert "style=" not in page


def test_a_sale_is_what_the_order_itself_says(panel: AtPanel, site: Site, sell: Any, order: Any) -> None:
    """Three vases; one was claimed at a cent more than a third, and the two others are cancelled."""
    del panel
    placed = order(sell("VASE", 333, stock=3), 3)
    with transaction():
        execute("UPDATE order_line SET allocated = 0, shipped = 1, cancelled = 2, claimed = 1, claimed_amount = 334")
    orders.note(site, placed.id)
    assert value("SELECT amount FROM pulse_order WHERE order_id = ?", placed.id) == 334


def test_orders_and_money_equal_the_tables_of_orders(
    panel: AtPanel, site: Site, sell: Any, order: Any, outbox: Any, clock: Any
) -> None:
    del panel
    lamp, vase = sell("LAMP", 8950, stock=50), sell("VASE", 333, stock=50)
    before = order(lamp)
    placed = []
    for hours, item, count in ((-200, lamp, 1), (-30, vase, 3), (-13, lamp, 2), (-12, vase, 1), (0, lamp, 1)):
        clock.set(NOON + timedelta(hours=hours))
        placed.append(order(item, count))
    clock.set(NOON + timedelta(hours=1))
    mark_paid(state_of(site.id), placed[1].id, actor="system")
    cancel_order(site, placed[2].id, actor="system", reason="wish")
    outbox.deliver()
    orders.note(site, placed[1].id)  # told twice
    assert before.id

    found = reading.report(site, 30, "en")

    zone, sums, paid = ZoneInfo(site.timezone), dict[date, list[int]](), dict[date, int]()
    for at, total, gone, left in rows(
        "SELECT o.placed_at, o.total, (SELECT SUM(l.total * l.cancelled / l.ordered) FROM order_line l WHERE"
        " l.order_id = o.id), (SELECT SUM(l.ordered - l.cancelled) FROM order_line l WHERE l.order_id = o.id)"
        " FROM orders o WHERE o.site_id = ?",
        site.id,
    ):
        if left:
            day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone).date()
            counted = sums.setdefault(day, [0, 0])
            counted[:] = [counted[0] + 1, counted[1] + total - gone]
    for at, amount in rows("SELECT at, amount FROM payment_fact WHERE kind = 'captured'"):
        day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone).date()
        paid[day] = paid.get(day, 0) + amount
    assert {day.day: [day.now.orders, day.now.sales] for day in found.days if day.now.orders} == sums
    assert {day.day: day.now.received for day in found.days if day.now.received} == paid
    assert sum(count for count, _ in sums.values()) == 5
    assert sum(paid.values()) == 999


def test_orders_from_before_the_plugin_follow(
    panel: AtPanel, site: Site, sell: Any, order: Any, outbox: Any, clock: Any
) -> None:
    del panel
    switch_off(site.id, "pulse", "system")
    order(sell("LAMP", 8900, stock=5))
    outbox.deliver()
    assert reading.report(site, 7, "en").total.orders == 0
    orders.catch_up(site)
    orders.catch_up(site)
    assert reading.report(site, 7, "en").total.sales == 8900
    clock.move(days=8)
    assert reading.report(site, 7, "en").before.orders == 1


def test_days_are_summed_by_months_after_400_days(
    panel: AtPanel, site: Site, sell: Any, order: Any, outbox: Any, clock: Any
) -> None:
    del panel
    placed = order(sell("LAMP", 8900, stock=5))
    mark_paid(state_of(site.id), placed.id, actor="system")
    outbox.deliver()
    with transaction():
        days = ("2026-03-09", "2026-03-10", "2026-03-11")
        counting.store({Key(site.id, day, PAGE, ALL): (10, 3) for day in days})
        counting.store({Key(site.id, "2026-03-09", WORDS, f"word {at}"): (1, 0) for at in range(100)})
        counting.store({Key(site.id, "2026-03-10", WORDS, f"term {at}"): (1, 0) for at in range(100)})
    clock.move(days=401)
    ageing.roll_up(site)
    ageing.roll_up(site)
    orders.note(site, placed.id)  # an old event told again changes nothing

    (month,) = reading.report(site, 7, "en").months
    assert (month.period, month.views, month.visits) == ("2026-03", 20, 6)
    assert (month.orders, month.sales) == (1, Money(8900, "EUR"))
    assert value("SELECT COUNT(*) FROM pulse_count WHERE what = 'words'") == 200
    assert value("SELECT COUNT(*) FROM pulse_order") == 0
    assert value("SELECT views FROM pulse_count WHERE period = '2026-03-11'") == 10
    assert not reading.report(site, 7, "en").is_empty


def test_pages_stay_kept_for_everybody_and_a_get_counts_nothing(
    panel: AtPanel, site: Site, sell: Any, browse: Any, statements: Any
) -> None:
    lamp = sell("LAMP", 8900, name="Lamp")
    for path in ("/", "/p/lamp"):
        text = browse(site, path).text
        with statements() as taken:
            assert browse(site, path).text == text
        assert len(taken) <= 3, taken
    assert f'data-pulse-product="{lamp.product_id}"' in text
    assert 'data-kind="product"' in text
    assert 'data-pulse-words="red &#34;lamp"' in browse(site, '/search?q=red "lamp').text
    assert counting.COUNTERS.waiting(site) == {}
    del panel


def test_a_preview_of_a_theme_is_not_counted(panel: AtPanel) -> None:
    found = re.search(r'src="(/preview/[^"]+)"', panel.get("/panel/theme"))
    assert found
    shown = panel.get(found[1])
    assert 'class="page' in shown
    assert "data-pulse" not in shown


def test_off_it_leaves_no_trace(panel: AtPanel, site: Site, sell: Any, browse: Any, tell: Any) -> None:
    sell("LAMP", 8900)
    assert "pulse" in browse(site, "/p/lamp").text
    switch_off(site.id, "pulse", "system")
    for path in ("/", "/p/lamp", "/cart"):
        assert "pulse" not in browse(site, path).text
    assert tell(site) == 404
    panel.get("/panel/pulse", 404)


@pytest.mark.parametrize("view", [PHONE, pytest.param(DESKTOP, marks=pytest.mark.slow)], ids=str)
def test_a_browser_tells_of_its_pages_and_the_panel_is_accessible(
    serve_pulse: Any, browser: Any, page: Any, view: View, shot: Any
) -> None:
    server = serve_pulse
    visitor = browser.new_context(user_agent=FIREFOX)
    tab = visitor.new_page()
    for path in ("/", "/p/lamp", "/search?q=Lamp", "/p/nothing-here"):
        with_beacon = path != "/p/nothing-here"
        if with_beacon:
            with tab.expect_response("**/pulse/count") as told:
                tab.goto(server.url(path, host="shop.localhost"))
            assert told.value.status == 204
        else:
            tab.goto(server.url(path, host="shop.localhost"))
    assert visitor.cookies() == []
    assert "pulse" not in tab.evaluate("JSON.stringify([localStorage, sessionStorage])")
    visitor.close()
    page.goto(server.url("/panel/pulse", host="shop.localhost"))
    page.fill("[name=email]", "owner@example.com")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.goto(server.url("/panel/pulse?days=7", host="shop.localhost"))
    assert page.locator(".figure dd.value").nth(1).inner_text() == "3"
    for fold in page.locator("details.fold > summary").all():
        fold.click()
    assert axe_violations(page) == []
    assert not scrolls_sideways(page)
    shot("pulse")


# -- figures from elsewhere --------------------------------------------------------------------------------------------


def test_days_that_were_counted_elsewhere_stand_in_the_report_once(
    panel: AtPanel, site: Site, sell: Any, clock: Any, tmp_path: Any
) -> None:
    clock.set(NOON)
    lamp = sell("LAMP", 8950, name="Lamp")
    day = (NOON - timedelta(days=2)).date()
    lines = [
        "day,what,name,views,visits", f"{day},page,,40,9", f"{day},product,LAMP,7,0", f"{day},words,green lamp,3,",
        f"{day},product,NOPE,1,0", f"{day},page,nonsense,1,1", f"{day},page,home,many,1", "yesterday,page,,4,4",
    ]  # fmt: skip
    file = tmp_path / "days.csv"
    file.write_text("\n".join(lines))

    assert importing.import_file(site, str(file)) == (3, [5, 6, 7, 8])
    assert importing.import_file(site, str(file)) == (0, [5, 6, 7, 8])

    report = reading.report(site, 7, "en")
    assert (report.total.views, report.total.visits) == (40, 9)
    assert [(one.code, one.views) for one in report.lists["product"]] == [(str(lamp.product_id), 7)]
    assert "green lamp" in panel.get("/panel/pulse/?days=7")
