"""`./stoa test` tells the truth in its last line and its exit code."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def stages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stages_under_test", Path(__file__).parents[1] / "stages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("line", "passed", "failed"),
    [
        ("30 passed in 4.50s", 30, 0),
        ("2 failed, 30 passed, 3 skipped, 7 deselected in 64.50s (0:01:04)", 30, 2),
        ("1 failed, 2 errors in 0.10s", 0, 3),
        ("30 passed, 1 error in 4.50s", 30, 1),
        ("no tests ran in 0.01s", 0, 0),
        ("INTERNALERROR> something", 0, 0),
    ],
)
def test_counts_are_read_from_the_closing_line(stages: ModuleType, line: str, passed: int, failed: int) -> None:
    counts = stages.closing_counts(line)
    assert (counts["passed"], counts["failed"]) == (passed, failed)


@pytest.fixture
def ran(stages: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the stages that ran; none of them does its work."""
    names: list[str] = []

    def stand_in(name: str, code: int, passed: int, counts: dict[str, int]) -> object:
        def run() -> int:
            names.append(name)
            counts["passed"] += passed
            return code

        return stages.Stage(name=name, run=run)

    monkeypatch.setattr(stages, "checks", lambda: iter([stand_in("lint", 1, 0, {"passed": 0})]))
    monkeypatch.setattr(
        stages.Tests,
        "stages",
        lambda self: iter([stand_in("sqlite", 0, 4, self._counts), stand_in("postgres", 0, 3, self._counts)]),
    )
    monkeypatch.setattr(stages.os, "chdir", lambda _: None)
    return names


def test_a_failed_stage_fails_the_run_and_the_others_still_run(
    stages: ModuleType, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert stages.main([]) == 1
    assert ran == ["lint", "sqlite", "postgres"]
    assert capsys.readouterr().out.splitlines()[-1] == "7 passed, 0 failed"


def test_arguments_for_pytest_leave_the_other_stages_out(stages: ModuleType, ran: list[str]) -> None:
    assert stages.main(["-k", "cart"]) == 0
    assert ran == ["sqlite", "postgres"]


def test_slow_alone_runs_everything(stages: ModuleType, ran: list[str]) -> None:
    stages.main(["--slow"])
    assert ran == ["lint", "sqlite", "postgres"]


def test_without_root_it_is_said_in_one_line_what_is_left_out(
    stages: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(stages.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(stages.shutil, "which", lambda _: None)
    monkeypatch.setattr(stages, "CHINESE_FONT", tmp_path / "none.ttc")
    assert stages.set_up() == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "left out: browser tests" in said


def test_help_runs_nothing(
    stages: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stages, "checks", lambda: pytest.fail("a stage ran"))
    monkeypatch.setattr(stages.Tests, "stages", lambda _: pytest.fail("a stage ran"))
    assert stages.main(["--help"]) == 0
    assert "usage: ./stoa test" in capsys.readouterr().out
