"""What stands above the workers of `./stoa serve`: it sees to it that a family of them serves, and loads no shop.

A family is one process that has loaded the shop, and those it was forked into. All of them serve: none is held as a
spare. Where one of them dies or hangs, and where SIGHUP asks for it, a new family is loaded; once all of it
serves, the old one finishes what it is at and goes. The socket stays open all the while: this process holds it.

Each worker has a line to here, a pipe: it says its number when it serves, then a beat every second. A line that ends
is a worker that died; and a worker whose line nobody holds ends by itself.

What it imports is held in memory beside every shop: `signal` would bring enums along, and be a quarter of it.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import os
import select
import sys
import time

LINES = "STOA_LINES"
# How long a family may take to load, and workers to finish what they are at.
LOADING_S, LEAVING_S = 120.0, 30.0
# Who was told to end and has not by then is killed.
ABORTING_S = 2.0
# A family that lasts shorter than this failed; the next one waits, longer each time.
LASTING_S, PAUSE_S, LONGEST_PAUSE_S = 10.0, 0.25, 30.0


class Worker:
    """A worker as seen from here: `line` is where it is heard, `pid` is 0 until it serves."""

    def __init__(self, line: int) -> None:
        self.line, self.pid, self.heard, self.aborted, self.is_gone = line, 0, time.monotonic(), 0.0, False

    def hear(self) -> None:
        """Take what it said; the end of its line is its own."""
        said = os.read(self.line, 4096)
        self.heard = time.monotonic()
        if not said:
            os.close(self.line)
            self.is_gone = True
        elif not self.pid:
            self.pid = int(said.split(b"\n", 1)[0])

    def send(self, number: int) -> None:
        """A signal, if it still is: its number may be another's by now."""
        if self.pid and not self.is_gone:
            _send(self.pid, number)


class Family:
    """A leader, which loads the shop and is the first worker, and those that it was forked into."""

    def __init__(self, command: list[str], count: int) -> None:
        lines = [os.pipe() for _ in range(count)]
        for _, end in lines:
            os.set_inheritable(end, True)
        given = {**os.environ, LINES: ",".join(str(end) for _, end in lines)}
        self.leader = os.posix_spawn(command[0], command, given)
        for _, end in lines:
            os.close(end)
        self.workers = [Worker(line) for line, _ in lines]
        self.began, self.leaves_by, self.is_replaced = time.monotonic(), 0.0, False

    @property
    def serves(self) -> bool:
        return all(worker.pid and not worker.is_gone for worker in self.workers)

    @property
    def is_broken(self) -> bool:
        """One of them is gone, or it takes too long to load."""
        late = not self.serves and time.monotonic() > self.began + LOADING_S
        return late or any(worker.is_gone for worker in self.workers)

    @property
    def is_gone(self) -> bool:
        return all(worker.is_gone for worker in self.workers)

    def leave(self) -> None:
        """Finish what you are at and end."""
        self.leaves_by = time.monotonic() + LEAVING_S
        self.send(signal.SIGTERM)

    def send(self, number: int) -> None:
        """A signal to all, also to a leader that is still loading."""
        if self.leader and not any(worker.pid == self.leader for worker in self.workers):
            _send(self.leader, number)
        for worker in self.workers:
            worker.send(number)

    def watch(self, timeout: float) -> None:
        """A worker that has been silent for too long is told to end, and killed where it does not listen."""
        now = time.monotonic()
        if self.leaves_by:
            if now > self.leaves_by:
                self.send(signal.SIGKILL)
            return
        if not any(worker.pid for worker in self.workers) and now > self.began + LOADING_S:
            self.send(signal.SIGKILL)
        for worker in self.workers:
            if worker.aborted:
                if now > worker.aborted + ABORTING_S:
                    worker.send(signal.SIGKILL)
            elif worker.pid and not worker.is_gone and now > worker.heard + timeout:
                worker.aborted = now
                _say(f"worker {worker.pid} has been silent for {timeout:.0f} s")
                worker.send(signal.SIGABRT)


class Keeper:
    """`present` serves, `coming` is loading, `leaving` are finishing."""

    def __init__(self, command: list[str], count: int, timeout: float) -> None:
        self.command, self.count, self.timeout = command, count, timeout
        self.present: Family | None = None
        self.coming: Family | None = None
        self.leaving: list[Family] = []
        self.failures, self.not_before = 0, 0.0
        self.is_asked = self.is_stopping = False
        self.woken, self.waking = os.pipe()

    def run(self) -> int:
        """Until SIGTERM or SIGINT; answers the exit code, 1 where the first family does not come to serve."""
        os.set_blocking(self.woken, False)
        os.set_blocking(self.waking, False)
        signal.set_wakeup_fd(self.waking)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self._signalled)
        self.coming = self._family()
        while not (self.is_stopping and not self._families()):
            self._listen()
            self._reap()
            for family in self._families():
                family.watch(self.timeout)
            if self.is_stopping:
                self._dismiss()
            elif not self._change():
                return 1
            self.leaving = [family for family in self.leaving if not family.is_gone]
        return 0

    def _signalled(self, number: int, frame: object) -> None:
        del frame
        if number == signal.SIGHUP:
            self.is_asked = True
        elif number != signal.SIGCHLD:
            self.is_stopping = True

    def _family(self) -> Family:
        return Family(self.command, self.count)

    def _families(self) -> list[Family]:
        return [*self.leaving, *(family for family in (self.present, self.coming) if family is not None)]

    def _listen(self) -> None:
        """Until somebody says something or a signal comes, a second at most."""
        known = {worker.line: worker for family in self._families() for worker in family.workers if not worker.is_gone}
        poll = select.poll()
        for line in (self.woken, *known):
            poll.register(line, select.POLLIN)
        for line, _ in poll.poll(1000):
            if line == self.woken:
                os.read(self.woken, 4096)
                continue
            worker, was = known[line], known[line].pid
            worker.hear()
            if not was and any(worker in family.workers for family in self.leaving):
                worker.send(signal.SIGTERM)

    def _reap(self) -> None:
        """Leaders are children of this process; where it is the first of a container, orphans are, too."""
        while True:
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not ended:
                return
            for family in self._families():
                if family.leader == ended:
                    family.leader = 0
                    if status and not self.is_stopping:
                        _say(f"worker {ended} ended: {_told(status)}")

    def _change(self) -> bool:
        """Load a family where one is needed, and let it take over once it serves; False where none ever came."""
        now, coming, present = time.monotonic(), self.coming, self.present
        if coming is not None and coming.is_broken:
            self._let_go(coming)
            self.coming = None
            if present is None:
                return False
            self._failed(now)
        elif coming is not None and coming.serves:
            self.present, self.coming = coming, None
            if present is not None:
                self._let_go(present)
        elif coming is None and present is not None and present.is_broken and not present.is_replaced:
            present.is_replaced, self.is_asked = True, True
            if now < present.began + LASTING_S:
                self._failed(now)
            else:
                self.failures = 0
        if self.is_asked and self.coming is None and now >= self.not_before:
            self.is_asked, self.coming = False, self._family()
        return True

    def _failed(self, now: float) -> None:
        """Soon again, but not at once: it may fail again."""
        self.is_asked = True
        pause = min(LONGEST_PAUSE_S, PAUSE_S * 2**self.failures)
        self.not_before = now + pause
        _say(f"workers failed; others are loaded in {pause:g} s")
        self.failures += 1

    def _let_go(self, family: Family) -> None:
        family.leave()
        self.leaving.append(family)

    def _dismiss(self) -> None:
        for family in (self.present, self.coming):
            if family is not None:
                self._let_go(family)
        self.present = self.coming = None


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _told(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return f"exit code {os.WEXITSTATUS(status)}"


def _say(text: str) -> None:
    sys.stderr.write(f"stoa: {text}\n")
    sys.stderr.flush()


def main(words: list[str]) -> int:
    """Keep `words`: how many workers, the seconds they may be silent, and the command of a family."""
    workers, timeout, *command = words
    return Keeper(command, int(workers), float(timeout)).run()
