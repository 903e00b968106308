"""The test server as a process of its own, on a free port of 127.0.0.1."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LATE_S = 0.3  # how long after the shopper the test server lets a late success come


@pytest.fixture(scope="session")
def start_server() -> Iterator[Callable[..., str]]:
    """`start_server("--live")` answers the address of a new server process; all end with the run."""
    started = []

    def start(*arguments: str) -> str:
        command = [sys.executable, "-m", "plugins.fake_gateway.server", "--port", "0", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    yield start
    for process in started:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


@pytest.fixture(scope="session")
def server(start_server: Callable[..., str]) -> str:
    return start_server("--late-s", str(LATE_S), "--stall-s", "2")
