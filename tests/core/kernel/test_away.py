"""While the database is away: an answer in the visitor's language that needs none, with a time to ask again."""

from __future__ import annotations

import json
import re

import pytest

from core.kernel import db

LOCKED = """
from peewee import OperationalError
from core.api import *
VIEWS = Views("/probe")
@VIEWS.get("/")
@public
def page():
    raise OperationalError("database is locked")
PLUGIN = Plugin(name="probe", version="1", title="Probe", shop=VIEWS)
"""
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def ask(bare, sites, monkeypatch):
    """Ask the first site for a path; `away()` is when the database goes."""
    client = bare.test_client()

    def get(path="/", *, method="GET", **headers):
        return client.open(path, method=method, headers={"Host": "one.test", **headers})

    def away(*_):
        raise OSError("the database is away")

    get.away = lambda: monkeypatch.setattr(db, "_run", away)
    return get


def shown(answer, title):
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.headers["Cache-Control"] == "no-store"
    assert title in answer.text
    return answer.text


def test_a_site_that_was_served_before_is_named_and_keeps_the_language_of_the_address(ask, bare, sites):
    ask("/")
    ask.away()
    page = shown(ask("/zh-cn/cart", **BROWSER, **{"Accept-Language": "en"}), "店铺暂时无法打开")
    assert '<html lang="zh-CN"' in page
    assert sites[0].name in page
    assert "The shop cannot answer" in ask("/cart", **BROWSER, **{"Accept-Language": "zh-CN"}).text


def test_the_page_has_its_style_without_a_database(ask):
    ask("/")
    ask.away()
    page = ask("/", **BROWSER).text
    for address in re.findall(r'(?:href|src)="(/[^"]+)"', page):
        assert ask(address).status_code == 200, address
    assert "<style" not in page
    assert "<script" not in page


def test_a_process_that_has_shown_nothing_yet_speaks_what_the_browser_asks_for(bare, ask):
    ask.away()
    assert "店铺暂时无法打开" in ask("/", **BROWSER, **{"Accept-Language": "fr, zh-TW;q=0.8, en;q=0.5"}).text
    assert "The shop cannot answer right now" in ask("/", **BROWSER, **{"Accept-Language": "xx"}).text
    assert 'lang="zh-CN"' in ask("/zh-cn/p/lamp", **BROWSER).text


def test_the_panel_says_it_to_staff(ask):
    ask("/")
    ask.away()
    shown(ask("/panel/orders", **BROWSER), "The database does not answer")
    shown(ask("/zh-cn/panel/orders", **BROWSER), "数据库没有响应")


def test_programs_get_no_page(ask):
    ask("/")
    ask.away()
    told = json.loads(shown(ask("/notify/x/y", method="POST", Accept="application/json"), "cannot answer"))
    assert (told["code"], len(told["request"])) == (503, 16)
    assert ask("/", Accept="*/*").mimetype == "text/plain"
    assert ask("/", method="HEAD", **BROWSER).text == ""


def test_what_was_sent_is_not_asked_for_again_by_a_link(ask):
    ask("/")
    ask.away()
    assert "Try again<" in ask("/cart", **BROWSER).text
    assert "Try again<" not in ask("/cart/add", method="POST", **BROWSER).text


def test_a_database_that_goes_in_the_middle_of_a_request_is_asked_for_again_later(bare, sites, write_plugin, turn_on):
    write_plugin("probe", LOCKED)
    turn_on("probe")
    answer = bare.test_client().get("/probe/", headers={"Host": "one.test", **BROWSER})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
