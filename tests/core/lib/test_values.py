"""Frozen values behave as Python made them after they share what it wrote for each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.kernel.config import ROOT

pytestmark = pytest.mark.once

# In a process of its own: what is shared stays so for all classes there are.
_PROGRAM = """
import gc
from dataclasses import FrozenInstanceError, dataclass, field

@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0
    hidden: str = field(default="", repr=False)

@dataclass
class Loose:
    x: int

@dataclass
class Own:
    x: int

    def __repr__(self):
        return "own"

@dataclass(frozen=True)
class Plain:
    x: int

class Below(Plain):
    def __init__(self, x):
        super().__init__(x)
        self.added = 1

def refused(act):
    try:
        act()
    except FrozenInstanceError as error:
        return str(error)
    return ""

def seen():
    point = Point(1, 2, "h")
    loose = Loose(point)
    loose.x = loose
    below = Below(3)
    below.added = 2
    return [
        repr(point), repr(loose), repr(Own(1)), repr(below), below.added,
        point == Point(1, 2, "h"), hash(point) == hash(Point(1, 2, "h")),
        refused(lambda: setattr(point, "x", 2)), refused(lambda: delattr(point, "x")),
        refused(lambda: setattr(below, "x", 2)),
    ]

before = seen()
from core.lib.values import share_methods
assert share_methods() >= 3
assert seen() == before, (seen(), before)
gc.collect()
assert len([one for one in gc.get_objects() if type(one) is type and one.__name__ == "Point"]) == 1, "one without slots"
"""


def test_shared_methods_do_what_those_of_each_class_did(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
