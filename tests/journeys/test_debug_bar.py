"""What developers see: the bar on every page, and a fresh process after an edit."""

from __future__ import annotations

import time
import urllib.request
from http.client import HTTPException

import pytest

from core.testing.application import _running

PROBE = """
from markupsafe import Markup
from core.api import *
PLUGIN = Plugin(name="probe", version="1", title="Probe")


@hookimpl
def site_slot(site, name):
    return Markup("<p>said by the probe</p>") if name == "home.top" else None
"""


@pytest.fixture
def debugging(instance):
    """Switches the configuration of this installation."""
    toml = instance / "stoa.toml"
    toml.write_text(toml.read_text("utf-8") + "debug = true\n", "utf-8")


@pytest.fixture
def probe(instance):
    folder = instance / "plugins" / "probe"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(PROBE, "utf-8")
    return folder


def page(app, site, path="/"):
    return app.test_client().get(path, base_url=f"http://{site.host}").text


def test_the_bar_tells_route_hooks_statements_and_templates(debugging, probe, app, site, turn_on):
    turn_on("probe")
    shown = page(app, site)

    assert "said by the probe" in shown
    bar = shown.split('<aside class="debug"', 1)[1]
    assert "/ → storefront.home" in bar
    assert "<td>site_slot</td><td>probe</td>" in bar
    assert "themes/plain/templates/pages/home.html" in bar
    assert "SELECT n, touched FROM epoch" in bar


def test_the_bar_is_there_for_a_browser_that_takes_compressed_pages(debugging, app, site):
    asked = {"base_url": f"http://{site.host}", "headers": {"Accept-Encoding": "gzip, deflate, br"}}
    answer = app.test_client().get("/", **asked)
    assert b'<aside class="debug"' in answer.data
    assert "Content-Encoding" not in answer.headers


def test_a_template_that_takes_the_place_of_another_is_named_with_it(debugging, instance, app, site):
    folder = instance / "themes" / "mine" / "templates" / "parts"
    folder.mkdir(parents=True)
    (instance / "themes" / "mine" / "theme.toml").write_text('parent = "plain"\n', "utf-8")
    (folder / "logo.html").write_text("<b>mine</b>", "utf-8")
    from core.kernel import db
    from core.kernel.sites import raise_epoch

    with db.transaction():
        db.execute("UPDATE site SET theme = 'mine' WHERE id = ?", site.id)
        raise_epoch()

    bar = page(app, site).split('<aside class="debug"', 1)[1]

    assert "in place of <code>themes/plain/templates/parts/logo.html</code>" in bar


def test_nobody_sees_the_bar_without_debug(app, site):
    assert "debug" not in page(app, site)


@pytest.mark.once
def test_an_edit_is_served_by_a_fresh_process_within_seconds(debugging, probe, instance, site, turn_on):
    turn_on("probe")
    with _running(instance) as server:
        address = server.url("/", host="127.0.0.1")
        assert "said by the probe" in read(address)
        (probe / "plugin.py").write_text(PROBE.replace("said by", "edited for"), "utf-8")
        edited = time.monotonic()
        while "edited for the probe" not in read(address):
            assert time.monotonic() - edited < 20, "the edit is not served"
            time.sleep(0.05)


def read(address):
    """The page; nothing while the process starts anew."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.read().decode()
    except (OSError, HTTPException):
        return ""
