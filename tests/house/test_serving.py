"""`./stoa serve`: who dies is replaced, who is asked to reload does, and nobody's request is lost by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from core.cli import serve
from core.kernel.config import ROOT

pytestmark = pytest.mark.once

_WAIT_S = 60
# Answers by its own number, after a moment in which it can be killed; `/hang` waits until somebody says so.
_APPLICATION = """
import os, pathlib, time

def app(environ, start_response):
    time.sleep(0.02)
    if environ["PATH_INFO"] == "/hang":
        (pathlib.Path(__file__).parent / "hanging").touch()
        while not (pathlib.Path(__file__).parent / "enough").exists():
            time.sleep(0.02)
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""
# The planted bug: a keeper that does not let those it replaces finish what they are at.
_HASTY = """
import signal, sys
from core.kernel import keeper

class Hasty(keeper.Family):
    def leave(self):
        super().leave()
        self.send(signal.SIGKILL)

keeper.Family = Hasty
_, workers, timeout, *command = sys.argv
sys.exit(keeper.Keeper(command, int(workers), float(timeout)).run())
"""


@dataclass
class Served:
    """A running keeper, asked by four visitors at once; `lost` are those who got no answer."""

    process: subprocess.Popen[bytes]
    port: int
    pids: list[int] = field(default_factory=list)
    lost: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_WAIT_S)
        try:
            connection.request("GET", "/")
            return int(connection.getresponse().read())
        finally:
            connection.close()

    def visit(self) -> None:
        while not self.stop.is_set():
            try:
                self.pids.append(self.ask())
            except (OSError, HTTPException, ValueError):
                self.lost += 1

    def two(self, before: AbstractSet[int] = frozenset()) -> set[int]:
        """The numbers of two workers that answer, none of which did before."""
        seen = len(self.pids)
        _until(lambda: len(set(self.pids[seen:]) - before) == 2)
        return set(self.pids[seen:]) - before

    @contextmanager
    def visited(self) -> Iterator[None]:
        visitors = [threading.Thread(target=self.visit, daemon=True) for _ in range(4)]
        for one in visitors:
            one.start()
        try:
            yield
        finally:
            self.stop.set()
            for one in visitors:
                one.join(timeout=_WAIT_S)


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _WAIT_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def _served(folder: Path, application: str = _APPLICATION, timeout: int = 30, keeper: str = "") -> Iterator[Served]:
    (folder / "tiny.py").write_text(application)
    with serve.listen("127.0.0.1:0") as bound:
        bound.set_inheritable(True)
        words = serve.command("tiny:app", bound.fileno(), 2, timeout, 0, "127.0.0.1")
        if keeper:
            (folder / "planted.py").write_text(keeper)
            words[1:5] = [str(folder / "planted.py")]
        port = bound.getsockname()[1]
        given = {**os.environ, "PYTHONPATH": f"{ROOT}:{folder}"}
        process = subprocess.Popen(words, env=given, pass_fds=[bound.fileno()], stderr=subprocess.PIPE)
    try:
        yield Served(process, port)
    finally:
        process.terminate()
        process.communicate(timeout=_WAIT_S)


def test_whoever_dies_is_replaced_and_a_reload_loses_nobody(tmp_path: Path) -> None:
    with _served(tmp_path) as served, served.visited():
        first = served.two()
        os.kill(min(first), signal.SIGKILL)
        second = served.two(first)
        assert served.lost <= 1, "only the one whom the killed worker was serving"
        _until(lambda: not any(map(_is_there, first)))

        lost = served.lost
        served.process.send_signal(signal.SIGHUP)
        served.two(first | second)
        _until(lambda: not any(map(_is_there, second)))
        assert served.lost == lost


def is_answered(served: Served, folder: Path, number: int, over: Callable[[], object]) -> bool:
    """Whether a request that a worker is at gets its answer: the keeper is told `number`, and it lasts until `over`."""
    asked = HTTPConnection("127.0.0.1", served.port, timeout=_WAIT_S)
    asked.request("GET", "/hang")
    _until((folder / "hanging").exists)
    served.process.send_signal(number)
    over()
    (folder / "enough").touch()
    try:
        return int(asked.getresponse().read()) > 0
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        asked.close()


def test_what_is_being_answered_is_answered_before_all_ends(tmp_path: Path) -> None:
    with _served(tmp_path) as served:
        assert is_answered(served, tmp_path, signal.SIGTERM, lambda: None)
        assert served.process.wait(_WAIT_S) == 0


@pytest.mark.slow
def test_what_is_being_answered_is_answered_after_a_reload(tmp_path: Path) -> None:
    with _served(tmp_path) as served, served.visited():
        first = served.two()
        assert is_answered(served, tmp_path, signal.SIGHUP, lambda: served.two(first))


@pytest.mark.slow
def test_the_check_sees_a_keeper_that_does_not_wait(tmp_path: Path) -> None:
    with _served(tmp_path, keeper=_HASTY) as served, served.visited():
        first = served.two()
        assert not is_answered(served, tmp_path, signal.SIGHUP, lambda: served.two(first))


@pytest.mark.slow
def test_without_its_keeper_no_worker_stays(tmp_path: Path) -> None:
    """As it is killed, or the machine's memory was full."""
    with _served(tmp_path) as served:
        with served.visited():
            workers = served.two()
        served.process.kill()
        _until(lambda: not any(map(_is_there, workers)))


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    with _served(tmp_path, timeout=3) as served:
        hanging = HTTPConnection("127.0.0.1", served.port)
        hanging.request("GET", "/hang")
        with served.visited():
            seen = {served.ask()}
            _until(lambda: len(set(served.pids) - seen) == 2)
        hanging.close()


def test_what_cannot_be_loaded_is_told_and_ends(tmp_path: Path) -> None:
    with _served(tmp_path, application="raise ImportError('nothing to serve')") as served:
        _, said = served.process.communicate(timeout=_WAIT_S)
    assert served.process.returncode == 1
    assert b"nothing to serve" in said


def test_an_address_that_is_taken_is_refused() -> None:
    with serve.listen("127.0.0.1:0") as bound, pytest.raises(serve.Refused, match="cannot listen"):
        serve.listen(f"127.0.0.1:{bound.getsockname()[1]}")


def test_the_file_of_a_server_that_is_gone_is_taken_over(tmp_path: Path) -> None:
    address = f"unix:{tmp_path / 'stoa.sock'}"
    serve.listen(address).close()
    with serve.listen(address), pytest.raises(serve.Refused):
        serve.listen(address)


def test_the_keeper_loads_nothing_of_the_shop() -> None:
    """It stands beside every shop all the time: what it imports is counted."""
    program = f"import sys; sys.path.append({str(ROOT / 'core/kernel')!r}); import keeper; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert "core" not in loaded.stdout.split()
    assert len(loaded.stdout.split()) < 40
