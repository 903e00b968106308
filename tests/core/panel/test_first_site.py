"""Before there is any site, one page makes the first, for whoever read the key that was printed; then it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.app import App
from core.kernel import db
from core.kernel.setting_up import setup_key
from core.kernel.site_verbs import add_site
from core.lib.errors import NotFound
from core.testing.browser import axe_violations, scrolls_sideways

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

ANSWERS = {"name": "Lampwerk", "host": "localhost", "language": "en", "currency": "EUR", "country": "DE"}
HERE = "http://localhost:8000"


@pytest.fixture
def client(app: App) -> Any:
    return app.test_client()


def post(client: Any, path: str = "/panel/setup", **form: str) -> Any:
    return client.post(path, data=form, base_url=HERE, headers={"Sec-Fetch-Site": "same-origin"})


def test_without_a_site_every_address_says_how_to_make_one(client: Any) -> None:
    for path in ("/", "/panel", "/panel/products", "/media/x/400"):
        answer = client.get(path, base_url=HERE)
        assert answer.status_code == 404
        assert "./stoa site add" in answer.text
        assert setup_key() not in answer.text


def test_the_first_site_is_made_by_who_has_the_key(client: Any) -> None:
    for wrong in ("", "x" * 22, setup_key()[:-1]):
        assert client.get(f"/panel/setup?key={wrong}", base_url=HERE).status_code == 404
        assert post(client, key=wrong, **ANSWERS).status_code == 404
    assert "Your first shop" in client.get(f"/panel/setup?key={setup_key()}", base_url=HERE).text
    assert "您的第一家店铺" in client.get(f"/zh-cn/panel/setup?key={setup_key()}", base_url=HERE).text
    refused = post(client, key=setup_key(), **{**ANSWERS, "name": "", "currency": "XXX"})
    assert refused.status_code == 422
    assert "Fill this in." in refused.text
    made = post(client, "/zh-cn/panel/setup", key=setup_key(), **ANSWERS)
    assert (made.status_code, made.headers["Location"]) == (303, "/panel/login")
    assert db.rows("SELECT name, host, language, currency, country, timezone FROM site") == [
        ("Lampwerk", "localhost", "en", "EUR", "DE", "Europe/Berlin")
    ]
    assert client.get("/panel/login", base_url=HERE).status_code == 200


def test_then_the_page_is_gone(client: Any) -> None:
    add_site(host="one.localhost", name="One")
    assert client.get(f"/panel/setup?key={setup_key()}", base_url=HERE).status_code == 404
    assert post(client, key=setup_key(), **ANSWERS).status_code == 404
    with pytest.raises(NotFound):
        add_site(host="two.localhost", name="Two", first=True)
    assert db.value("SELECT COUNT(*) FROM site") == 1


def test_it_is_accessible_and_narrow_enough(client: Any, page: Page) -> None:
    def answer(route: Route) -> None:
        told = client.get(route.request.url.removeprefix(HERE), base_url=HERE)
        route.fulfill(status=told.status_code, content_type=told.content_type, body=told.get_data())

    page.route("**/*", answer)
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(f"{HERE}/panel/setup?key={setup_key()}")
    assert axe_violations(page) == []
    assert not scrolls_sideways(page)
