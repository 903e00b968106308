"""Claim: how long it takes from the command to the first page, beside plain Flask."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.claims import Bench, bar
from bench.measure import cpu_s
from bench.servers import Server


def measure(bench: Bench) -> dict[str, Any]:
    """Starts take turns; the first of each only fills the disk's cache and is not counted."""
    every: dict[str, Callable[[], Server]] = {f"{shop.products:,} products": shop.serve for shop in bench.shops}
    every["plain Flask"] = bench.plain
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in every}
    for turn in range(bench.effort.starts + 1):
        for place, (name, start) in enumerate(every.items()):
            took[name].append(_one(start))
            bar(turn * len(every) + place + 1, (bench.effort.starts + 1) * len(every), "starts")
    return {
        "starts": [{"name": name, "wall_s": _median(runs, 0), "cpu_s": _median(runs, 1)} for name, runs in took.items()]
    }


def _one(start: Callable[[], Server]) -> tuple[float, float]:
    began = time.perf_counter()
    server = start()
    try:
        server.wait("/")
        return time.perf_counter() - began, sum(cpu_s(server.root).values())
    finally:
        server.stop()


def _median(runs: list[tuple[float, float]], which: int) -> float:
    return round(statistics.median(run[which] for run in runs[1:]), 3)


def table(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row per application."""
    rows = [("from the command to the first page", "seconds", "CPU-s")]
    return rows + [(one["name"], f"{one['wall_s']:.2f}", f"{one['cpu_s']:.2f}") for one in figures["starts"]]
