"""What takes something away offers to bring it back, and a press on that does."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.testing.browser import DESKTOP_WITHOUT_SCRIPTS, PHONE_WITHOUT_SCRIPTS, View
from core.testing.shop import Told
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_pages import _answered_by

if TYPE_CHECKING:
    from playwright.sync_api import Page


def _undo(panel: Panel, answer: Any) -> str:
    """Press the button of the note that the page after `answer` shows; answers the words of the page after that."""
    page = panel.follow(answer).get_data(as_text=True)
    found = re.search(r'<div class="toast".*?<form method="post" action="([^"]+)"', page, re.DOTALL)
    assert found is not None, page[-3000:]
    return words(panel.follow(panel.post(unescape(found[1]))))


def test_a_plugin_that_was_switched_off(panel: Panel) -> None:
    panel.post("/panel/plugins/coupons/switch", {"on": "1", "was": "off"})
    assert "Coupons is on." in _undo(panel, panel.post("/panel/plugins/coupons/switch", {"was": "on"}))
    assert panel.get("/panel/coupons/").status_code == 200


def test_a_role(panel: Panel) -> None:
    panel.post("/panel/installation/roles/new", {"name": "Packers", "permissions": ["orders.view", "orders.ship"]})
    role = db.value("SELECT id FROM role WHERE name = 'Packers'")
    assert "Packers" in _undo(panel, panel.post(f"/panel/installation/roles/{role}/delete"))
    assert "orders.ship" in db.value("SELECT permissions FROM role WHERE name = 'Packers'")


def test_a_correction_of_stock(panel: Panel, sell: Any) -> None:
    lamp = sell("LAMP", 8900, stock=5)
    said = _undo(panel, panel.post(f"/panel/stock/{lamp.variant_id}", {"delta": "-2", "reason": "Broken"}))
    assert "5 pieces are there now" in said
    assert db.value("SELECT on_hand FROM stock_level WHERE variant_id = ?", lamp.variant_id) == 5


def test_work_that_was_let_go(panel: Panel, outbox: Told) -> None:
    with db.transaction():
        jobs.enqueue("nobody.knows", {}, key="once")
    outbox.deliver()
    job = db.value("SELECT id FROM job WHERE state = 'dead'")
    said = _undo(panel, panel.post(f"/panel/installation/jobs/{job}/drop"))
    assert "It waits for you again." in said
    assert "nobody.knows" in said
    assert "let the work nobody.knows go" in words(panel.get("/panel/activity"))


def test_the_key_of_work_that_was_let_go_is_free(outbox: Told) -> None:
    with db.transaction():
        jobs.enqueue("nobody.knows", {}, key="once")
    outbox.deliver()
    assert jobs.drop(db.value("SELECT id FROM job WHERE state = 'dead'"))
    with db.transaction():
        jobs.enqueue("nobody.knows", {}, key="once")
    assert db.value("SELECT COUNT(*) FROM job WHERE state = 'ready'") == 1


def test_a_category_and_a_product(panel: Panel, sell: Any) -> None:
    lamp = sell("LAMP", 8900, name="Arc lamp")
    panel.post("/panel/categories/new", {"name-en": "Lighting"})
    category = db.value("SELECT id FROM category")
    delete = f"/panel/categories/{category}/delete"
    for page in ("/panel/categories", f"/panel/categories/{category}"):
        assert f'action="{delete}"' in panel.get(page).get_data(as_text=True)
    assert "Lighting" in _undo(panel, panel.post(delete))
    assert "deleted the category Lighting" in words(panel.get("/panel/activity"))
    assert "Arc lamp" in _undo(panel, panel.post(f"/panel/products/{lamp.product_id}/delete"))


def test_the_words_of_a_category_in_a_language(panel: Panel, client: Any, site: Site) -> None:
    chinese = {
        "name-zh-CN": "灯",
        "body-zh-CN": "<p>很暖</p>",
        "seo_title-zh-CN": "灯具",
        "seo_description-zh-CN": "各种灯",
    }
    panel.post("/panel/categories/new", {"name-en": "Lighting", "visible": "1", **chinese})
    path = f"/panel/categories/{db.value('SELECT id FROM category')}"
    kept, english = "SELECT * FROM category_text WHERE language = 'zh-CN'", {"name-en": "Lighting", "visible": "1"}
    stored = db.rows(kept.replace("*", "name, body_html, seo_title, seo_description"))
    # Nothing is said to be saved that is not, and a form that does not speak of a language leaves it alone.
    refused = panel.post(path, {**english, **chinese, "name-zh-CN": ""})
    assert refused.status_code == 422
    assert "Give the category a name, or empty all words of this language to remove it." in words(refused)
    refused = panel.post(path, {"name-en": "", **chinese})
    assert f"Give the category a name. This is the first language of {site.name}." in words(refused)
    assert panel.post(path, english).status_code == 303
    assert len(db.rows(kept)) == 1

    answer = panel.post(path, {**english, **dict.fromkeys(chinese, "")})
    assert db.rows(kept) == []
    fallen = client.get(f"/zh-cn/c/{quote('灯')}", base_url=f"https://{site.host}")
    assert "Lighting" in fallen.text
    shown = panel.follow(answer).get_data(as_text=True)
    assert "Saved. There are no words in 中文 any more." in shown
    undo = re.search(r'<form method="post" action="([^"]+/words/\d+)"', shown)
    assert undo
    for _ in range(2):
        assert "The words are back." in words(panel.follow(panel.post(undo[1])))
        assert db.rows(kept.replace("*", "name, body_html, seo_title, seo_description")) == stored
    assert panel.post(f"{path}/words/1").status_code == 404


def test_a_search_that_led_somewhere(panel: Panel) -> None:
    panel.post("/panel/search-leads", {"words": "couch", "kind": "also", "also": "sofa"})
    assert "also “sofa”" in _undo(panel, panel.post("/panel/search-leads/remove", {"words": "Couch"}))
    assert "let searches for “couch” find what they find" in words(panel.get("/panel/activity"))


def test_a_draft_of_an_order(panel: Panel, sell: Any) -> None:
    sell("LAMP", 8900, stock=5, name="Lamp")
    panel.post("/panel/drafts/new", {"act": "save", "key": "one", "sku-0": "LAMP", "qty-0": "2"})
    draft = db.value("SELECT id FROM order_draft")
    assert "The draft is back." in _undo(panel, panel.post(f"/panel/drafts/{draft}/drop"))
    assert panel.post(f"/panel/drafts/{draft}/restore").status_code == 404


@pytest.mark.parametrize("view", [PHONE_WITHOUT_SCRIPTS, DESKTOP_WITHOUT_SCRIPTS], ids=str)
def test_without_a_script_the_note_covers_nothing_for_good(page: Page, panel: Panel, sell: Any, view: View) -> None:
    del view
    lamp = sell("LAMP", 8900)
    panel.post(f"/panel/products/{lamp.product_id}/delete")
    _answered_by(panel, page)
    page.goto("http://shop.test/panel/products")
    assert page.get_by_role("button", name="Undo").is_visible()
    assert not page.get_by_role("button", name="Dismiss").is_visible()
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    sheet, note = (page.locator(place).bounding_box() or {} for place in ("main", ".toast"))
    assert sheet["y"] + sheet["height"] <= note["y"]
