"""A plugin made by `./stoa plugin new` runs, and its own tests pass, for every kind.

A faulty one is told what is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.testing.scaffold import KINDS, NameTaken, NotAName, make_plugin

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


SHORT = ("blank", "gateway")


@pytest.mark.parametrize(
    "kind", [kind if kind in SHORT else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_a_new_plugin_passes_its_check(kind, tmp_path):
    instance = tmp_path / "instance"
    made = command(instance, "plugin", "new", f"my_{kind}", "--kind", kind)
    assert made.returncode == 0, made.stderr

    checked = command(instance, "plugin", "check", f"my_{kind}")

    assert checked.returncode == 0, checked.stdout[-3000:] + checked.stderr[-2000:]
    assert " passed" in checked.stdout


def test_a_faulty_plugin_is_told_what_is_wrong(tmp_path):
    instance = tmp_path / "instance"
    command(instance, "plugin", "new", "my_carrier", "--kind", "carrier")
    plugin = instance / "plugins" / "my_carrier" / "plugin.py"
    plugin.write_text(
        plugin.read_text().replace("parse_money(self._price.price, self._site.currency)", 'parse_money("-5", "USD")')
    )

    checked = command(instance, "plugin", "check", "my_carrier")

    assert checked.returncode == 1
    assert "currency" in checked.stdout


def test_a_plugin_without_its_contract_suite_is_not_complete(tmp_path):
    instance = tmp_path / "instance"
    command(instance, "plugin", "new", "my_carrier", "--kind", "carrier")
    folder = instance / "plugins" / "my_carrier"
    (folder / "tests" / "test_my_carrier.py").write_text("def test_nothing():\n    assert 1 + 1 == 2\n")
    (folder / "README.md").unlink()

    checked = command(instance, "plugin", "check", "my_carrier")

    assert checked.returncode == 1
    assert "no test runs CarrierContract" in checked.stdout
    assert "README.md is missing" in checked.stdout


def test_names_that_are_no_names_or_taken_are_refused(app):
    with pytest.raises(NotAName):
        make_plugin("Gift-Wrap", "blank")
    make_plugin("gift_wrap", "blank")
    with pytest.raises(NameTaken):
        make_plugin("gift_wrap", "blank")
