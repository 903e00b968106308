"""Servers of the bench on loopback: gunicorn, or what `./stoa serve` runs, and one visitor who asks it."""

from __future__ import annotations

import gzip
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from core.cli import serve
from core.kernel.config import ROOT

HOST = "bench.localhost"
_START_S = 60
_addresses = count(1)


@dataclass(slots=True)
class Server:
    """A running server; `root` is the process above its workers."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def root(self) -> int:
        return self.process.pid

    def wait(self, path: str = "/readyz") -> None:
        """Until it answers."""
        until = time.monotonic() + _START_S
        while True:
            try:
                if Visitor(self).get(path).status == 200:
                    return
            except (OSError, HTTPException):
                pass
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start: {self.log.read_text()[-3000:]}")
            time.sleep(0.005)

    def stop(self) -> None:
        """End it with its workers."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(application: str, folder: Path, *options: str, **environment: str) -> Server:
    """Start gunicorn on a free port without waiting for it; its log goes to `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *(options or ("--workers", "1"))],
            cwd=folder,
            env={**clean_environment(), **environment, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=output,
        )
    return Server(port, process, log)


def keep(application: str, folder: Path, workers: int, **environment: str) -> Server:
    """The same as `./stoa serve` would run it."""
    bound = serve.listen("127.0.0.1:0")
    bound.set_inheritable(True)
    port = bound.getsockname()[1]
    log = folder / f"server-{port}.log"
    with bound, log.open("wb") as output:
        process = subprocess.Popen(
            serve.command(application, bound.fileno(), workers, 30, 0, "127.0.0.1"),
            cwd=folder,
            env={**clean_environment(), **environment, "PYTHONPATH": str(ROOT)},
            pass_fds=[bound.fileno()],
            stdout=output,
            stderr=output,
        )
    return Server(port, process, log)


def clean_environment() -> dict[str, str]:
    """Without a word of the shop that this machine may run; bytecode is kept, as it is where a shop is served."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("STOA_") and name != "PYTHONDONTWRITEBYTECODE"
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def location(self) -> str:
        """Where a redirect leads, on this server."""
        return re.sub(r"^https?://[^/]+", "", self.headers.get("Location", ""))

    @property
    def statements(self) -> int:
        return int(self.headers["X-Statements"])


@dataclass(slots=True)
class Visitor:
    """A browser without scripts. Each has its own address, as limits per address are no part of what is measured."""

    server: Server
    cookies: dict[str, str] = field(default_factory=dict)
    address: str = field(default_factory=lambda: "10.{0[0]}.{0[1]}.{0[2]}".format(next(_addresses).to_bytes(3, "big")))
    counts: bool = False

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, sent: Mapping[str, str]) -> Answer:
        return self._ask("POST", path, urlencode(sent))

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = {
            "Host": f"{HOST}:{self.server.port}",
            "X-Forwarded-For": self.address,
            "Accept": "text/html",
            "Accept-Encoding": "gzip",
        }
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        if self.counts:
            headers["X-Count"] = "1"
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        for said in response.headers.get_all("Set-Cookie") or ():
            name, _, value = said.partition(";")[0].partition("=")
            self.cookies[name] = value
        is_packed = response.headers.get("Content-Encoding") == "gzip"
        text = (gzip.decompress(body) if is_packed else body).decode()
        return Answer(response.status, text, dict(response.headers))


def expect(answer: Answer, status: int = 200) -> Answer:
    """The answer, if it is what the bench means to measure; an error page is fast, and is no result."""
    if answer.status != status:
        raise RuntimeError(f"answered {answer.status} instead of {status}: {answer.text[:2000]}")
    return answer
