"""Claim: what two workers hold in memory, after they have shown every kind of page."""

from __future__ import annotations

import time
from typing import Any

from bench.claims import Bench, Shop, bar
from bench.measure import memory_mb, tree
from bench.servers import Server, Visitor, expect

_COUNT = 2


def measure(bench: Bench) -> dict[str, Any]:
    """Each shop alone, with its page cache, as it would run."""
    return {"shops": [_of(bench, shop) for shop in bench.shops]}


def _of(bench: Bench, shop: Shop) -> dict[str, Any]:
    server = shop.keep(_COUNT)
    try:
        server.wait()
        _complete(server)
        fresh = memory_mb(server.root)
        paths = ["/", *shop.paths("categories", 20), *shop.paths("pages", 60), "/search?q=oak", "/cart"]
        for number in range(bench.effort.memory_requests):
            expect(Visitor(server).get(paths[number % len(paths)]))
            bar(number + 1, bench.effort.memory_requests, "requests, for memory")
        return {
            "products": shop.products,
            "fresh_mb": fresh,
            "used_mb": memory_mb(server.root),
            "processes": len(tree(server.root)),
        }
    finally:
        server.stop()


def _complete(server: Server) -> None:
    """Until every worker is there and has come to rest; the first of them answers before the others are forked."""
    while len(tree(server.root)) < 1 + _COUNT:
        time.sleep(0.05)
    time.sleep(1)


def table(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row per shop."""
    rows = [("memory of two workers and their keeper", "after start, MB", "after use, MB")]
    return rows + [
        (f"{one['products']:,} products", f"{one['fresh_mb']:.0f}", f"{one['used_mb']:.0f}") for one in figures["shops"]
    ]
