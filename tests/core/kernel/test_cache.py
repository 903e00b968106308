"""A kept page is true: it ends with any change to what it shows, in every process, and holds nothing personal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.kernel import cache, db
from core.lib import clock

PAGE = """
from core.api import *
import core.lib.clock as c
VIEWS = Views("/probe")
calls = []

@VIEWS.get("/page")
@public
@cacheable
def page():
    calls.append(1)
    depends("product:1", until=UNTIL and c.now() + UNTIL)
    said = value("SELECT n FROM counter WHERE name = 'shown'")
    return f"{said} {len(calls)} {language()} {current_currency()}"

@VIEWS.get("/mine")
@public
@cacheable
def mine():
    calls.append(1)
    toasts = __import__("core.kernel.respond", fromlist=["x"]).notes()
    from flask import session
    return f"{session.get('x')} {len(calls)}"

PLUGIN = Plugin(name="probe", version="1", title="Probe", shop=VIEWS)
"""


@pytest.fixture
def page(write_plugin, turn_on, sites, browse):
    from core.kernel.site_verbs import edit_site

    edit_site(sites[0].id, {"currencies": ["USD"]}, "system")
    write_plugin("probe", PAGE.replace("UNTIL", "None"))
    with db.transaction():
        db.execute("INSERT INTO counter (name, n) VALUES ('shown', 1)")
    turn_on("probe")
    return lambda path="/probe/page", **options: browse(sites[0], path, **options).text


def show(n, *tags):
    with db.transaction():
        db.execute("UPDATE counter SET n = ? WHERE name = 'shown'", n)
        cache.touch(*tags)


def test_a_page_is_rendered_once_and_again_after_a_change_to_what_it_shows(page):
    assert page() == page() == "1 1 en EUR"
    show(2, "product:1")
    assert page() == page() == "2 2 en EUR"


def test_a_change_to_something_else_keeps_the_page(page):
    first = page()
    show(2, "product:99")
    assert page() == first


def test_languages_and_currencies_have_pages_of_their_own(page):
    assert page() == "1 1 en EUR"
    assert page("/zh-cn/probe/page") == "1 2 zh-CN EUR"
    assert page(cookies={"currency": "USD"}) == "1 3 en USD"
    assert page(cookies={"currency": "XYZ"}) == "1 1 en EUR", "not sold in that currency: the site's own page"


def test_a_head_request_does_not_empty_the_page_for_others(page):
    page(method="HEAD")
    assert page() == "1 2 en EUR"


def test_a_page_that_reads_something_personal_is_not_kept(page, monkeypatch):
    from msgspec.structs import replace

    from core.kernel.installation import installation

    monkeypatch.setattr(installation(), "config", replace(installation().config, testing=False))
    assert page("/probe/mine") == "None 1"
    assert page("/probe/mine") == "None 2"


def test_in_a_test_such_a_page_is_an_error_of_its_author(page):
    assert "None" not in page("/probe/mine")


def test_a_page_ends_at_its_time(write_plugin, turn_on, sites, browse):
    write_plugin("probe", PAGE.replace("UNTIL", "__import__('datetime').timedelta(minutes=5)"))
    with db.transaction():
        db.execute("INSERT INTO counter (name, n) VALUES ('shown', 1)")
    turn_on("probe")
    at = clock.now()
    with clock.freeze(at) as frozen:
        assert browse(sites[0], "/probe/page").text == "1 1 en EUR"
        frozen.set(at + timedelta(minutes=4))
        assert browse(sites[0], "/probe/page").text == "1 1 en EUR"
        frozen.set(at + timedelta(minutes=5))
        assert browse(sites[0], "/probe/page").text == "1 2 en EUR"


def test_a_change_made_while_a_page_is_rendered_is_not_lost(page, sites, browse, monkeypatch):
    """The clock is read before the page reads its data: what commits in between makes the page stale."""
    from core.kernel import front

    asked = front.read_epoch

    def change_right_after():
        read = asked()
        monkeypatch.setattr(front, "read_epoch", asked)
        show(7, "product:1")
        return read

    monkeypatch.setattr(front, "read_epoch", change_right_after)
    page()
    show_again = page()
    assert show_again.startswith("7 ")


def test_the_least_used_pages_leave_when_the_room_is_full():
    pages = cache.PageCache(80_000, cache.Versions())
    for n in range(40):
        pages.put(n, cache.Page("200 OK", (), b"x" * 4000, 1, (), None))
    assert pages.get(0, 1) is None
    assert pages.get(39, 1) is not None


def statements(page, path="/probe/page"):
    with db.counted() as said:
        page(path)
    return [one for one in said if "tag_version" in one]


def test_what_was_touched_is_read_once_however_much_is_kept(page):
    page(), page("/zh-cn/probe/page")
    assert not statements(page), "nothing was touched since"
    show(2, "product:99")
    assert len(statements(page)) == 1
    assert not statements(page, "/zh-cn/probe/page"), "the first page has read it for all"


def test_after_very_much_was_touched_everything_older_is_made_anew(page, monkeypatch):
    monkeypatch.setattr(cache, "_MANY", 2)
    assert page().startswith("1 1 ")
    show(2, "product:7", "product:8", "product:9")
    assert page().startswith("2 2 ")
    assert page().startswith("2 2 ")
