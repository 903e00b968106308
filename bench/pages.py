"""Claim: what a page costs in CPU and statements, kept and not kept, beside a page of plain Flask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from bench.claims import Bench, Shop, bar
from bench.measure import Meter
from bench.servers import Server, Visitor, expect

_SPREAD = 60  # So many products are looked at, so that no row is always the last one read.
_KEPT_SPREAD = 5
_SEARCHES = ("oak+lamp", "steel+chair", "woven+vase", "glass", "round+clock", "linen+throw")


@dataclass(slots=True, kw_only=True)
class _Series:
    """One line of the table: an address after the other asked of one server."""

    name: str
    products: int
    kept: bool
    server: Server
    paths: Iterator[str]
    requests: int
    meter: Meter = field(default_factory=Meter)


def measure(bench: Bench) -> dict[str, Any]:
    """All pages of all shops in turns, so that a busy machine is as busy for each of them."""
    with ExitStack() as stack:
        every = [*_of_shops(bench, stack), _plain(bench, stack)]
        for one in every:
            one.server.wait("/" if one.name == "plain" else "/readyz")
        for one in every:
            _warm(one)
        for turn in range(bench.effort.rounds):
            for place, one in enumerate(every):
                with one.meter.over(one.requests, *bench.roots(one.server)):
                    for _ in range(one.requests):
                        expect(Visitor(one.server).get(next(one.paths)))
                bar(turn * len(every) + place + 1, bench.effort.rounds * len(every), "rounds of pages")
    return {"series": [_figures(one) for one in every]}


def _of_shops(bench: Bench, stack: ExitStack) -> Iterator[_Series]:
    for shop in bench.shops:
        for kept in (False, True):
            server = shop.serve(page_cache=kept)
            stack.callback(server.stop)
            for name, paths in _pages(shop, kept=kept).items():
                yield _Series(
                    name=name,
                    products=shop.products,
                    kept=kept,
                    server=server,
                    paths=cycle(paths),
                    requests=bench.effort.kept_requests if kept else bench.effort.requests,
                )


def _pages(shop: Shop, *, kept: bool) -> dict[str, list[str]]:
    spread = _KEPT_SPREAD if kept else _SPREAD
    searches = [] if kept else [f"/search?q={words}" for words in _SEARCHES]
    return {
        "home": ["/"],
        "category": shop.paths("categories", spread),
        "product": shop.paths("pages", spread),
        **({"search": searches} if searches else {}),
    }


def _plain(bench: Bench, stack: ExitStack) -> _Series:
    server = bench.plain()
    stack.callback(server.stop)
    requests = bench.effort.requests * 4
    return _Series(name="plain", products=0, kept=False, server=server, paths=cycle(["/"]), requests=requests)


def _warm(one: _Series) -> None:
    """Templates are compiled and caches filled before anything counts; then the statements are read off."""
    visitor = Visitor(one.server)
    for _ in range(_KEPT_SPREAD * 2):
        expect(visitor.get(next(one.paths)))
    if one.name != "plain":
        visitor.counts = True
        one.meter.statements = max(expect(visitor.get(next(one.paths))).statements for _ in range(3))


def _figures(one: _Series) -> dict[str, Any]:
    return {
        "page": one.name,
        "products": one.products,
        "kept": one.kept,
        "cpu_ms": one.meter.cpu_ms,
        "statements": one.meter.statements,
        "requests": one.meter.requests,
    }


def table(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row per page and size."""
    series = figures["series"]
    plain = next(one["cpu_ms"] for one in series if one["page"] == "plain")
    found = {(one["page"], one["products"], one["kept"]): one for one in series}
    rows = [("page", "products", "CPU-ms", "times plain", "statements", "kept: CPU-ms", "statements")]
    for (page, products, kept), one in found.items():
        if kept or page == "plain":
            continue
        beside = found.get((page, products, True))
        rows.append(
            (
                page,
                f"{products:,}",
                f"{one['cpu_ms']:.2f}",
                f"{one['cpu_ms'] / plain:.1f}",
                str(one["statements"]),
                f"{beside['cpu_ms']:.3f}" if beside else "never kept",
                str(beside["statements"]) if beside else "",
            )
        )
    return [*rows, ("plain Flask", "", f"{plain:.2f}", "1.0", "1", "", "")]
