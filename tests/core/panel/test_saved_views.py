"""A list as somebody narrowed it, kept under a name: theirs alone, on this site alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from tests.core.panel.conftest import Panel, words


@pytest.mark.parametrize("place", ["orders", "products"])
def test_a_view_is_kept_opened_and_forgotten(panel: Panel, place: str, sell: Any) -> None:
    sell("LAMP", 8900)
    narrowed = panel.get(f"/panel/{place}?q=lamp").get_data(as_text=True)
    assert "Save this view" in narrowed
    assert "Save this view" not in panel.get(f"/panel/{place}").get_data(as_text=True)
    page = panel.follow(panel.post(f"/panel/views/{place}", {"name": "All lamps", "query": "q=lamp&after=5.5"}))
    text = unescape(page.get_data(as_text=True))
    assert f'<a href="/panel/{place}?q=lamp" aria-current="page">All lamps' in text
    assert text.count('aria-current="page"') == 2  # The view's, and the one in the menu.
    view = db.value("SELECT id FROM saved_view")
    assert "is forgotten" in words(panel.follow(panel.post(f"/panel/views/{view}/forget")))
    assert "All lamps" not in words(panel.get(f"/panel/{place}"))


def test_a_view_without_a_name_is_refused_and_the_list_stays_narrowed(panel: Panel) -> None:
    answer = panel.post("/panel/views/orders", {"name": " ", "query": "q=lamp"})
    assert answer.headers["Location"].endswith("/panel/orders?q=lamp")
    assert "Give the view a name." in words(panel.follow(answer))


def test_a_view_of_the_same_name_is_replaced_and_the_old_one_can_be_had_back(panel: Panel) -> None:
    for query in ("q=a", "q=b"):
        said = panel.follow(panel.post("/panel/views/orders", {"name": "Mine", "query": query}))
    assert db.rows("SELECT query FROM saved_view") == [("q=b",)]
    assert "before it held something else" in words(said)
    undo = re.search(r'action="(/panel/views/orders\?[^"]+)"', said.get_data(as_text=True))
    assert undo is not None
    panel.post(unescape(undo[1]))
    assert db.rows("SELECT query FROM saved_view") == [("q=a",)]


def test_nobody_else_sees_or_forgets_it(panel: Panel, colleague: Callable[..., Panel], other_site: Site) -> None:
    panel.post("/panel/views/orders", {"name": "Mine", "query": "q=lamp"})
    view = db.value("SELECT id FROM saved_view")
    theirs = colleague({"orders.view"})
    assert "Mine" not in words(theirs.get("/panel/orders"))
    assert theirs.post(f"/panel/views/{view}/forget").status_code == 404
    with db.transaction():
        db.execute("UPDATE saved_view SET site_id = ?", other_site.id)
    assert panel.post(f"/panel/views/{view}/forget").status_code == 404
    assert db.value("SELECT COUNT(*) FROM saved_view") == 1
