"""A package is imported without what it would take along."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.lib.spare import later, without

pytestmark = pytest.mark.once


def test_what_is_not_loaded_is_not_found_within_the_block() -> None:
    sys.modules.pop("this", None)
    with without("this"), pytest.raises(ImportError):
        import this  # noqa: F401
    assert "this" not in sys.modules


def test_it_is_there_again_after_an_import_that_failed() -> None:
    with pytest.raises(ZeroDivisionError), without("this"):
        raise ZeroDivisionError
    assert "this" not in sys.modules


def test_what_is_loaded_already_stays() -> None:
    with without("json"):
        import json
    assert sys.modules["json"] is json


def test_a_module_is_executed_when_it_is_first_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "put_off.py").write_text("import sys\nsys.executed_for_a_test = True\nVALUE = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "executed_for_a_test", False, raising=False)
    later("put_off", "no_such_module")
    try:
        import put_off

        assert not sys.executed_for_a_test
        assert put_off.__name__ == "put_off"
        assert put_off.VALUE == 3
        assert sys.executed_for_a_test
        later("put_off")
        assert sys.modules["put_off"] is put_off, "what is loaded stays"
        with pytest.raises(AttributeError, match="no attribute 'other'"):
            _ = put_off.other
    finally:
        del sys.modules["put_off"]


def test_a_package_is_executed_before_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "put_off").mkdir()
    (tmp_path / "put_off" / "__init__.py").write_text("ORDER = ['package']\n")
    (tmp_path / "put_off" / "inside.py").write_text("from put_off import ORDER\nORDER.append('inside')\n")
    monkeypatch.syspath_prepend(tmp_path)
    later("put_off")
    try:
        import put_off.inside

        assert put_off.ORDER == ["package", "inside"]
    finally:
        for name in ("put_off", "put_off.inside"):
            sys.modules.pop(name, None)
