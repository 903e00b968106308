"""The application of a test: in this process behind a client, or served by a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from msgspec import Struct

from core.testing.database import Databases

if TYPE_CHECKING:
    from werkzeug.test import Client

    from core.app import App

_ROOT = Path(__file__).parents[2]
_START_S = 30


@pytest.fixture
def instance(database: str, tmp_path: Path) -> Path:
    """A temporary instance folder whose configuration names the test's database."""
    return _make_instance(tmp_path / "instance", database)


@pytest.fixture
def app(instance: Path) -> App:
    """The application on this test's database, in this process."""
    from core.app import create_app

    return create_app(instance)


@pytest.fixture
def client(app: App) -> Client:
    """A browser without scripts that talks to `app`; another site by `client.get(path, base_url="http://shop.test")`."""
    client: Client = app.test_client()
    return client


class LiveServer(Struct, frozen=True, kw_only=True):
    """A running `stoa run` on an instance folder of its own."""

    port: int
    instance: Path

    def url(self, path: str = "/", *, host: str = "localhost") -> str:
        """The address of `path`; `host` chooses the site (every *.localhost leads to this machine in a browser)."""
        return f"http://{host}:{self.port}{path}"

    def command(self, *words: str) -> str:
        """Run another `stoa` command on the same instance and answer what it printed; raises when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "core.cli", *words],
            cwd=_ROOT,
            env=_environment(self.instance),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"stoa {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout


@pytest.fixture
def serve(instance: Path) -> Iterator[LiveServer]:
    """The application on this test's own instance and database: arrange rows first, then ask for it."""
    with _running(instance) as server:
        yield server


@pytest.fixture(scope="session")
def live_server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One application for all tests of a worker, without demo sites; tests must not undo each other's rows."""
    folder = tmp_path_factory.mktemp("live")
    with _running(_make_instance(folder / "instance", databases.clone(folder))) as server:
        yield server


def _make_instance(folder: Path, url: str) -> Path:
    folder.mkdir()
    # A JSON string is a TOML string.
    lines = [f"database_url = {json.dumps(url)}", "testing = true", "backup_hour = -1"]
    if under_test := os.environ.get("STOA_TEST_PLUGINS"):
        lines.append(f"plugins_folder = {json.dumps(under_test)}")
    (folder / "stoa.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def _environment(instance: Path) -> dict[str, str]:
    return {**os.environ, "STOA_INSTANCE": str(instance), "PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1"}


@contextmanager
def _running(instance: Path) -> Iterator[LiveServer]:
    """Start the application, wait for its first answer, and end it afterwards whatever happened."""
    server = LiveServer(port=free_port(), instance=instance)
    log = instance / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.cli", "run", "--port", str(server.port), "--no-demo"],
            cwd=_ROOT,
            env=_environment(instance),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(server, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(server: LiveServer, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            with urlopen(server.url("/healthz", host="127.0.0.1"), timeout=2):
                return
        except (URLError, OSError):
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the server did not start: {log.read_text()[-4000:]}") from None
            time.sleep(0.05)


def free_port() -> int:
    """A port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
