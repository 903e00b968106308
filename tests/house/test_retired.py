"""What is retired stays for one more minor version at least, and goes when it was said that it would."""

from __future__ import annotations

import configparser
import importlib
from collections.abc import Mapping
from pathlib import Path

import pluggy
import pytest

from core.hookspecs import FAMILIES
from core.kernel.retiring import NAMES
from core.lib.retired import Retired, minor

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.once


def version() -> str:
    read = configparser.ConfigParser()
    read.read(ROOT / "setup.cfg", "utf-8")
    return read["metadata"]["version"]


def hooks() -> dict[str, Retired]:
    manager = pluggy.PluginManager("stoa")
    for family in FAMILIES:
        manager.add_hookspecs(family)
    named = {
        name: getattr(manager.hook, name).spec.function.stoa_policy for name in vars(manager.hook) if name[0] != "_"
    }
    return {name: policy.retired for name, policy in named.items() if policy.retired is not None}


def wrong(retired: Mapping[str, Retired], now: str) -> list[str]:
    """What goes too early, or should have gone."""
    found = []
    for name, known in retired.items():
        (major, small), until = minor(known.since), minor(known.until)
        if until < (major, small + 2):
            found.append(f"{name}: retired in {known.since}, it stays for all of {major}.{small + 1}")
        if until <= minor(now):
            found.append(f"{name}: it was to be gone in {known.until}")
    return found


def test_what_is_retired_stays_as_long_as_was_said():
    assert wrong({**NAMES, **hooks()}, version()) == []


def test_every_retired_name_leads_to_something():
    for known in NAMES.values():
        module, _colon, name = known.target.partition(":")
        assert hasattr(importlib.import_module(module), name)


def test_planted_what_goes_too_early_or_stays_too_long_is_noticed():
    soon = Retired(instead="x", since="1.2", until="1.3", target="core.lib.money:Money")
    assert wrong({"Soon": soon}, "1.2") == ["Soon: retired in 1.2, it stays for all of 1.3"]
    late = Retired(instead="x", since="1.2", until="1.4")
    assert wrong({"Late": late}, "1.3") == []
    assert wrong({"Late": late}, "1.4") == ["Late: it was to be gone in 1.4"]
