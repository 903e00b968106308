"""A gateway on an origin of its own, and windows of the one browser for a merchant and a shopper at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.testing.browser import View
from tests.journeys.windows import Window, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def gateway() -> Iterator[str]:
    """The address of a running test gateway, a process that shares nothing with the shop."""
    command = [sys.executable, "-m", "plugins.fake_gateway.server", "--port", "0", "--late-s", "0.2", "--stall-s", "2"]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Callable[[View], Window]]:
    """`open_window(PHONE)`: a fresh profile with one page. Whatever its console complains about fails the test."""
    opened: list[Window] = []

    def open_one(view: View) -> Window:
        opened.append(watched(browser, view))
        return opened[-1]

    yield open_one
    for window in opened:
        window.page.context.close()
    assert [fault for window in opened for fault in window.faults] == []
