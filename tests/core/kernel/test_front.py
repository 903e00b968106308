"""Which site a request is for, whom it is believed to come from, and whether the shop is well."""

from __future__ import annotations

import gzip
import importlib

import pytest

from core.app import create_app
from core.kernel import db

PAGE = """
from core.api import *
from flask import request
VIEWS = Views("/probe")
@VIEWS.get("/")
@public
def page():
    return f"{current_site().key} {request.remote_addr} {request.scheme}"
PLUGIN = Plugin(name="probe", version="1", title="Probe", shop=VIEWS)
"""


@pytest.fixture
def ask(bare, sites, write_plugin, turn_on):
    write_plugin("probe", PAGE)
    for site in sites:
        turn_on("probe", site)

    def get(host, path="/probe/", **environ):
        return bare.test_client().get(path, headers={"Host": host}, environ_overrides=environ)

    return get


@pytest.mark.parametrize(
    ("host", "key"),
    [("one.test", "one"), ("ONE.test", "one"), ("one.test:8000", "one"), ("two.test", "two"), ("localhost", "one"),
     ("127.0.0.1:8000", "one"), ("[::1]:8000", "one")],
)  # fmt: skip
def test_the_host_says_which_site_it_is(ask, host, key):
    assert ask(host).text.split()[0] == key


@pytest.mark.parametrize(
    "host",
    ["three.test", "one.test.evil.example", "evil.example", "127.0.0.2", "0.0.0.0", "192.168.1.5", "", "one.test@x",
     "one.test/..", "a b"],
)  # fmt: skip
def test_any_other_host_is_no_shop(ask, host):
    """A name of a stranger that leads to this machine (DNS rebinding) shows nothing."""
    answer = ask(host)
    assert answer.status_code == 404
    assert "one" not in answer.text.split()


def test_health_is_told_to_anybody_and_readiness_asks_the_database(ask, monkeypatch):
    for host in ("one.test", "evil.example", "10.0.0.1"):
        assert ask(host, "/healthz").status_code == 200
        assert ask(host, "/readyz").status_code == 200

    def away(*_):
        raise OSError("the database is away")

    monkeypatch.setattr(db, "_run", away)
    assert ask("one.test", "/healthz").status_code == 200
    assert ask("one.test", "/readyz").status_code == 503
    page = ask("one.test")
    assert page.status_code == 503
    assert "try again in a minute" in page.text


def test_what_a_stranger_says_of_himself_is_not_believed(ask):
    said = {"HTTP_X_FORWARDED_FOR": "1.2.3.4", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "two.test"}
    assert ask("one.test", REMOTE_ADDR="9.9.9.9", **said).text == "one 9.9.9.9 http"


def test_a_configured_proxy_is_believed(instance, sites, write_plugin, turn_on):
    write_plugin("probe", PAGE)
    for site in sites:
        turn_on("probe", site)
    behind = create_app(instance, faces=(), services=(), trusted_proxies=("10.0.0.0/8",))
    said = {"HTTP_X_FORWARDED_FOR": "1.2.3.4", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "two.test"}
    client = behind.test_client()
    answer = client.get("/probe/", headers={"Host": "one.test"}, environ_overrides={"REMOTE_ADDR": "10.0.0.7", **said})
    assert answer.text == "two 1.2.3.4 https"


LONG = """
from core.api import *
from flask import Response, request
VIEWS = Views("/long")
@VIEWS.get("/")
@public
def page():
    return "<p>" + request.args.get("said", "") + " the secret of one visitor" * 200
@VIEWS.get("/style.css")
@public
def style():
    return Response("p { color: red }" * 200, mimetype="text/css")
PLUGIN = Plugin(name="long", version="1", title="Long", shop=VIEWS)
"""


def test_a_page_goes_packed_to_somebody_unknown_and_never_to_who_brings_a_cookie(bare, sites, write_plugin, turn_on):
    write_plugin("long", LONG)
    turn_on("long", sites[0])
    client, asked = bare.test_client(), {"Host": "one.test", "Accept-Encoding": "gzip"}
    plain = client.get("/long/", headers={"Host": "one.test"})
    assert plain.text.count("secret") == 200
    assert "Content-Encoding" not in plain.headers
    packed = client.get("/long/", headers=asked)
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 10
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    client.set_cookie("stoa", "x", domain="one.test")
    keyed = bare.test_client().get("/long/", headers={**asked, "Authorization": "Bearer x"})
    for known in (client.get("/long/", headers=asked), keyed):
        assert "Content-Encoding" not in known.headers, "its length would tell which guess within it was right"
        assert known.data == plain.data


def test_a_stylesheet_that_is_made_for_somebody_goes_packed_too(bare, sites, write_plugin, turn_on):
    write_plugin("long", LONG)
    turn_on("long", sites[0])
    client = bare.test_client()
    client.set_cookie("stoa", "x", domain="one.test")
    packed = client.get("/long/style.css", headers={"Host": "one.test", "Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data).startswith(b"p { color: red }")


def test_behind_a_proxy_packing_is_its_work(instance, sites, write_plugin, turn_on):
    write_plugin("long", LONG)
    turn_on("long", sites[0])
    client = create_app(instance, faces=(), services=(), trusted_proxies=("10.0.0.0/8",)).test_client()
    asked = {"Host": "one.test", "Accept-Encoding": "gzip"}
    answer = client.get("/long/", headers=asked, environ_overrides={"REMOTE_ADDR": "10.0.0.7"})
    assert "Content-Encoding" not in answer.headers
    assert answer.text.count("secret") == 200


def test_a_head_is_a_get_without_its_body(ask, bare):
    answer = bare.test_client().head("/probe/", headers={"Host": "one.test"})
    assert (answer.status_code, answer.data) == (200, b"")


def test_every_answer_carries_the_headers_that_protect(ask):
    for path in ("/probe/", "/nothing"):
        headers = ask("one.test", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert headers["X-Request-Id"]


def test_a_path_that_is_no_text_is_only_not_found(ask):
    for path in ("/%ff%fe", "/probe/%00", "/static/../../etc/passwd", "/static/plain/x/..%2ftheme.toml", "//x.test/"):
        assert ask("one.test", path).status_code in {308, 404}, path


STREAM = """
from core.api import *
from flask import Response
VIEWS = Views("/stream")
MADE = []
@VIEWS.get("/")
@public
def page():
    def pieces():
        for number in range(3):
            MADE.append(number)
            yield str(number)
    return Response(pieces(), mimetype="text/plain")
PLUGIN = Plugin(name="stream", version="1", title="Stream", shop=VIEWS)
"""


def test_a_long_answer_is_sent_as_it_comes(bare, sites, write_plugin, turn_on):
    """Page cache or not: what no page is kept of is never gathered in memory."""
    write_plugin("stream", STREAM)
    turn_on("stream", sites[0])
    answer = bare.test_client().get("/stream/", headers={"Host": "one.test"})
    made = importlib.import_module("plugins.stream.plugin").MADE
    pieces = answer.response
    assert next(iter(pieces)) == b"0"
    assert len(made) < 3
    assert b"".join(pieces) == b"12"
