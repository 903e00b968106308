"""What a process tree costs: CPU by the kernel's own clocks, memory by proportional share. Linux only."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")


def tree(root: int) -> list[int]:
    """`root` and every process below it."""
    below: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            below.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += below.get(pid, [])
    return found


def _parent(entry: Path) -> int | None:
    try:
        said = (entry / "stat").read_text()
    except OSError:
        return None
    return int(said.rpartition(")")[2].split()[1])


def cpu_s(root: int) -> dict[int, float]:
    """The CPU seconds of each process of a tree, threads that have ended included.

    The clock of a foreign process is named by its number (see clock_getcpuclockid): nanoseconds, where /proc counts
    hundredths of a second.
    """
    found = {}
    for pid in tree(root):
        try:
            found[pid] = time.clock_gettime(~pid << 3 | 2)
        except OSError:
            continue
    return found


def spent_s(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """What passed between two readings; a process that began in between counts from its start."""
    return sum(value - before.get(pid, 0.0) for pid, value in after.items())


def memory_mb(root: int) -> float:
    """Proportional set size of a tree: pages that processes share count once."""
    total = 0
    for pid in tree(root):
        try:
            said = (_PROC / str(pid) / "smaps_rollup").read_text()
        except OSError:
            continue
        if found := re.search(r"^Pss:\s+(\d+) kB", said, re.MULTILINE):
            total += int(found.group(1))
    return round(total / 1024, 1)


@dataclass(slots=True)
class Meter:
    """CPU-ms per request of one kind of request: a sample per round, of which the median counts."""

    samples_ms: list[float] = field(default_factory=list)
    requests: int = 0
    statements: int | None = None

    @contextmanager
    def over(self, requests: int, *roots: int) -> Iterator[None]:
        """Charge what the trees of `roots` spend within the block to so many requests."""
        before = [cpu_s(root) for root in roots]
        yield
        spent = sum(spent_s(one, cpu_s(root)) for one, root in zip(before, roots, strict=True))
        self.samples_ms.append(spent * 1000 / requests)
        self.requests += requests

    @property
    def cpu_ms(self) -> float:
        return round(statistics.median(self.samples_ms), 3)
