"""What plugins declare for the panel beside sections: what its search finds, and first steps. Each is guarded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.faults import faults_of
from core.kernel.installation import installation
from core.kernel.plugins import Registry
from core.kernel.switch import switch_on
from tests.core.panel.conftest import Panel, words

PLUGIN = """
from core.api import *

panel = Views()
KEPT, TROUBLE = ["Ladder"], []


@panel.get("/")
@staff("tools.edit")
def show():
    return ""


def find(site, words):
    if TROUBLE:
        raise TROUBLE[0]
    return [PanelHit(title=one, note="in the shed", url="/panel/tools/") for one in KEPT if words in one.lower()]


PLUGIN = Plugin(
    name="tools", version="1", title="Tools", panel=panel,
    permissions=(Permission(code="tools.edit", title="Edit tools"),),
    panel_finder=PanelFinder(title="Tools", find=find, permission="tools.edit"),
    first_steps=(FirstStep(title="Hang up a ladder", how="On the wall.", endpoint="show", permission="tools.edit",
                           is_done=lambda site: 1 / 0 if TROUBLE else not KEPT),),
)
"""


@pytest.fixture
def tools(panel: Panel, site: Site, instance: Path) -> Any:
    del panel
    folder = instance / "plugins" / "tools"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "plugin.py").write_text(PLUGIN, "utf-8")
    switch_on(site.id, "tools", "system")
    return installation().plugins.loaded["tools"].module


def test_the_search_finds_what_a_plugin_keeps_for_whoever_may_see_it(
    panel: Panel, tools: Any, colleague: Callable[..., Panel]
) -> None:
    del tools
    found = words(panel.get("/panel/find?q=ladd"))
    assert "Ladder" in found
    assert "in the shed" in found
    assert "Ladder" not in words(panel.get("/panel/find?q=saw"))
    assert "Ladder" not in words(colleague({"orders.view"}).get("/panel/find?q=ladd"))


def test_a_first_step_of_a_plugin_ticks_itself(panel: Panel, tools: Any) -> None:
    page = panel.get("/panel/").text
    assert '<a href="/panel/tools/">Hang up a ladder</a>' in page
    assert page.index("Hang up a ladder") < page.index("Place a test order")
    tools.KEPT.clear()
    assert "Done: Hang up a ladder" in words(panel.get("/panel/"))


def test_one_that_fails_is_left_out_and_is_the_plugins_fault(panel: Panel, tools: Any, site: Site) -> None:
    tools.TROUBLE.append(RuntimeError("no such table"))
    assert "Ladder" not in words(panel.get("/panel/find?q=ladd"))
    home = words(panel.get("/panel/"))
    assert "Hang up a ladder" not in home
    assert "Place a test order" in home
    installation().faults.flush()
    assert {fault.hook for fault in faults_of(site.id, "tools")} == {"panel finder", "first step"}


@pytest.mark.once
@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('first_steps=(FirstStep(title="X", how="", endpoint="gone", permission="a", is_done=bool),)', "no panel view"),
        ('panel_finder=PanelFinder(title="X", find=list, permission="")', "say by its permission"),
        ('product_acts=(ProductAct(title="X", endpoint="gone", permission="a"),)', "no panel view"),
    ],
)
def test_a_slip_is_told_when_the_plugin_is_loaded(tmp_path: Path, declared: str, said: str) -> None:
    folder = tmp_path / "slip"
    folder.mkdir()
    (folder / "plugin.py").write_text(
        f"from core.api import *\nPLUGIN = Plugin(name='slip', version='1', title='Slip', {declared})\n", "utf-8"
    )
    registry = Registry(folders=(tmp_path,))
    import plugins

    before = list(plugins.__path__)
    plugins.__path__.append(str(tmp_path))
    try:
        registry.discover()
    finally:
        plugins.__path__ = before
    assert said in registry.broken["slip"].reason


def test_who_may_write_pages_and_not_publish_changes_nothing_that_shoppers_see(
    panel: Panel, site: Site, colleague: Callable[..., Panel]
) -> None:
    switch_on(site.id, "pages", "system")
    panel.post("/panel/pages/new", {"title": "About us", "kind": "page"})
    text = {"version": "1", "language": "en", "title": "About us", "footer": "1"}
    panel.post("/panel/pages/1/publish", text)
    writer = colleague({"pages.edit"})
    page = writer.get("/panel/pages/1").text
    assert "Save the draft" in page
    assert 'name="publish_at"' not in page
    theirs = {**text, "version": "3", "title": "About them", "unpublish_at": "2040-01-01T10:00", "author": "Me"}
    theirs.pop("footer")

    assert writer.post("/panel/pages/1", theirs).status_code == 303

    assert "About them" in words(writer.get("/panel/pages/1"))
    assert '<a href="/pages/about-us">About us</a>' in panel.get("/").text
    kept = db.one("SELECT author, unpublish_at, footer FROM pages_page")
    assert kept == ("", None, 1)
    for path in ("1/publish", "1/remove", "1/shown", "bulk", "menus"):
        assert writer.post(f"/panel/pages/{path}", theirs).status_code == 403
