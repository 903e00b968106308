"""A host that no shop answers at: a small page in the visitor's language; before the first site, how to make it."""

from __future__ import annotations

import json
import re

import pytest

from core.kernel import db

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def ask(bare):
    """Ask a host that is nobody's."""
    client = bare.test_client()

    def get(path="/", *, method="GET", **headers):
        return client.open(path, method=method, headers={"Host": "stranger.test", **headers})

    return get


def test_a_browser_is_told_on_a_page_that_no_shop_is_here(ask, site):
    answer = ask("/p/lamp", **BROWSER)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert re.search(r"<h1>There is no shop at this address</h1>", answer.text)
    assert '<html lang="en"' in answer.text
    assert "Retry-After" not in answer.headers
    assert "503" not in answer.text
    assert "stranger.test" not in answer.text


def test_the_page_speaks_what_the_visitor_does(ask, site):
    assert "这个地址没有店铺" in ask("/", **BROWSER, **{"Accept-Language": "zh-TW, en;q=0.5"}).text
    page = ask("/zh-cn/p/lamp", **BROWSER, **{"Accept-Language": "en"})
    assert '<html lang="zh-CN"' in page.text
    assert page.headers["Content-Language"] == "zh-CN"
    assert {"Accept", "Accept-Language"} <= set(page.headers["Vary"].split(", "))


def test_the_page_has_its_style_at_that_host_and_nothing_of_a_shop(ask, site):
    page = ask("/", **BROWSER)
    addresses = re.findall(r'(?:href|src)="(/[^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert ask(address).status_code == 200, address
    assert "<style" not in page.text
    assert "default-src" in page.headers["Content-Security-Policy"]
    assert site.name not in page.text


def test_programs_get_no_page(ask, site):
    told = ask("/api/orders", Accept="application/json")
    assert (told.status_code, json.loads(told.text)["code"]) == (404, 404)
    assert ask("/", Accept="*/*").mimetype == "text/plain"
    assert "There is no shop at this address" in ask("/", Accept="*/*").text
    assert ask("/", method="HEAD", **BROWSER).text == ""


def test_before_the_first_site_the_page_says_how_to_make_it(ask):
    page = ask("/", **BROWSER, **{"Accept-Language": "zh-CN"})
    assert page.status_code == 404
    assert "这里还没有店铺" in page.text
    assert "./stoa site add" in page.text


def test_without_a_database_it_is_still_said_that_the_shop_is_away(ask, site, monkeypatch):
    def away(*_):
        raise OSError("the database is away")

    monkeypatch.setattr(db, "_run", away)
    assert ask("/", **BROWSER).status_code == 503
