"""`./stoa run --debug` notices what an editor does to a source, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.kernel.debug import stamps

pytestmark = pytest.mark.once


def test_an_edit_a_new_file_and_a_removed_one_are_noticed(tmp_path: Path) -> None:
    source = tmp_path / "plugin" / "services.py"
    source.parent.mkdir()
    source.write_text("")
    first = stamps([tmp_path])
    os.utime(source, ns=(1, 1))
    edited = stamps([tmp_path])
    assert edited != first
    (tmp_path / "messages.po").write_text("")
    assert stamps([tmp_path]) != edited
    (tmp_path / "messages.po").unlink()
    assert stamps([tmp_path]) == edited
    source.unlink()
    assert stamps([tmp_path]) == {}


@pytest.mark.parametrize("place", ["tests/test_x.py", "static/js/x.js", "templates/x.html", "__pycache__/x.py"])
def test_what_needs_no_restart_is_not_looked_at(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert stamps([tmp_path]) == {}
