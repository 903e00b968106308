"""The README is true: its plugin works as it stands there, and its commands and pages exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.cli import parser
from core.hookspecs.checkout import Address
from core.lib.errors import Refused

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_plugin_of_the_readme_stops_an_order_to_the_islands(instance, turn_on, sell, order):
    [code] = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    folder = instance / "plugins" / "no_islands"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(code, "utf-8")
    turn_on("no_islands")
    lamp = sell("LAMP", 8900, stock=3)

    with pytest.raises(Refused, match="islands"):
        order(lamp, address=to("ZE1 0AA", "Lerwick"))

    assert order(lamp, address=to("EH6 6QW", "Edinburgh")).number


def to(postcode: str, city: str) -> Address:
    return Address(name="Mira K.", lines=("12 Shore Street",), city=city, postcode=postcode, country="GB")


def test_every_command_that_the_readme_names_is_known():
    named = set(re.findall(r"\./stoa ([a-z]+)", README)) - {"test"}
    known = next(action.choices for action in parser()._actions if action.choices)
    assert named <= set(known)


def test_every_file_that_the_readme_links_to_is_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    assert linked
    assert [name for name in linked if not (ROOT / name).exists()] == []
