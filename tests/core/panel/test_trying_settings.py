"""The button "Test" beside a plugin's settings, and the way back to a plugin's own value."""

from __future__ import annotations

from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db, switch, trials
from core.kernel.installation import installation
from tests.core.panel.conftest import Panel, words

PROBE = """
import time
from core.api import *
class Own(Settings):
    way: str = setting("good", label="Way")
    many: int = setting(3, label="Many")
    loud: bool = setting(True, label="Loud")
class Closed(Refused):
    default_message = "The door is closed."
def test(site, email):
    way = Own.of(site).way
    if way == "closed":
        raise Closed
    if way == "broken":
        raise RuntimeError("a planted fault")
    if way == "nonsense":
        return 7
    if way == "slow":
        time.sleep(1)
    with transaction():
        pass
    return f"Said to {email} of {site.name}."
PLUGIN = Plugin(name="probe", version="1", title="Probe", category="machinery", settings=Own, test=test)
"""


@pytest.fixture
def probe(panel: Panel, site: Site, instance: Any) -> Site:
    folder = instance / "plugins" / "probe"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(PROBE, "utf-8")
    installation().plugins.discover()
    installation().plugins_changed()
    switch.switch_on(site.id, "probe", "system")
    return site


def tried(panel: Panel, site: Site, way: str) -> str:
    switch.save_settings(site.id, "probe", {"way": way, "many": "3", "loud": "1"}, "system", site.currency)
    answer = panel.post("/panel/plugins/probe/test")
    assert answer.status_code == 200
    return words(answer)


def test_what_a_test_finds_is_said_beside_its_button(
    panel: Panel, probe: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Tries the settings as they are saved." in words(panel.get("/panel/plugins/probe"))
    said = tried(panel, probe, "good")
    assert "It works Said to owner@example.com of Test shop." in said
    assert "Test again" in said
    assert "It does not work yet The door is closed." in tried(panel, probe, "closed")
    for way in ("broken", "nonsense"):
        assert "The test itself failed." in tried(panel, probe, way)
    installation().faults.flush()
    assert db.value("SELECT COUNT(*) FROM plugin_fault WHERE plugin = 'probe' AND hook = 'test'") == 2
    monkeypatch.setattr(trials, "WAIT_S", 0.2)
    assert "There was no answer within 0.2 seconds." in tried(panel, probe, "slow")


def test_a_plugin_without_a_test_has_no_button(panel: Panel) -> None:
    assert "Tries the settings" not in words(panel.get("/panel/plugins/coupons"))
    assert panel.post("/panel/plugins/coupons/test").status_code == 404


def test_a_setting_goes_back_to_the_plugins_own_value(panel: Panel, probe: Site) -> None:
    assert "Reset to the default" not in words(panel.get("/panel/plugins/probe"))
    panel.post("/panel/plugins/probe", {"way": "closed", "many": "5"})
    page = words(panel.get("/panel/plugins/probe"))
    for text in ("good : Way", "3 : Many", "on : Loud"):
        assert f"Reset to the default: {text}" in page
    panel.post("/panel/plugins/probe", {"way": "closed", "many": "5", "inherit": "many"})
    assert switch.stored_settings(probe.id, "probe") == {"way": "closed", "loud": False}
    page = words(panel.get("/panel/plugins/probe"))
    assert "Reset to the default: 3" not in page
    assert 'value="3"' in panel.get("/panel/plugins/probe").get_data(as_text=True)
    panel.post("/panel/installation/plugins/probe", {"way": "slow", "many": "9", "loud": "1"})
    assert "Reset to the default: 9" not in words(panel.get("/panel/installation/plugins/probe"))
    assert "Reset to the default: 3 : Many" in words(panel.get("/panel/installation/plugins/probe"))
    panel.post("/panel/installation/plugins/probe", {"way": "slow", "many": "9", "loud": "1", "inherit": "many"})
    assert "many" not in switch.stored_settings(None, "probe")
