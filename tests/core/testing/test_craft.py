"""A plugin made by `./stoa plugin new` runs, and its own tests pass, for every kind.

A faulty one is told what is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.kernel.installation import installation
from core.testing import check
from core.testing.check import check_plugin
from core.testing.scaffold import KINDS, NameTaken, NotAName, make_plugin

# What is made and checked are files.
pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[3]


def command(instance: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STOA_INSTANCE": str(instance), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "core.cli", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_plugin_is_made_whole_on_the_command_line(instance, app):
    made = command(instance, "plugin", "new", "my_blank")
    assert made.returncode == 0, made.stderr

    installation().plugins.discover()

    loaded = installation().plugins.loaded["my_blank"]
    assert [*check.missing(loaded), *check.untested(loaded), *check.unsaid(loaded)] == []


@pytest.mark.slow
def test_a_new_plugin_passes_its_check_on_the_command_line(tmp_path):
    instance = tmp_path / "instance"
    made = command(instance, "plugin", "new", "my_blank")
    assert made.returncode == 0, made.stderr

    checked = command(instance, "plugin", "check", "my_blank")

    assert checked.returncode == 0, checked.stdout[-3000:] + checked.stderr[-2000:]
    assert " passed" in checked.stdout


@pytest.fixture
def make(app):
    """`make("my_carrier", "carrier")`: a new plugin of this installation, and its folder; load it by `discover()`."""

    def new(name, kind):
        make_plugin(name, kind)
        return installation().config.plugins_path / name

    return new


KINDS_WITH_SUITES = [kind for kind in KINDS if kind != "blank"]
SHORT = ("gateway",)


@pytest.mark.parametrize(
    "kind", [kind if kind in SHORT else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS_WITH_SUITES]
)
def test_a_new_plugin_passes_its_check(kind, make, capfd):
    make(f"my_{kind}", kind)
    installation().plugins.discover()

    code = check_plugin(f"my_{kind}")

    told = capfd.readouterr().out
    assert code == 0, told[-3000:]
    assert " passed" in told


def test_a_new_plugin_of_every_kind_says_all_its_texts_in_chinese(make):
    for kind in KINDS:
        make(f"my_{kind}", kind)
    installation().plugins.discover()
    for kind in KINDS:
        assert check.unsaid(installation().plugins.loaded[f"my_{kind}"]) == [], kind


def test_texts_that_lack_their_chinese_are_named(make, monkeypatch, capsys):
    monkeypatch.setattr(check, "_run_tests", lambda _: 0)
    plugin = make("my_gateway", "gateway") / "plugin.py"
    text = plugin.read_text().replace('"Pay to this account."', '"Pay at the door."')
    plugin.write_text(text.replace('label="API key"', 'label="Key of the door"'))
    installation().plugins.discover()

    assert check_plugin("my_gateway") == 0

    told = capsys.readouterr().out
    assert "! 'Key of the door' is not in locale/zh_CN" in told
    assert "! 'Pay at the door.' is not in locale/zh_CN" in told
    assert told.count("!") == 2


def test_a_faulty_plugin_is_told_what_is_wrong(make, capfd):
    plugin = make("my_carrier", "carrier") / "plugin.py"
    whole = plugin.read_text()
    plugin.write_text(whole.replace("parse_money(self._price.price, self._site.currency)", 'parse_money("-5", "USD")'))
    assert plugin.read_text() != whole
    installation().plugins.discover()

    assert check_plugin("my_carrier") == 1
    assert "currency" in capfd.readouterr().out


def test_a_plugin_without_its_contract_suite_is_not_complete(make, monkeypatch, capsys):
    monkeypatch.setattr(check, "_run_tests", lambda _: 0)
    folder = make("my_carrier", "carrier")
    (folder / "tests" / "test_my_carrier.py").write_text("def test_nothing():\n    assert 1 + 1 == 2\n")
    (folder / "README.md").unlink()
    installation().plugins.discover()

    assert check_plugin("my_carrier") == 1

    told = capsys.readouterr().out
    assert "no test runs CarrierContract" in told
    assert "README.md is missing" in told


def test_names_that_are_no_names_or_taken_are_refused(app):
    with pytest.raises(NotAName):
        make_plugin("Gift-Wrap", "blank")
    make_plugin("gift_wrap", "blank")
    with pytest.raises(NameTaken):
        make_plugin("gift_wrap", "blank")


DECLARED = "from core.api import *\nPLUGIN = Plugin(name='planted', version='1', title='X', {})\n"
PLANTED = {
    "def broken(:\n": "cannot be loaded: plugin.py, line 1",
    "import nothing_like_it\n": "cannot be loaded: ModuleNotFoundError",
    "raise SystemExit(1)\n": "it ended the program while it was loaded",
    "PLUGIN = 3\n": "has no PLUGIN = Plugin(...)",
    "from core.api import *\nPLUGIN = Plugin(name='other', version='1', title='X')\n": "the folder is called 'planted'",
    DECLARED.format("api=9"): "plugin API 9",
    DECLARED.format("category='toys'"): "category 'toys'",
    DECLARED.format("every={'sweep': 5}"): "no job 'sweep'",
    DECLARED.format("") + "@hookimpl\ndef promote_offer(site, cart): ...\n": (
        "planted/plugin.py:3: there is no hook 'promote_offer'; did you mean 'promote_offers'?"
    ),
    DECLARED.format("") + "@hookimpl\ndef promote_offers(site, carts): ...\n": (
        "promote_offers has no argument 'carts'; did you mean 'cart'?"
    ),
}


@pytest.mark.parametrize("source", PLANTED)
def test_a_plugin_that_cannot_be_loaded_is_refused_with_its_reason(source, app, capsys):
    folder = installation().config.plugins_path / "planted"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(source)
    installation().plugins.discover()

    assert check_plugin("planted") == 1
    assert PLANTED[source] in capsys.readouterr().out


def test_what_a_plugin_lacks_is_named(app, monkeypatch, capsys):
    monkeypatch.setattr(check, "_run_tests", lambda _: 0)
    folder = installation().config.plugins_path / "planted"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(
        "from core.api import *\n"
        "VIEWS = Views('/planted')\n"
        "@VIEWS.get('/')\n"
        "def page():\n    return 'for nobody'\n"
        "PLUGIN = Plugin(name='planted', version='1', title='X', shop=VIEWS)\n"
        + "".join(f"@hookimpl\ndef {hook}(site): ...\n" for hook in check._CONTRACTS)
    )
    installation().plugins.discover()

    assert check_plugin("planted") == 1

    told = capsys.readouterr().out
    for lack in ("README.md is missing", "tests/ has no test", "locale/zh_CN is missing", "/planted/ declares nobody"):
        assert lack in told
    for suite in ("Gateway", "Carrier", "Channel", "Promotion", "Search"):
        assert f"no test runs {suite}Contract" in told


def test_a_plugin_that_is_none_is_refused(app, capsys):
    assert check_plugin("nobody") == 1
    assert "There is no plugin 'nobody'." in capsys.readouterr().out
