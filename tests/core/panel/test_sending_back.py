"""What the merchant says of sending goods back, and where shoppers read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.hookspecs.site import Site
from core.kernel import db
from core.orders.services.read import order_view
from core.orders.services.ship import ship
from tests.core.panel.conftest import Panel, words

WORDS = {"name-en": "Arc lamp", "tax_class": "standard"}


def category(panel: Panel, name: str, **form: str) -> int:
    answer = panel.post("/panel/categories/new", {"name-en": name, **form})
    assert answer.status_code == 303, answer.text
    return int(db.value("SELECT MAX(id) FROM category"))


def put(panel: Panel, product_id: int, categories: list[int], **form: str) -> Any:
    version = db.value("SELECT version FROM product WHERE id = ?", product_id)
    ids = [str(one) for one in categories]
    return panel.post(f"/panel/products/{product_id}", {**WORDS, "version": str(version), "categories": ids, **form})


def shown(panel: Panel, site: Site, lamp: Any) -> str:
    path = db.value(
        "SELECT path FROM slug WHERE kind = 'product' AND ref = ? AND site_id = ?", lamp.product_id, site.id
    )
    return words(panel.get(f"/p/{path}"))


def test_what_is_said_of_a_category_or_product_stands_on_its_page_and_holds_for_what_is_ordered_then(
    panel: Panel, site: Site, sell: Callable[..., Any], order: Callable[..., Any]
) -> None:
    lamp = sell("LAMP", 8900, stock=9, name="Arc lamp")
    assert "You can send it back for 14 days" in shown(panel, site, lamp)
    textiles = category(panel, "Textiles", returns="days", returns_days="30")
    below = category(panel, "Bedding", parent=str(textiles))
    assert put(panel, lamp.product_id, [below], returns="").status_code == 303
    assert "You can send it back for 30 days" in shown(panel, site, lamp)
    bought = order(lamp)
    panel.post(f"/panel/categories/{below}", {"name-en": "Bedding", "parent": str(textiles), "returns": "hygiene"})
    said = shown(panel, site, lamp)
    assert "For reasons of hygiene this cannot be sent back" in said
    assert "Only if it came damaged" in said
    later = order(lamp)
    for placed, returns in ((bought, "30"), (later, "hygiene")):
        ship(site, placed.id, actor="staff:1")
        view = order_view(placed.id)
        assert view is not None
        assert view.lines[0].returns == returns
    assert "Until" in words(panel.get(f"/order/{bought.secret}/return"))
    assert "For reasons of hygiene" in words(panel.get(f"/order/{later.secret}/return"))
    put(panel, lamp.product_id, [below], returns="shop")
    assert "You can send it back for 14 days" in shown(panel, site, lamp)


def test_what_says_nothing_is_refused_beside_its_field(panel: Panel, sell: Callable[..., Any]) -> None:
    lamp = sell("LAMP", 8900, name="Arc lamp")
    for wrong, at in (
        ({"returns": "voucher"}, "returns"),
        ({"returns": "days", "returns_days": "soon"}, "returns_days"),
    ):
        for answer in (
            put(panel, lamp.product_id, [], **wrong),
            panel.post("/panel/categories/new", {"name-en": "X", **wrong}),
        ):
            assert answer.status_code == 422
            assert f'id="{at}-error"' in answer.text
    assert db.value("SELECT returns FROM product") == ""


def test_reasons_are_switched_off_and_given_days_of_their_own(
    panel: Panel, site: Site, sell: Callable[..., Any], order: Callable[..., Any]
) -> None:
    placed = order(sell("LAMP", 8900, stock=9))
    ship(site, placed.id, actor="staff:1")
    page = panel.get("/panel/returns/rules").text
    assert 'name="offer-missing"' in page
    form = {"window_days": "14", "claim_days": "730", "restocking": "", "return_delivery": "", "reasons": "1"}
    offered = {"offer-changed_mind": "1", "offer-faulty": "1"}
    assert panel.post("/panel/returns/rules", {**form, **offered, "reason-faulty": "many"}).status_code == 422
    assert "Leave at least one reason" in words(panel.post("/panel/returns/rules", form))
    assert panel.post("/panel/returns/rules", {**form, **offered, "reason-faulty": "60"}).status_code == 303
    asked = panel.get(f"/order/{placed.secret}/return").text
    assert "Changed my mind" in asked
    assert "Does not fit" not in asked
