"""A list as somebody narrowed it, kept under a name: theirs alone, on this site alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from core.app import App
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.lib.errors import Refused
from core.panel.saved import services
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


def test_names_that_differ_in_case_and_spaces_are_one_name(panel: Panel) -> None:
    for name, query in (("Red lamps", "q=a"), (" RED  lamps ", "q=b"), ("red Lamps", "q=c")):
        panel.post("/panel/views/orders", {"name": name, "query": query})
    assert db.rows("SELECT name, query FROM saved_view") == [("Red lamps", "q=c")]
    panel.post("/panel/views/orders", {"name": "Mine", "query": "q=lamp"})
    view = db.value("SELECT id FROM saved_view WHERE name = ?", "Mine")
    refused = panel.follow(panel.post(f"/panel/views/{view}/rename", {"name": "red LAMPS"}))
    assert "You have another view called “Red lamps”." in words(refused)
    panel.post(f"/panel/views/{view}/rename", {"name": "MINE"})
    assert db.rows("SELECT name FROM saved_view WHERE id = ?", view) == [("MINE",)], "its own name in other letters"


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


@pytest.mark.parametrize("name", ["All", "to ship", "  All "])
def test_a_view_is_not_called_like_one_that_the_list_has(panel: Panel, name: str) -> None:
    said = panel.follow(panel.post("/panel/views/orders", {"name": name, "query": "q=lamp"}))
    assert "Choose another name." in words(said)
    assert db.value("SELECT COUNT(*) FROM saved_view") == 0


def test_the_names_of_the_list_are_refused_in_the_language_they_are_read_in(app: App, site: Site) -> None:
    for place in services.PLACES:
        with i18n.speaking("zh-CN"), pytest.raises(Refused):
            services.keep(site, 1, place, "全部", "q=lamp")


def test_a_view_gets_another_name_and_the_old_one_back(panel: Panel) -> None:
    panel.post("/panel/views/orders", {"name": "Mine", "query": "q=lamp"})
    view = db.value("SELECT id FROM saved_view")
    said = panel.follow(panel.post(f"/panel/views/{view}/rename", {"name": "Lamps"}))
    assert "“Mine” is called “Lamps” now." in words(said)
    assert db.rows("SELECT name, query FROM saved_view") == [("Lamps", "q=lamp")]
    undo = re.search(r'action="(/panel/views/[0-9]+/rename\?[^"]+)"', said.get_data(as_text=True))
    assert undo is not None
    panel.post(unescape(undo[1]))
    assert db.rows("SELECT name FROM saved_view") == [("Mine",)]


@pytest.mark.parametrize(
    ("name", "why"),
    [(" ", "Give the view a name."), ("All", "Choose another name."), ("Other", "You have another view")],
)
def test_a_name_that_a_view_cannot_have_leaves_it_as_it_is(panel: Panel, name: str, why: str) -> None:
    for kept in ("Other", "Mine"):
        panel.post("/panel/views/orders", {"name": kept, "query": f"q={kept}"})
    view = db.value("SELECT id FROM saved_view WHERE name = ?", "Mine")
    answer = panel.post(f"/panel/views/{view}/rename", {"name": name})
    assert answer.headers["Location"].endswith("/panel/orders?q=Mine")
    assert why in words(panel.follow(answer))
    assert db.value("SELECT name FROM saved_view WHERE id = ?", view) == "Mine"


def test_nobody_else_renames_it(panel: Panel, colleague: Callable[..., Panel]) -> None:
    panel.post("/panel/views/orders", {"name": "Mine", "query": "q=lamp"})
    view = db.value("SELECT id FROM saved_view")
    assert colleague({"orders.view"}).post(f"/panel/views/{view}/rename", {"name": "Theirs"}).status_code == 404
