"""A switch holds from the next request on, in every process.

Routes, links and words of a plugin that is off do not exist.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from core.kernel.installation import installation
from core.kernel.switch import switch_off, switch_on

ROOT = Path(__file__).parents[3]
PAGE = """
from markupsafe import Markup
VIEWS = Views("/probe")

@VIEWS.get("/page")
@public
@cacheable
def page():
    depends("probe")
    site = current_site()
    return f"{site.key} {url_for('probe.page')}"

PLUGIN = Plugin(name="probe", version="1", title="Probe", shop=VIEWS)
"""


def test_a_switch_holds_from_the_next_request_on(write_plugin, turn_on, sites, browse):
    write_plugin("probe", "from core.api import *\n" + PAGE)
    assert browse(sites[0], "/probe/page").status_code == 404
    turn_on("probe")

    assert browse(sites[0], "/probe/page").text == "one /probe/page"
    assert browse(sites[1], "/probe/page").status_code == 404, "the other site has not switched it on"
    switch_off(sites[0].id, "probe", "system")
    assert browse(sites[0], "/probe/page").status_code == 404


def test_two_plugins_may_serve_one_address_on_different_sites(write_plugin, turn_on, sites, browse):
    for name in ("alpha", "beta"):
        write_plugin(
            name,
            f"""
            from core.api import *
            VIEWS = Views("/shared")
            @VIEWS.get("/page")
            @public
            def page():
                return {name!r} + url_for({name + ".page"!r})
            PLUGIN = Plugin(name={name!r}, version="1", title="X", shop=VIEWS)
            """,
        )
    turn_on("alpha", sites[0])
    turn_on("beta", sites[1])

    assert browse(sites[0], "/shared/page").text == "alpha/shared/page"
    assert browse(sites[1], "/shared/page").text == "beta/shared/page"


def test_a_rule_is_compiled_once_and_serves_in_any_number_of_maps():
    """`Rule.bind` is marked internal by Werkzeug: this pins what we rely on."""
    from core.kernel.routes import SharedRule, url_map

    rule = SharedRule("/p/<slug>", endpoint="p", methods={"GET"})
    maps = [url_map([rule]) for _ in range(3)]

    for one in maps:
        adapter = one.bind("x.test")
        assert adapter.match("/p/lamp") == ("p", {"slug": "lamp"})
        assert adapter.build("p", {"slug": "灯"}) == "/p/%E7%81%AF"


def test_a_plugin_with_a_faulty_view_answers_an_error_page_and_is_reported(write_plugin, turn_on, sites, browse):
    from core.kernel.faults import faults_of

    write_plugin(
        "probe",
        "from core.api import *\n" + PAGE.replace("site = current_site()", "raise RuntimeError('secret detail')"),
    )
    turn_on("probe")

    answer = browse(sites[0], "/probe/page")

    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    installation().faults.flush()
    assert "secret detail" in faults_of(sites[0].id, "probe")[0].trace


# -- two worker processes under traffic --------------------------------------------------------------------------------


@pytest.fixture
def workers(instance: Path, write_plugin, turn_on, sites) -> Iterator[int]:
    """Two gunicorn workers on the test's own installation; the port they share."""
    write_plugin("probe", "from core.api import *\n" + PAGE)
    turn_on("probe")
    (instance / "serve.py").write_text("from core.app import create_app\napp = create_app(faces=(), services=())\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "serve:app",
        "--workers",
        "2",
        "--threads",
        "1",
        "--bind",
        f"127.0.0.1:{port}",
        "--log-level",
        "warning",
    ]
    environment = {**os.environ, "STOA_INSTANCE": str(instance), "PYTHONPATH": f"{ROOT}:{instance}"}
    with (instance / "gunicorn.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=log)
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _await(port: int) -> None:
    for _ in range(200):
        try:
            if _get(port, "one.test", "/healthz") == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("gunicorn did not start")


def _get(port: int, host: str, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


class Traffic(threading.Thread):
    """Requests in the background, counting server errors and pages shown on the site that never had the plugin."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.stop, self.errors, self.leaks, self.asked = port, threading.Event(), 0, 0, 0

    def run(self) -> None:
        while not self.stop.is_set():
            self.errors += _get(self.port, "one.test", "/probe/page") >= 500
            self.leaks += _get(self.port, "two.test", "/probe/page") == 200
            self.asked += 2


def stale_after(toggles: int, port: int, site_id: int, *, switch=(switch_off, switch_on)) -> int:
    """Toggle, then ask four times (both workers answer some): how many answers belonged to the state before."""
    stale = 0
    for n in range(toggles):
        on = bool(n % 2)
        switch[on](site_id, "probe", "system")
        wanted = 200 if on else 404
        stale += sum(_get(port, "one.test", "/probe/page") != wanted for _ in range(4))
    return stale


def test_a_toggle_is_seen_at_once_by_every_worker_under_traffic(workers, sites):
    check_toggles(workers, sites, toggles=40)


@pytest.mark.slow
def test_two_thousand_toggles_under_traffic(workers, sites):
    check_toggles(workers, sites, toggles=2000)


def check_toggles(port, sites, toggles):
    traffic = Traffic(port)
    traffic.start()
    try:
        stale = stale_after(toggles, port, sites[0].id)
    finally:
        traffic.stop.set()
        traffic.join(timeout=20)

    assert stale == 0
    assert traffic.errors == 0
    assert traffic.leaks == 0
    assert traffic.asked > toggles / 10


def test_the_check_sees_a_switch_that_does_not_raise_the_epoch(workers, sites):
    """The planted bug: a toggle that changes the row and tells nobody."""
    from core.kernel import db

    def silently(state):
        def switch(site_id, name, actor):
            with db.transaction():
                db.execute("UPDATE site_plugin SET state = ? WHERE site_id = ? AND name = ?", state, site_id, name)

        return switch

    assert _get(workers, "one.test", "/probe/page") == 200
    assert stale_after(6, workers, sites[0].id, switch=(silently("off"), silently("on"))) > 0
