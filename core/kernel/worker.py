"""The worker of a process: it relays events, runs jobs and writes faults, and sleeps until it is woken."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from core.kernel import db, events, jobs, sessions
from core.kernel.installation import installation
from core.kernel.measures import MEASURES

log = structlog.get_logger(__name__)


class Worker(threading.Thread):
    """One thread; `idle_s` is how long it sleeps when nothing is due and nobody wakes it.

    With `after` it begins when that has returned.
    """

    def __init__(self, idle_s: float = 1.0, after: Callable[[], object] | None = None) -> None:
        super().__init__(name="stoa-worker", daemon=True)
        self._idle_s, self._after = idle_s, after
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Until `stop`. An error of the machinery is logged and tried again; jobs' own errors never come here."""
        if self._after is not None:
            self._after()
        while not self._stop_asked.is_set():
            if not self._work():
                jobs.wait(self._idle_s)
        db.close_all()

    def _work(self) -> int:
        try:
            installation().faults.flush()
            sessions.flush_seen()
            MEASURES.flush()
            return events.relay() + jobs.run_due()
        except Exception:  # the worker must not die of a locked file or a database that restarts
            log.exception("worker")
            db.reset_thread()
            return 0

    def stop(self) -> None:
        """End after the job at hand."""
        self._stop_asked.set()
        jobs.wake()
        self.join(timeout=10)
