"""A family of workers under `core.kernel.keeper`: the one that loads the application, and those it is forked into.

`python -m core.kernel.family MODULE:NAME SOCKET REQUESTS PROXIES`, with the lines to the keeper in `STOA_LINES`. What
speaks HTTP is gunicorn's own worker; only whom it reports to is another.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.sync import SyncWorker
from msgspec import Struct

from core.kernel.keeper import LINES

_BEAT_S = 1.0


class _Application:
    """What gunicorn's worker asks for what it serves."""

    def __init__(self, wsgi: Any) -> None:
        self._wsgi = wsgi

    def wsgi(self) -> Any:
        return self._wsgi


class _Worker(SyncWorker):  # type: ignore[misc]
    """Takes one request after another, and tells the keeper that it lives."""

    def __init__(self, task: _Task, line: int, children: list[int]) -> None:
        super().__init__(0, os.getppid(), [task.listening], task.application, _BEAT_S, task.config, task.log)
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


class _Task(Struct, frozen=True):
    """What every worker of a family is given."""

    lines: list[int]
    listening: socket.socket
    application: _Application
    config: Config
    log: Logger


def main(words: list[str]) -> None:
    """Load the application, fork for every line but the first, and serve."""
    name, listening, requests, forwarders = words
    lines = [int(line) for line in os.environ.pop(LINES).split(",")]
    module, _, attribute = name.partition(":")
    application = _loaded(module, attribute)
    config = _configured(int(requests), forwarders)
    task = _Task(lines, socket.socket(fileno=int(listening)), application, config, Logger(config))
    children: list[int] = []
    for line in lines[1:]:
        if (child := os.fork()) == 0:
            _serve(task, line, [])
        children.append(child)
    _serve(task, lines[0], children)


def _loaded(module: str, attribute: str) -> _Application:
    """Loaded by a thread of its own, as glibc gives each its own heap.

    Loading leaves thousands of holes in its heap. Workers that filled them would copy a page of memory for each.
    """
    with ThreadPoolExecutor(1) as loader:
        return _Application(getattr(loader.submit(importlib.import_module, module).result(), attribute))


def _configured(requests: int, forwarders: str) -> Config:
    config = Config()
    config.set("loglevel", "warning")
    config.set("max_requests", requests)
    config.set("max_requests_jitter", requests // 10)
    config.set("forwarded_allow_ips", forwarders)
    return config


def _serve(task: _Task, line: int, children: list[int]) -> NoReturn:
    """Serve as the worker of this line; the others' are theirs alone, so that their ends are heard."""
    for other in task.lines:
        if other != line:
            os.close(other)
    _Worker(task, line, children).serve()
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
