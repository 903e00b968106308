"""The author's guide is true: its plugin is written to a folder as the guide says, and passes its check."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "plugin-author.md"
BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("plugin", "count"),
    [
        ("gift_note", 4),
        pytest.param("staff_pick", 8, marks=pytest.mark.slow),
        pytest.param("open_block", 4, marks=pytest.mark.slow),
    ],
)
def test_each_plugin_of_the_guide_passes_its_check(tmp_path, plugin, count):
    instance = tmp_path / "instance"
    files = [(name, text) for name, text in BLOCK.findall(GUIDE.read_text("utf-8")) if name.startswith(f"{plugin}/")]
    assert len(files) == count
    for name, text in files:
        path = instance / "plugins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    environment = {**os.environ, "STOA_INSTANCE": str(instance), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "core.cli", "plugin", "check", plugin]
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout[-4000:] + checked.stderr[-1000:]


def test_the_operation_of_the_guide_is_served_to_programs(instance, app, site, turn_on):
    for name, text in BLOCK.findall(GUIDE.read_text("utf-8")):
        if name.startswith("opening_hours/"):
            path = instance / "plugins" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    turn_on("api")
    turn_on("opening_hours", hours="9-17\n9-17\n\n9-20\n9-20\n10-14")
    from plugins.api.forms import WantedKey
    from plugins.api.services.keys import make_key

    wanted = WantedKey(title="Sign at the door", scopes=("opening_hours:read",), expires_at=None)
    _, key = make_key(site, wanted, actor="system")

    def ask(day):
        path, sent = f"/api/v1/opening_hours/{day}", {"Authorization": f"Bearer {key}"}
        return app.test_client().get(path, base_url=f"http://{site.host}", headers=sent)

    assert ask("thursday").json == {"day": "thursday", "hours": "9-20"}
    assert ask("wednesday").json == {"day": "wednesday", "hours": ""}
    assert ask("sunday").json == {"day": "sunday", "hours": ""}
    assert ask("someday").status_code == 404


def test_the_block_of_the_guide_is_offered_to_whoever_keeps_pages(instance, app, site, turn_on, show_block):
    del app
    for name, text in BLOCK.findall(GUIDE.read_text("utf-8")):
        if name.startswith("open_block/"):
            path = instance / "plugins" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    turn_on("open_block")
    from core.api import plugin_blocks

    assert plugin_blocks(site)["open_block.hours"].title == "Opening hours"
    assert show_block("open_block.hours", hours="Mon 9-17\n\nTue <9") == "<p>Mon 9-17<br>Tue &lt;9</p>"
    assert show_block("open_block.hours") == ""


def test_the_theme_of_the_guide_is_whole_and_shown(instance, app, site):
    files = BLOCK.findall((ROOT / "docs" / "guide" / "theme-author.md").read_text("utf-8"))
    assert len(files) == 4
    for name, text in files:
        path = instance / "themes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    from core.kernel.installation import installation
    from core.kernel.site_verbs import add_site
    from core.testing.themes import check_theme

    assert check_theme(installation().themes, "harbour") == []
    harbour = add_site(host="harbour.test", name="Harbour", theme="harbour", currency="EUR", country="DE")
    page = app.test_client().get("/", base_url=f"http://{harbour.host}").text
    assert '<span class="logo__name">Harbour</span>' in page
    assert "/static/harbour/" in page


def test_the_language_pack_of_the_guide_is_spoken(instance, app, site, speak):
    files = BLOCK.findall((ROOT / "docs" / "guide" / "translators.md").read_text("utf-8"))
    assert len(files) == 3
    for name, text in files:
        path = instance / "plugins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    from core.kernel.i18n import ngettext, speaking
    from core.kernel.installation import installation
    from core.testing.languages import faults

    installation().plugins.discover()
    installation().plugins_changed()
    assert faults("cy") == []
    speak("welsh", "cy")
    client = app.test_client()
    assert "Eich basged" in client.get("/cy/cart", base_url=f"https://{site.host}").text
    assert "Cyfrinair" in client.get("/cy/login", base_url=f"https://{site.host}").text
    with speaking("cy"):
        assert ngettext("In one working day", "In %(n)s working days", 2) == "Mewn dau ddiwrnod gwaith"


def test_every_hook_is_documented_with_its_arguments_and_its_error():
    import pluggy

    from core.hookspecs import FAMILIES

    manager = pluggy.PluginManager("stoa")
    for family in FAMILIES:
        manager.add_hookspecs(family)
    told = (ROOT / "docs" / "hooks.md").read_text("utf-8")
    names = [name for name in dir(manager.hook) if not name.startswith("_")]
    assert len(names) == 18
    for name in names:
        spec = getattr(manager.hook, name).spec
        section = told.split(f"### `{name}(", 1)
        assert len(section) == 2, f"docs/hooks.md says nothing about {name}"
        head = section[1].split("\n", 1)[0]
        assert [word.strip() for word in head.split(")")[0].split(",")] == list(spec.argnames), name
        assert f"On error: {spec.function.stoa_policy.on_error}" in section[1].split("\n### ", 1)[0], name
