"""Claim: how long a buyer waits who presses the button together with many others, on two workers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from bench.buying import STEPS, Buyer
from bench.claims import Bench, Shop, bar
from bench.servers import Server, Visitor

_BEFORE = STEPS[: STEPS.index("place")]


def measure(bench: Bench) -> dict[str, Any]:
    """Each shop alone; whoever is refused or meets an error ends the bench."""
    return {"shops": [_of(bench, shop) for shop in bench.shops]}


def _of(bench: Bench, shop: Shop) -> dict[str, Any]:
    effort, waits, took = bench.effort, [], 0.0
    server = shop.serve("--workers", "2", "--preload", "--backlog", "256")
    try:
        server.wait()
        for turn in range(effort.crowd_rounds):
            buyers = [_ready(shop, server, turn * effort.crowd + number) for number in range(effort.crowd)]
            began = time.perf_counter()
            waits += _press(buyers)
            took += time.perf_counter() - began
            bar(turn + 1, effort.crowd_rounds, "crowds")
    finally:
        server.stop()
    waits.sort()
    return {
        "products": shop.products,
        "buyers_at_once": effort.crowd,
        "orders": len(waits),
        "orders_per_s": round(len(waits) / took, 1),
        "p50_ms": round(waits[len(waits) // 2], 1),
        "p99_ms": round(waits[int(len(waits) * 0.99)], 1),
    }


def _ready(shop: Shop, server: Server, number: int) -> Buyer:
    paths = shop.paths("pages", 60)
    buyer = Buyer(Visitor(server), paths[number % len(paths)])
    for step in _BEFORE:
        buyer.take(step)
    return buyer


def _press(buyers: list[Buyer]) -> list[float]:
    """All at once; each buyer's wait in milliseconds."""
    together = Barrier(len(buyers))

    def place(buyer: Buyer) -> float:
        together.wait()
        began = time.perf_counter()
        buyer.take("place")
        return (time.perf_counter() - began) * 1000

    with ThreadPoolExecutor(len(buyers)) as pool:
        return list(pool.map(place, buyers))


def table(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row per shop."""
    rows = [("buyers who press the button at once", "orders/s", "p50 ms", "p99 ms")]
    return rows + [
        (
            f"{one['buyers_at_once']} in {one['products']:,} products",
            f"{one['orders_per_s']:.0f}",
            f"{one['p50_ms']:.0f}",
            f"{one['p99_ms']:.0f}",
        )
        for one in figures["shops"]
    ]
