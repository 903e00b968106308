"""The tutorials are true: what `plugin new` makes, overlaid by a tutorial's files step by step, passes its tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.testing.check import missing, untested
from core.testing.database import on_postgres
from core.testing.scaffold import KINDS, make_plugin

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "guide" / "tutorials"
BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BEGIN = re.compile(r"^\./stoa plugin new (\w+) --kind (\w+)$", re.MULTILINE)
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(TUTORIALS.glob("*.md"))}
PLUGINS = {stem: BEGIN.search(text).groups() for stem, text in TEXTS.items() if stem != "theme"}


def write(folder: Path, text: str) -> None:
    """The files of a tutorial in their order, so that a later step replaces an earlier one."""
    for name, code in BLOCK.findall(text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, "utf-8")


def test_there_is_a_tutorial_for_every_kind_of_plugin_and_for_themes():
    assert sorted({kind for _, kind in PLUGINS.values()}) == sorted(KINDS)
    assert "theme" in TEXTS


@pytest.fixture
def built(app, instance):
    """The folder with every plugin of the tutorials, each begun by `plugin new`."""
    from core.kernel.installation import installation

    for stem, (name, kind) in PLUGINS.items():
        folder = make_plugin(name, kind)
        write(folder.parent, TEXTS[stem])
    assert installation().plugins.discover()
    assert installation().plugins.broken == {}
    return instance / "plugins"


@pytest.mark.once
def test_each_plugin_is_whole_and_passes_its_own_tests(built):
    """One run for all: what a reader sees after the last step, without the faults that `plugin check` adds."""
    from core.kernel.installation import installation

    for name, _ in PLUGINS.values():
        loaded = installation().plugins.loaded[name]
        assert [*missing(loaded), *untested(loaded)] == [], name
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "STOA_TEST_PLUGINS": str(built)}
    command = [sys.executable, "-m", "pytest", "-q", "-c", "setup.cfg", "--rootdir", str(ROOT), "-p", "core.testing"]
    # The suites of the contracts, some dozens of tests each, run with the slow ones.
    suites = " or ".join(
        f"Test{''.join(part.capitalize() for part in name.split('_'))}" for name, _ in PLUGINS.values()
    )
    ran = subprocess.run(
        [*command, "-k", f"not ({suites})", *(str(built / name / "tests") for name, _ in PLUGINS.values())],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-1000:]
    # On PostgreSQL only what touches a database runs.
    least = 1 if on_postgres() else 2
    assert int(re.search(r"(\d+) passed", ran.stdout)[1]) >= least * len(PLUGINS)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _ in PLUGINS.values()])
def test_each_plugin_passes_its_check(built, instance, name):
    environment = {**os.environ, "STOA_INSTANCE": str(instance), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "core.cli", "plugin", "check", name]
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-4000:] + checked.stderr[-1000:]


@pytest.mark.once
def test_every_text_of_a_tutorial_has_its_chinese(built):
    """In the plugin's own catalogue, or in core's."""
    from core.testing.texts import texts
    from tests.house.test_translations import CATALOGUE, msgids, unfinished

    refusals = {"Refused", "Broken"}
    house = msgids(ROOT / "core") | msgids(ROOT / "themes")
    for name, _ in PLUGINS.values():
        folder = built / name
        assert unfinished(folder) == []
        assert (folder / CATALOGUE).exists()
        known = house | msgids(folder)
        assert [text.msgid for text in texts(folder, refusals) if text.msgid not in known] == [], name


@pytest.mark.once
def test_the_look_is_whole_and_shown(instance, app, site):
    write(instance / "themes", TEXTS["theme"])
    from core.kernel.installation import installation
    from core.kernel.site_verbs import add_site
    from core.testing.themes import check_theme

    assert check_theme(installation().themes, "gallery") == []
    gallery = add_site(host="gallery.test", name="Gallery", theme="gallery", currency="EUR", country="DE")
    page = app.test_client().get("/", base_url=f"http://{gallery.host}").text
    assert '<span class="logo__name">Gallery</span>' in page
    assert "/static/gallery/" in page


def test_every_link_of_a_tutorial_leads_to_a_file():
    for stem, text in TEXTS.items():
        for target in re.findall(r"\]\(([^)#]+)", text):
            assert (TUTORIALS / target).resolve().exists(), f"{stem}: {target}"


def test_the_guides_lead_to_every_tutorial():
    guides = (ROOT / "docs" / "guide" / "plugin-author.md").read_text("utf-8") + (
        ROOT / "docs" / "guide" / "theme-author.md"
    ).read_text("utf-8")
    for stem in TEXTS:
        assert f"(tutorials/{stem}.md)" in guides, stem
