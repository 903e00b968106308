"""The panel's pages as staff use them, and the shop's pages as prices turn."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.api import Money, Site, execute, order_view, replace, transaction
from core.testing.panel import AtPanel
from plugins.sale_prices import services

# Pages of the panel, in words.
pytestmark = pytest.mark.once

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def noon(clock: Any) -> Any:
    clock.set(NOON)
    return clock


@pytest.fixture
def panel(noon: Any, at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    del noon
    turn_on("sale_prices")
    return at_panel


FORM = {
    "name": "Spring",
    "kind": "percent",
    "percent": "20",
    "scope": "everything",
    "for": "everybody",
    "active": "1",
    "starts": "2026-03-11T09:00",
    "ends": "2026-03-12T09:00",
}


def test_an_empty_list_says_what_to_do(panel: AtPanel) -> None:
    assert "No sale yet" in panel.get("/panel/sale_prices")
    assert "还没有促销" in panel.get("/zh-cn/panel/sale_prices")


def test_a_sale_is_added_changed_copied_ended_and_removed(
    panel: AtPanel, site: Site, noon: Any, sell: Callable[..., Any]
) -> None:
    sell("LAMP", 8900, name="Lamp")
    panel.get("/panel/sale_prices/new")
    panel.post("/panel/sale_prices/new", **FORM)
    page = panel.get("/panel/sale_prices")
    assert "Planned" in page
    assert "20 %" in page
    (row,) = services.listed(site)
    path = f"/panel/sale_prices/{row.sale.id}"
    page = panel.get(path)
    assert 'value="2026-03-11T09:00"' in page
    assert "€71.20" in page
    panel.post(path, **{**FORM, "percent": "50", "starts": "2026-03-10T00:00"})
    page = panel.get("/panel/sale_prices")
    assert "Sale is running" in page
    assert "50 %" in page
    noon.move(minutes=1)
    panel.post(f"{path}/copy")
    assert "Switched off" in panel.get("/panel/sale_prices")
    panel.post(f"{path}/end")
    assert "Over" in panel.get("/panel/sale_prices")
    panel.post(f"{path}/remove")
    assert [one.sale.name for one in services.listed(site)] == ["Spring (copy)"]
    panel.post(f"{path}/restore")
    assert sorted(one.sale.name for one in services.listed(site)) == ["Spring", "Spring (copy)"]
    assert "ended the sale Spring" in panel.get("/panel/activity")


def test_the_preview_saves_nothing(panel: AtPanel, site: Site, sell: Callable[..., Any]) -> None:
    sell("LAMP", 8900, name="Lamp")
    page = panel.post("/panel/sale_prices/new", 200, **FORM, act="preview")
    assert "€89.00" in page
    assert "€71.20" in page
    assert "1 variant with a price in EUR." in page
    assert services.listed(site) == []


def test_products_chosen_in_the_list_are_put_on_sale_for_a_time_looked_at_first(
    panel: AtPanel, site: Site, sell: Callable[..., Any]
) -> None:
    lamp, mug = sell("LAMP", 8900, name="Lamp"), sell("MUG", 1250, name="Mug")
    bare = sell("BARE", 3000, name="Bare")
    sell("HAT", 3000, name="Hat")
    with transaction():
        execute("DELETE FROM price WHERE variant_id = ?", bare.variant_id)
    assert "Put on sale" in panel.get("/panel/products")
    chosen = [str(item.product_id) for item in (lamp, mug, bare)]
    form = panel.follow("/panel/products/bulk", act="sale_prices.new", n=chosen)
    assert all(sku in form for sku in ("LAMP", "MUG", "BARE"))
    assert "HAT" not in form
    assert services.listed(site) == []

    sale = {**FORM, "scope": "chosen", "product_skus": "LAMP\nMUG\nBARE", "rounding": "99"}
    page = panel.post("/panel/sale_prices/new", 200, **sale, act="preview")
    # 20 % off 89.00 is 71.20, off 12.50 it is 10.00; both down to .99.
    for price in ("€89.00", "€70.99", "€12.50", "€9.99"):
        assert price in page
    assert "Nothing happens to one that has no price here: BARE" in page
    saved = panel.follow("/panel/sale_prices/new", **sale)
    assert "€70.99" in saved
    assert "BARE" in saved
    (row,) = services.listed(site)
    assert f"/panel/sale_prices/{row.sale.id}/remove" in saved.split('class="toast"', 1)[1]
    panel.post(f"/panel/sale_prices/{row.sale.id}/remove")
    assert services.listed(site) == []


def test_a_long_preview_is_turned_page_by_page(
    panel: AtPanel, site: Site, sell: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.sale_prices.services.preview.SHOWN", 2)
    for sku in ("ONE", "TWO", "THREE"):
        sell(sku, 1000, name=sku.title())
    page = panel.post("/panel/sale_prices/new", 200, **FORM, act="preview")
    assert "1 to 2:" in page
    assert 'value="preview:2"' in page
    page = panel.post("/panel/sale_prices/new", 200, **FORM, act="preview:2")
    assert "3 to 3:" in page
    assert "€8.00" in page
    panel.post("/panel/sale_prices/new", **FORM)
    (row,) = services.listed(site)
    page = panel.get(f"/panel/sale_prices/{row.sale.id}")
    assert "from=2#preview" in page
    assert "3 to 3:" in panel.get(f"/panel/sale_prices/{row.sale.id}?from=2")


def test_refusals_stand_beside_their_fields(panel: AtPanel) -> None:
    assert "Write a percentage from 0.01 to 100." in panel.post(
        "/panel/sale_prices/new", 422, **{**FORM, "percent": "0"}
    )
    assert "There is no product with the SKU GONE." in panel.post(
        "/panel/sale_prices/new", 422, **{**FORM, "scope": "chosen", "skus": "GONE"}
    )


def test_price_lists_go_in_and_out(panel: AtPanel, site: Site, sell: Callable[..., Any]) -> None:
    sell("LAMP", 8900)
    text = b"sku,currency,price,from,until\nLAMP,EUR,50,,\n"
    panel.get("/panel/sale_prices/import")
    panel.post("/panel/sale_prices/import", name="List", file=(io.BytesIO(text), "list.csv"))
    (row,) = services.listed(site)
    assert "LAMP,EUR,50.00" in panel.get(f"/panel/sale_prices/{row.sale.id}/prices.csv")
    broken = text.replace(b"LAMP", b"GONE")
    page = panel.post("/panel/sale_prices/import", 422, name="List", file=(io.BytesIO(broken), "list.csv"))
    assert "There is no product with the SKU GONE." in page
    panel.post("/panel/sale_prices/import", 422, name="", file=(io.BytesIO(text), "list.csv"))
    panel.post("/panel/sale_prices/import", 422, name="List")


def test_nobody_else_sees_it(panel: AtPanel) -> None:
    panel.post("/panel/logout")
    for path in ("", "/new", "/1", "/1/prices.csv", "/import"):
        panel.get(f"/panel/sale_prices{path}", 303)
    panel.post("/panel/sale_prices/new", 303, **FORM)


def test_what_is_not_there_is_not_found(panel: AtPanel) -> None:
    for path in ("/99", "/99/prices.csv"):
        panel.get(f"/panel/sale_prices{path}", 404)
    for path in ("/99/end", "/99/copy", "/99/remove"):
        panel.post(f"/panel/sale_prices{path}", 404)
    panel.post("/panel/sale_prices/99", 404, **FORM)


# -- in the shop -------------------------------------------------------------------------------------------------------


@pytest.fixture
def turning(
    noon: Any, site: Site, turn_on: Callable[..., None], sell: Callable[..., Any], outbox: Any
) -> Callable[..., int]:
    """`turning(percent="20")`: a lamp at 89.00, and a sale of everything from the 11th at nine for a day."""
    from plugins.sale_prices import forms

    turn_on("sale_prices")
    sell("LAMP", 8900, name="Lamp", stock=5)
    noon.move(minutes=1)
    outbox.deliver()

    def plan(**said: str) -> int:
        saved = services.save_sale(site, forms.parse({**FORM, **said}, site), actor="staff:1")
        outbox.deliver()
        return saved

    return plan


STARTS, ENDS = datetime(2026, 3, 11, 9, tzinfo=UTC), datetime(2026, 3, 12, 9, tzinfo=UTC)


@pytest.mark.parametrize(("path", "is_kept"), [("/p/lamp", True), ("/", True), ("/search?q=lamp", False)])
def test_kept_pages_turn_at_the_very_instant_in_both_directions(
    path: str, is_kept: bool, turning: Any, site: Site, noon: Any, browse: Any, outbox: Any, statements: Any
) -> None:
    turning()

    def shown() -> str:
        text = browse(site, path).text
        with statements() as sql:
            assert browse(site, path).text == text
        assert not is_kept or len(sql) <= 3, "the page was not kept, so this would prove nothing"
        return "reduced" if "€71.20" in text else "full" if "€89.00" in text else "nothing"

    for at, before, after in ((STARTS, "full", "reduced"), (ENDS, "reduced", "full")):
        noon.set(at - MOMENT)
        outbox.deliver()
        assert shown() == before
        noon.set(at)
        outbox.deliver()
        assert shown() == after


def test_without_an_end_in_the_answer_a_kept_page_would_go_on(
    turning: Any, site: Site, noon: Any, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug against which the test above stands guard, planted."""
    real, home = services.answers, "plugins.sale_prices.services"
    endless = lambda *asked: {query: replace(one, until=None) for query, one in real(*asked).items()}  # noqa: E731
    monkeypatch.setattr(f"{home}.answers", endless)
    monkeypatch.setattr(f"{home}.below_price", lambda *_asked: None)
    turning()
    noon.set(STARTS)
    assert "€71.20" in browse(site, "/p/lamp").text
    noon.set(ENDS)
    assert "€71.20" in browse(site, "/p/lamp").text


def test_a_product_page_turns_without_any_job(turning: Any, site: Site, noon: Any, browse: Any) -> None:
    turning()
    seen = []
    for at in (STARTS - MOMENT, STARTS, ENDS - MOMENT, ENDS):
        noon.set(at)
        seen.append("€71.20" in browse(site, "/p/lamp").text)
    assert seen == [False, True, True, False]


def test_an_edit_ends_kept_product_pages_at_once(turning: Any, site: Site, noon: Any, browse: Any) -> None:
    sale_id = turning(starts="2026-03-10T00:00")
    assert "€71.20" in browse(site, "/p/lamp").text
    noon.move(minutes=1)
    services.end_now(site, sale_id, actor="staff:1")
    assert "€71.20" not in browse(site, "/p/lamp").text


def test_the_page_says_until_when_and_the_lowest_price_before(turning: Any, site: Site, noon: Any, browse: Any) -> None:
    turning()
    noon.set(STARTS)
    page = browse(site, "/p/lamp").text
    assert "Lowest price of the 30 days before: €89.00." in page
    assert "Sale price until 12 Mar 2026, 9:00" in page.replace("\u202f", " ")
    page = browse(site, "/zh-cn/p/lamp").text
    assert "此前 30 天最低价：€89.00。" in page


@pytest.mark.once
def test_the_page_of_a_product_on_sale_asks_once_which_sale_it_is(
    turning: Any, site: Site, noon: Any, browse: Any, statements: Any
) -> None:
    turning()
    noon.set(STARTS)
    browse(site, "/p/lamp")
    with statements() as sql:
        assert "Lowest price" in browse(site, "/p/lamp?look=2").text
    assert len([one for one in sql if "sale_prices_item" in one]) == 1


def test_both_words_can_be_switched_off(
    turning: Any, site: Site, noon: Any, browse: Any, turn_on: Callable[..., None]
) -> None:
    turning()
    turn_on("sale_prices", lowest=False, ending=False, other="1")
    noon.set(STARTS)
    page = browse(site, "/p/lamp").text
    assert "€71.20" in page
    assert "Lowest price" not in page
    assert "Sale price until" not in page


def test_a_cart_pays_the_sale_price_and_says_which_sale(
    turning: Any, site: Site, noon: Any, order: Callable[..., Any], sell: Callable[..., Any]
) -> None:
    turning()
    noon.set(STARTS)
    placed = order(sell("CHAIR", 5000, stock=3), 2)
    assert order_view(placed.id, site=site).total == Money(8000, "EUR")
