"""`./stoa run --debug` answers an edit soon: what nobody edited is not loaded again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from core.cli import again
from core.kernel.config import ROOT

pytestmark = pytest.mark.once


def test_only_what_was_imported_before_the_fork_makes_the_whole_process_begin_anew() -> None:
    assert again._is_held([f"{ROOT}/core/lib/money.py"])
    assert again._is_held([f"{ROOT}/plugins/coupons/plugin.py"])
    assert not again._is_held([f"{ROOT}/instance/plugins/mine/plugin.py", f"{ROOT}/core/locale/zh_CN/messages.po"])
    assert not again._is_held([f"{ROOT}/themes/plain/theme.toml"])


def test_a_server_is_replaced_after_an_edit_and_does_not_outlive_whoever_forked_it(tmp_path: Path) -> None:
    """The servers here write down that they began, and wait; the second one ends whoever waits for it."""
    plugin = tmp_path / "plugins" / "mine" / "plugin.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("NAME = 'first'\n")
    seen = tmp_path / "seen"

    def server() -> int:
        with seen.open("a") as file:
            file.write(plugin.read_text())
        while True:
            time.sleep(60)

    author = os.fork()
    if not author:
        again._import_all = lambda: None
        again.serve(Config(tmp_path), server)
        os._exit(0)
    wait_for(lambda: seen.exists() and "first" in seen.read_text())
    plugin.write_text("NAME = 'second'\n")
    wait_for(lambda: "second" in seen.read_text())
    os.kill(author, 15)
    assert os.waitstatus_to_exitcode(os.waitpid(author, 0)[1]) == 0


def test_a_server_that_cannot_begin_ends_the_command_with_its_code(tmp_path: Path) -> None:
    author = os.fork()
    if not author:
        again._import_all = lambda: None
        os._exit(again.serve(Config(tmp_path), lambda: 3))
    assert os.waitstatus_to_exitcode(os.waitpid(author, 0)[1]) == 3


class Config:
    """What `serve` asks of the configuration."""

    def __init__(self, folder: Path) -> None:
        self.plugins_path = folder / "plugins"


def wait_for(is_so) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)
