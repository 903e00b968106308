"""Sessions: rows that are read late, written seldom and ended for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, request, session

from core.kernel import cache, db, sessions
from core.kernel.security import any_origin
from core.kernel.sessions import RowSession, Session, SessionWrittenOnRead
from core.lib import clock, ids
from core.lib.clock import Frozen
from core.lib.errors import Refused

HTTPS = "https://shop.example"
LOCAL = "http://localhost:8000"


@pytest.fixture
def site_app(database: str) -> Flask:
    """A small application with our sessions; header `Site` says which site the front found."""
    del database
    app = Flask("sessions")
    app.testing = True
    app.session_interface = sessions.RowSessions()
    app.add_url_rule("/plain", view_func=plain)
    app.add_url_rule("/read", view_func=read)
    app.add_url_rule("/write", view_func=write, methods=["GET", "POST"])
    app.add_url_rule("/notice", view_func=any_origin(notice), methods=["POST"])
    app.add_url_rule("/in", view_func=log_in, methods=["POST"])
    app.add_url_rule("/out", view_func=log_out, methods=["POST"])
    return app


def real() -> RowSession:
    return session._get_current_object()  # type: ignore[attr-defined, no-any-return]


def plain() -> str:
    return "plain"


def read() -> dict[str, Any]:
    return {**session, "who": [real().shopper_id, real().staff_id]}


def notice() -> str:
    return write()


def write() -> str:
    session["cup"] = request.values.get("cup", "blue")
    return "written"


def log_in() -> str:
    sessions.check_connection()
    real().log_in(**{name: int(value) for name, value in request.form.items()})
    return "in"


def log_out() -> str:
    real().log_out()
    return "out"


class Browser:
    """A client of the small application that keeps its cookies."""

    def __init__(self, app: Flask, origin: str = HTTPS, site_id: int = 1) -> None:
        self.client, self.origin, self.site_id = app.test_client(), origin, site_id

    def send(self, method: str, path: str, **form: Any) -> Any:
        state = SimpleNamespace(site=SimpleNamespace(id=self.site_id))
        return self.client.open(
            path, method=method, base_url=self.origin, data=form or None, environ_overrides={"stoa.state": state}
        )

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def post(self, path: str, **form: Any) -> Any:
        return self.send("POST", path, **form)

    @property
    def token(self) -> str:
        name = sessions.cookie_name(secure=self.origin.startswith("https"))
        cookie = self.client.get_cookie(name, domain=self.origin.split("//")[1].split(":")[0])
        return cookie.value if cookie else ""


@pytest.fixture
def browser(site_app: Flask) -> Browser:
    return Browser(site_app)


@pytest.fixture
def time() -> Iterator[Frozen]:
    with clock.freeze(clock.now()) as frozen:
        yield frozen


def test_a_page_that_never_asks_costs_no_statement_and_varies_by_nothing(browser: Browser) -> None:
    browser.post("/write")
    with db.counted() as statements:
        answer = browser.get("/plain")
    assert statements == []
    assert "Vary" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_what_was_kept_is_there_on_the_next_page_in_one_statement(browser: Browser) -> None:
    browser.post("/write", cup="灯")
    with db.counted() as statements:
        answer = browser.get("/read")
    assert answer.json["cup"] == "灯"
    assert len(statements) == 1
    assert answer.headers["Vary"] == "Cookie"
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_a_stranger_who_only_looks_gets_no_row_and_no_cookie(browser: Browser) -> None:
    answer = browser.get("/read")
    assert "Set-Cookie" not in answer.headers
    assert Session.select().count() == 0


def test_a_get_never_writes(browser: Browser) -> None:
    with pytest.raises(SessionWrittenOnRead):
        browser.get("/write")
    browser.client.application.testing = False
    browser.client.application.config["PROPAGATE_EXCEPTIONS"] = True
    assert browser.get("/write").status_code == 200
    assert Session.select().count() == 0


def test_a_partners_notice_leaves_the_shoppers_session_alone(browser: Browser) -> None:
    browser.post("/write", cup="blue")
    browser.client.application.testing = False
    answer = browser.post("/notice", cup="red")
    assert "Set-Cookie" not in answer.headers
    assert browser.get("/read").json["cup"] == "blue"


def test_the_cookie_on_https(browser: Browser) -> None:
    cookie = browser.post("/write").headers["Set-Cookie"]
    assert cookie.startswith("__Host-stoa=")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


def test_the_cookie_on_this_machine(site_app: Flask) -> None:
    cookie = Browser(site_app, LOCAL).post("/write").headers["Set-Cookie"]
    assert cookie.startswith("stoa=")
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie


def test_the_database_holds_no_token(browser: Browser) -> None:
    browser.post("/write")
    row = Session.get()
    assert len(browser.token) == 22
    assert row.token_digest == ids.digest(browser.token)
    assert browser.token not in str(row.__data__)


def test_logging_in_gives_a_new_id_and_keeps_what_was_carried(browser: Browser) -> None:
    browser.post("/write", cup="blue")
    before = browser.token
    browser.post("/in", shopper_id=9)
    assert browser.token != before
    assert browser.get("/read").json == {"cup": "blue", "who": [9, None]}
    assert Session.select().count() == 1


def test_a_fixed_token_is_not_taken_over(browser: Browser) -> None:
    browser.client.set_cookie("__Host-stoa", "A" * 22, domain="shop.example", secure=True)
    browser.post("/in", shopper_id=9)
    assert browser.token not in {"", "A" * 22}


@pytest.mark.parametrize("token", ["", "x", "A" * 23, "../../etc/passwd", "' OR 1=1 --", "\x00" * 22, "灯" * 22])
def test_a_token_of_another_shape_is_nobodys_and_asks_nothing(site_app: Flask, token: str) -> None:
    with (
        db.counted() as statements,
        site_app.test_request_context(
            "/read",
            base_url=HTTPS,
            headers={"Cookie": f"__Host-stoa={token}".encode().decode("latin-1")},
            environ_overrides={"stoa.state": SimpleNamespace(site=SimpleNamespace(id=1))},
        ),
    ):
        assert real().shopper_id is None
    assert statements == []


def test_a_session_holds_on_its_own_site_only(site_app: Flask) -> None:
    here = Browser(site_app)
    here.post("/in", shopper_id=9)
    here.site_id = 2
    assert here.get("/read").json["who"] == [None, None]


def test_logging_out_ends_the_row_and_a_copied_cookie_is_worthless(site_app: Flask) -> None:
    browser, thief = Browser(site_app), Browser(site_app)
    browser.post("/in", shopper_id=9)
    thief.client.set_cookie("__Host-stoa", browser.token, domain="shop.example", secure=True)
    assert thief.get("/read").json["who"] == [9, None]
    browser.post("/out")
    assert browser.token == ""
    assert Session.select().count() == 0
    assert thief.get("/read").json["who"] == [None, None]


def test_a_request_under_way_does_not_revive_a_session_that_was_ended(browser: Browser) -> None:
    browser.post("/in", shopper_id=9)
    with db.transaction():
        assert sessions.end_sessions(shopper_id=9) == 1
    browser.post("/write")
    assert browser.get("/read").json["who"] == [None, None]


def test_shopper_and_staff_in_one_browser(browser: Browser) -> None:
    browser.post("/in", shopper_id=9)
    browser.post("/in", staff_id=3)
    assert browser.get("/read").json["who"] == [9, 3]


def test_staff_left_alone_for_an_hour_are_out(browser: Browser, time: Frozen) -> None:
    browser.post("/in", staff_id=3)
    for _ in range(3):
        time.move(minutes=50)
        assert browser.get("/read").json["who"] == [None, 3]
    time.move(minutes=61)
    assert browser.get("/read").json["who"] == [None, None]


def test_staff_are_out_after_twelve_hours_even_if_busy(browser: Browser, time: Frozen) -> None:
    browser.post("/in", staff_id=3)
    for _ in range(14):
        time.move(minutes=50)
        browser.get("/read")
    assert browser.get("/read").json["who"] == [None, 3]
    time.move(minutes=50)
    assert browser.get("/read").json["who"] == [None, None]


def test_logging_in_as_a_shopper_does_not_prolong_the_panel(browser: Browser, time: Frozen) -> None:
    browser.post("/in", staff_id=3)
    until = Session.get().expires_at
    time.move(minutes=30)
    browser.post("/in", shopper_id=9)
    assert Session.get().expires_at == until


def test_a_shopper_stays_for_weeks(browser: Browser, time: Frozen) -> None:
    browser.post("/in", shopper_id=9)
    time.move(days=59)
    assert browser.get("/read").json["who"] == [9, None]
    time.move(days=2)
    assert browser.get("/read").json["who"] == [None, None]


def test_the_cookie_of_staff_ends_with_the_window(browser: Browser) -> None:
    assert "Expires" in browser.post("/in", shopper_id=9).headers["Set-Cookie"]
    assert "Expires" not in browser.post("/in", staff_id=3).headers["Set-Cookie"]


def test_last_seen_is_gathered_and_written_once_a_minute(browser: Browser, time: Frozen) -> None:
    browser.post("/in", staff_id=3)
    made = Session.get().seen_at
    time.move(minutes=5)
    browser.get("/read")
    assert Session.get().seen_at == made
    assert sessions.sessions_of(staff_id=3)[0].seen_at == clock.now()
    sessions.flush_seen()
    assert Session.get().seen_at == clock.now()
    browser.get("/read")
    time.move(seconds=10)
    assert sessions.flush_seen() == 0


def test_a_person_sees_and_ends_their_own_sessions_only(site_app: Flask) -> None:
    here, there, other = Browser(site_app), Browser(site_app), Browser(site_app)
    here.post("/in", shopper_id=9)
    there.post("/in", shopper_id=9)
    other.post("/in", shopper_id=8)
    mine = sessions.sessions_of(shopper_id=9)
    assert len(mine) == 2
    theirs = sessions.sessions_of(shopper_id=8)[0].id
    assert not sessions.end_session(theirs, shopper_id=9)
    assert sessions.end_session(mine[0].id, shopper_id=9)
    assert len(sessions.sessions_of(shopper_id=9)) == 1
    assert other.get("/read").json["who"] == [8, None]


def test_nobody_in_particular_owns_no_session() -> None:
    with pytest.raises(ValueError, match="name"):
        sessions.sessions_of()


def test_sessions_that_are_over_leave_the_table(browser: Browser, time: Frozen) -> None:
    browser.post("/in", shopper_id=9)
    time.move(days=61)
    sessions._forget(None)  # type: ignore[arg-type]
    assert Session.select().count() == 0


@pytest.mark.parametrize("origin", ["http://shop.example", "http://192.168.1.5:8000", "http://localhost.evil.example"])
def test_plain_http_from_elsewhere_refuses_a_login_and_says_why(site_app: Flask, origin: str) -> None:
    with pytest.raises(Refused, match="https"):
        Browser(site_app, origin).post("/in", shopper_id=9)


@pytest.mark.parametrize(
    "origin", [LOCAL, "http://127.0.0.1:8000", "http://[::1]:8000", "http://north.localhost:8000", HTTPS]
)
def test_a_login_from_this_machine_or_by_https_is_taken(site_app: Flask, origin: str) -> None:
    assert Browser(site_app, origin).post("/in", shopper_id=9).status_code == 200


def test_a_life_is_longer_than_idleness() -> None:
    assert sessions.STAFF_IDLE < sessions.STAFF_LIFE < sessions.LIFE
    assert timedelta(minutes=1) <= sessions.FLUSH_EVERY < sessions.STAFF_IDLE


def test_whatever_a_strange_client_sends_can_be_carried(browser: Browser) -> None:
    with browser.client.application.test_request_context(
        "/write",
        method="POST",
        base_url=HTTPS,
        headers={"User-Agent": "x" * 500},
        environ_overrides={"stoa.state": SimpleNamespace(site=SimpleNamespace(id=1))},
    ):
        session["cup"] = "half \ud800, none \x00, 灯"
        browser.client.application.process_response(browser.client.application.response_class())
    row = Session.get()
    assert row.data == {"cup": "half \ud800, none \x00, 灯"}
    assert len(row.agent) == 200


def test_a_page_that_asks_who_is_there_is_not_kept_for_others(browser: Browser) -> None:
    browser.post("/in", shopper_id=9)
    recording = cache.Recording()
    token = cache.recording().set(recording)
    try:
        browser.get("/plain")
        assert not recording.personal
        browser.get("/read")
        assert recording.personal == "session"
    finally:
        cache.recording().reset(token)
