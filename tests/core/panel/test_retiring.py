"""What is retired works on, and whoever uses it is told: in the log, in the panel, and when a plugin is checked."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.hookspecs.fulfil import FulfilSpecs
from core.kernel import retiring
from core.kernel.installation import installation
from core.lib.retired import Retired
from core.testing.check import check_plugin
from tests.core.panel.conftest import Panel

OLD = Retired(instead="core.api.Money", since="0.1", until="0.3", target="core.lib.money:Money")
PLUGIN = '''
"""Uses what is retired."""

from core.api import Coins, Plugin, hookimpl

PLUGIN = Plugin(name="antique", version="1", title="Antique", category="machinery")


@hookimpl
def fulfil_carriers(site):
    return []
'''


@pytest.fixture
def antique(instance, app, monkeypatch, turn_on):
    """A plugin that imports a retired name, and answers a retired hook."""
    monkeypatch.setattr(retiring, "_used", {})
    monkeypatch.setitem(retiring.NAMES, "Coins", OLD)
    policy = FulfilSpecs.fulfil_carriers.stoa_policy
    gone = Retired(instead="the hook fulfil_ways", since="0.1", until="0.2")
    monkeypatch.setattr(FulfilSpecs.fulfil_carriers, "stoa_policy", replace(policy, retired=gone))
    folder = instance / "plugins" / "antique"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(PLUGIN, "utf-8")
    turn_on("antique")
    return installation().plugins.loaded["antique"]


def test_a_retired_name_is_what_took_its_place_and_names_the_plugin(antique):
    from core.api import Money

    assert antique.module.Coins is Money
    assert [use.said for use in retiring.uses_of("antique")] == [
        "core.api.Coins goes with version 0.3: use core.api.Money",
        "the hook fulfil_carriers goes with version 0.2: use the hook fulfil_ways",
    ]
    assert retiring.uses_of("reviews") == []


@pytest.mark.once
def test_a_name_that_never_was_is_an_error_as_ever():
    import core.api

    with pytest.raises(AttributeError, match="Coinage"):
        _ = core.api.Coinage


def test_the_check_of_a_plugin_says_what_goes(antique, monkeypatch, capsys):
    monkeypatch.setattr("core.testing.check._run_tests", lambda _loaded: 0)
    check_plugin("antique")
    assert "! core.api.Coins goes with version 0.3: use core.api.Money" in capsys.readouterr().out


def test_the_panel_shows_it_beside_the_plugin_and_under_health(antique, app, site, staff):
    panel = Panel(app, site)
    assert panel.login().status_code == 303
    row = panel.get("/panel/plugins").get_data(as_text=True).partition('id="plugin-antique"')[2]
    row = row.partition("</article>")[0]
    assert "It works, but uses what goes with version 0.2." in row
    assert "core.api.Coins goes with version 0.3: use core.api.Money" in row
    assert "Some use what goes with a coming version: antique." in panel.get("/panel/installation/health").text
