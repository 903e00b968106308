"""A page of the panel that breaks says whose it is, and where to read on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.kernel.installation import installation
from tests.core.panel.conftest import Panel, words

FAULTY = """
from core.api import Plugin, Views, public, staff

panel, shop = Views(), Views()


@panel.get("/")
@staff()
def desk():
    raise RuntimeError("no such drawer")


@shop.get("/")
@public
def show():
    raise RuntimeError("no such drawer")


PLUGIN = Plugin(name="faulty", version="1", title="Faulty drawers", panel=panel, shop=shop)
"""


@pytest.fixture
def instance(instance: Path) -> Path:
    folder = instance / "plugins" / "faulty"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(FAULTY, "utf-8")
    return instance


def test_the_plugin_is_named_to_staff_alone(
    panel: Panel, colleague: Callable[..., Panel], turn_on: Callable[..., None]
) -> None:
    turn_on("faulty")
    broken = panel.get("/panel/faulty/")
    assert broken.status_code == 500
    assert "The plugin Faulty drawers broke" in words(broken)
    assert "no such drawer" not in broken.text
    assert 'href="/panel/plugins/faulty/faults"' in broken.text
    installation().faults.flush()
    assert "no such drawer" in words(panel.get("/panel/plugins/faulty/faults"))
    # Who may not look at the faults is not sent there; shoppers do not know of plugins.
    assert "/faults" not in colleague({"orders.view"}).get("/panel/faulty/").text
    shown = panel.get("/faulty/")
    assert shown.status_code == 500
    assert "Faulty" not in words(shown)
