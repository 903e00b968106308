"""What a process of `core.kernel.family` does: it loads the application, is forked into workers, and serves.

What speaks HTTP is gunicorn's own worker; only whom it reports to is another.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import time
from typing import Any, NoReturn

from gunicorn.config import Config
from gunicorn.workers.sync import SyncWorker
from msgspec import Struct

from core.kernel.keeper import LINES
from core.lib.spare import hollow

with hollow("logging.config:dictConfig fileConfig"):  # what it reads settings with that nobody gives it
    from gunicorn.glogging import Logger

_BEAT_S = 1.0


class _Application:
    """What gunicorn's worker asks for what it serves."""

    def __init__(self, wsgi: Any) -> None:
        self._wsgi = wsgi

    def wsgi(self) -> Any:
        return self._wsgi


class _Worker(SyncWorker):  # type: ignore[misc]
    """Takes one request after another, and tells the keeper that it lives."""

    def __init__(self, family: Family, line: int, children: list[int]) -> None:
        super().__init__(0, os.getppid(), [family.listening], family.application, _BEAT_S, family.config, family.log)
        self._line, self._children, self._next_beat = line, children, 0.0

    def serve(self) -> None:
        """Until the keeper says that it is enough, or is gone."""
        os.set_inheritable(self._line, False)
        os.set_blocking(self._line, False)
        self.pid = os.getpid()
        self.init_process()

    def run(self) -> None:
        self._tell(f"{os.getpid()}\n".encode())
        super().run()

    def notify(self) -> None:
        """Called between two requests, and when there is nothing to do."""
        if (now := time.monotonic()) >= self._next_beat:
            self._next_beat = now + _BEAT_S
            self._tell(b"\n")
            self._children = [pid for pid in self._children if os.waitpid(pid, os.WNOHANG)[0] == 0]

    def is_parent_alive(self) -> bool:
        """Its parent is the leader, which may go; the line tells whether the keeper is there."""
        return True

    def _tell(self, words: bytes) -> None:
        try:
            os.write(self._line, words)
        except BlockingIOError:
            return  # the keeper has not listened for hours, but is there
        except BrokenPipeError:
            self.alive = False


class Family(Struct, frozen=True):
    """What every worker is given; `lines` are those to the keeper, one for each."""

    lines: list[int]
    listening: socket.socket
    application: _Application
    config: Config
    log: Logger

    def serve(self) -> NoReturn:
        """Fork for every line but the first, and serve."""
        children: list[int] = []
        for line in self.lines[1:]:
            if (child := os.fork()) == 0:
                self._serve(line, [])
            children.append(child)
        self._serve(self.lines[0], children)

    def _serve(self, line: int, children: list[int]) -> NoReturn:
        """Serve as the worker of this line; the others' are theirs alone, so that their ends are heard."""
        for other in self.lines:
            if other != line:
                os.close(other)
        _Worker(self, line, children).serve()
        sys.exit(0)


def loaded(name: str, listening: int, requests: int, forwarders: str) -> Family:
    """The application `MODULE:NAME`, with what its workers need, at a socket that is open."""
    lines = [int(line) for line in os.environ.pop(LINES).split(",")]
    module, _, attribute = name.partition(":")
    application = _Application(getattr(importlib.import_module(module), attribute))
    config = _configured(requests, forwarders)
    return Family(lines, socket.socket(fileno=listening), application, config, Logger(config))


def _configured(requests: int, forwarders: str) -> Config:
    config = Config()
    config.set("loglevel", "warning")
    config.set("max_requests", requests)
    config.set("max_requests_jitter", requests // 10)
    config.set("forwarded_allow_ips", forwarders)
    return config
