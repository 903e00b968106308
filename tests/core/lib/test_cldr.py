"""Babel says the same of each language and of the world, whether the rare parts were let go or not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.once

# All that Babel knows, as text. One language after the other: Babel lets those that are loaded write into each other.
_TOLD = """
import json, pickle, sys
from pathlib import Path

from babel import Locale, core, localedata
from core.lib import cldr

def plain(value):
    if hasattr(value, "items"):
        return {str(key): plain(value[key]) for key in value}
    return getattr(value, "pattern", repr(value))

def told(tag):
    localedata._cache.clear()
    locale = Locale.parse(tag)
    if "light" in sys.argv:
        cldr.lighten([tag])
        cldr.lighten([tag])
        if "more" in sys.argv:
            localedata._cache.pop(str(locale))
    return plain(locale._data)

said = {tag: told(tag) for tag in ["zh_CN", "en_GB", "en_001", "de", "de_AT", "ar"]}
world = pickle.loads(Path(core.__file__).with_name("global.dat").read_bytes())
said["world"] = {key: plain(core.get_global(key)) for key in world}
json.dump(said, sys.stdout, sort_keys=True)
"""


def _told(*words: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _TOLD, *words], capture_output=True, text=True, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_nothing_is_lost() -> None:
    whole = _told()
    assert whole["zh_CN"]["time_zones"], "and so on"
    assert _told("light") == whole
    assert _told("light", "more") == whole, "a language whose parents are light"
