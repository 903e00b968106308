"""What strangers send to the doors of the shop and the panel: answered politely, and never in somebody else's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.app import App, create_app
from core.hookspecs.site import Site
from core.kernel import db, limits
from core.kernel.site_verbs import add_site
from core.testing.database import Databases

from .conftest import PASSWORD, register

DOORS = ("/login", "/register", "/password", "/register/" + "x" * 22, "/password/" + "x" * 22, "/panel/login")
ODD = st.one_of(
    st.text(max_size=200),
    st.sampled_from(
        ["\x00", "\r\nSet-Cookie: a=b", "' OR 1=1 --", "{{7*7}}", "<script>", "%s%n", "\u202e", "a" * 5000]
    ),
)


@pytest.fixture(scope="module")
def app(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The whole house with its faces, once for all these tests."""
    folder = tmp_path_factory.mktemp("hostile")
    yield create_app(folder, database_url=databases.clone(folder), testing=True)
    db.reset_thread()
    db.close_all()


@pytest.fixture(scope="module")
def site(app: App) -> Site:
    """With one account."""
    del app
    site = add_site(host="one.localhost", name="Halden House", currency="EUR", languages=["zh-CN"], country="GB")
    register(site, "ines@example.com")
    return site


def post(app: App, path: str, form: Any, **headers: str) -> Any:
    sent = {"Sec-Fetch-Site": "same-origin", **headers}
    return app.test_client().post(path, data=form, base_url="http://one.localhost", headers=sent)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(door=st.sampled_from(DOORS), email=ODD, password=ODD, name=ODD, onward=ODD)
def test_whatever_is_posted_at_a_door_is_answered(
    app: App, site: Site, door: str, email: str, password: str, name: str, onward: str
) -> None:
    del site
    limits.reset()
    answer = post(app, door, {"email": email, "password": password, "name": name, "next": onward})
    assert answer.status_code < 500
    assert "a=b" not in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"email=%ff%fe&password=%00",
        b"email=a&email=b&password=c&password=d",
        b"=" * 2000,
        b"email[]=a",
    ],
)
def test_a_body_that_is_no_form_is_answered(app: App, site: Site, door: str, body: bytes) -> None:
    del site
    answer = app.test_client().post(
        door,
        data=body,
        base_url="http://one.localhost",
        headers={"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "onward",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/ok\r\nSet-Cookie: a=b", "javascript:alert(1)"],
)
def test_a_login_leads_nowhere_else(app: App, site: Site, onward: str) -> None:
    del site
    answer = post(app, "/login", {"email": "ines@example.com", "password": PASSWORD, "next": onward})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/")
    assert "evil" not in answer.headers["Location"]
    assert "\n" not in answer.headers["Location"]


def test_a_login_does_not_happen_by_a_link(app: App, site: Site) -> None:
    del site
    answer = app.test_client().get(
        f"/login?email=ines@example.com&password={PASSWORD}", base_url="http://one.localhost"
    )
    assert "Set-Cookie" not in answer.headers


def test_a_foreign_page_cannot_log_a_shopper_in(app: App, site: Site) -> None:
    del site
    form = {"email": "ines@example.com", "password": PASSWORD}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert post(app, "/login", form, **headers).status_code == 403
    answer = app.test_client().post("/login", data=form, base_url="http://one.localhost", headers={"Origin": "null"})
    assert answer.status_code == 403


def test_a_user_name_cannot_write_a_line_of_the_log(app: App, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    del site
    post(app, "/login", {"email": 'x\n{"event": "staff logged in", "staff": 1}', "password": "canary-8f2a-canary"})
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert lines
    assert all(json.loads(line)["event"] != "staff logged in" for line in lines)
    assert "canary" not in "".join(lines)


def test_the_answer_to_a_wrong_login_shows_no_markup_from_the_form(app: App, site: Site) -> None:
    del site
    answer = post(app, "/login", {"email": '"><img src=x onerror=alert(1)>', "password": "x"})
    assert "<img src=x" not in answer.text


@pytest.mark.parametrize(
    "cookie",
    ["remember_token=1|abc", "remember_token=", "stoa=" + "A" * 22, "stoa=\x01", "stoa_note=x.y", "=", "stoa; ;;"],
)
@pytest.mark.parametrize("path", ["/account/", "/panel/", "/login", "/"])
def test_cookies_that_we_never_set_let_nobody_in(app: App, site: Site, cookie: str, path: str) -> None:
    del site
    client = app.test_client(use_cookies=False)
    answer = client.get(path, base_url="http://one.localhost", headers={"Cookie": cookie})
    assert answer.status_code < 500
    if path in {"/account/", "/panel/"}:
        assert answer.status_code != 200
