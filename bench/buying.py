"""Claim: what a guest's whole order costs over HTTP, step by step, in CPU and statements, beside plain Flask."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from bench.claims import Bench, Shop, bar
from bench.measure import Meter
from bench.servers import Answer, Server, Visitor, expect

STEPS = ("product", "add", "cart", "checkout", "place", "thanks")
_ADDRESS = {
    "email": "mira@example.org",
    "country": "DE",
    "name": "Mira Kessler",
    "line1": "Lange Str. 1",
    "postcode": "10115",
    "city": "Berlin",
}


@dataclass(slots=True)
class Buyer:
    """A guest on the way from a product to the confirmation; `sent` is what the next form holds."""

    browser: Visitor
    path: str
    sent: dict[str, str] = field(default_factory=dict)
    last: Answer = field(default_factory=lambda: Answer(0, "", {}))

    def take(self, step: str) -> int | None:
        """One request, checked; answers its statements, if they are counted. Forms are read off the pages."""
        getattr(self, f"_{step}")()
        return self.last.statements if self.browser.counts else None

    def _product(self) -> None:
        self.sent = form_of(self._got(self.path), "/cart/add")

    def _add(self) -> None:
        self._posted("/cart/add")

    def _cart(self) -> None:
        self._got("/cart")

    def _checkout(self) -> None:
        self.sent = form_of(self._got("/checkout"), "/checkout/place") | _ADDRESS

    def _place(self) -> None:
        self._posted("/checkout/place")
        if "/thanks/" not in self.last.location:
            raise RuntimeError(f"no order was placed; the shopper was sent to {self.last.location}")

    def _thanks(self) -> None:
        self._got(self.last.location)

    def _got(self, path: str) -> str:
        self.last = expect(self.browser.get(path))
        return self.last.text

    def _posted(self, path: str) -> None:
        self.last = expect(self.browser.post(path, self.sent), 303)


def form_of(page: str, action: str) -> dict[str, str]:
    """What a form would send untouched: its hidden inputs and whatever is chosen."""
    form = re.search(rf'<form[^>]* action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    if form is None:
        raise RuntimeError(f"no form leads to {action}")
    sent = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        said = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        belongs = tag in form.group() or f'form="{_id_of(form.group())}"' in tag
        if belongs and (said.get("type") == "hidden" or re.search(r"\schecked\b", tag)):
            sent[said["name"]] = unescape(said.get("value", ""))
    return sent


def _id_of(form: str) -> str:
    found = re.match(r'<form[^>]* id="([^"]*)"', form)
    return found.group(1) if found else "-"


def measure(bench: Bench) -> dict[str, Any]:
    """Buyers take each step together, shop by shop in turns; each step is charged to itself."""
    shops: dict[int, dict[str, Meter]] = {}
    plain, beside = Meter(), bench.plain()
    with ExitStack() as stack:
        stack.callback(beside.stop)
        beside.wait("/")
        served = [(shop, shop.serve()) for shop in bench.shops]
        for _, server in served:
            stack.callback(server.stop)
        for shop, server in served:
            server.wait()
            shops[shop.products] = _counted(shop, server)
        for turn in range(bench.effort.rounds):
            for place, (shop, server) in enumerate(served):
                buyers = _buyers(shop, server, bench.effort.buyers, turn)
                for step in STEPS:
                    with shops[shop.products][step].over(len(buyers), *bench.roots(server)):
                        for buyer in buyers:
                            buyer.take(step)
                with plain.over(bench.effort.buyers, *bench.roots(beside)):
                    for _ in range(bench.effort.buyers):
                        expect(Visitor(beside).get("/"))
                bar(turn * len(served) + place + 1, bench.effort.rounds * len(served), "rounds of buyers")
    return {
        "plain_cpu_ms": plain.cpu_ms,
        "shops": [_figures(products, meters) for products, meters in shops.items()],
    }


def _counted(shop: Shop, server: Server) -> dict[str, Meter]:
    """Two whole orders to warm up; the second tells its statements."""
    meters = {step: Meter() for step in STEPS}
    for counts in (False, True):
        (buyer,) = _buyers(shop, server, 1, 0)
        buyer.browser.counts = counts
        for step in STEPS:
            meters[step].statements = buyer.take(step)
    return meters


def _buyers(shop: Shop, server: Server, count: int, turn: int) -> list[Buyer]:
    paths = shop.paths("pages", 60)
    return [Buyer(Visitor(server), paths[(turn * count + number) % len(paths)]) for number in range(count)]


def _figures(products: int, meters: dict[str, Meter]) -> dict[str, Any]:
    steps = {step: {"cpu_ms": meter.cpu_ms, "statements": meter.statements} for step, meter in meters.items()}
    return {
        "products": products,
        "steps": steps,
        "orders": meters["place"].requests,
        "cpu_ms": round(sum(meter.cpu_ms for meter in meters.values()), 2),
        "statements": sum(meter.statements or 0 for meter in meters.values()),
    }


def table(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row per step, a pair of columns per shop."""
    shops, plain = figures["shops"], figures["plain_cpu_ms"]
    head = ["step of a guest's order"]
    for shop in shops:
        head += [f"{shop['products']:,}: CPU-ms", "times plain", "statements"]
    rows: list[tuple[str, ...]] = [tuple(head)]
    for step in (*STEPS, ""):
        row = [step or "whole order"]
        for shop in shops:
            one = shop["steps"][step] if step else shop
            row += [f"{one['cpu_ms']:.2f}", f"{one['cpu_ms'] / plain:.1f}", str(one["statements"])]
        rows.append(tuple(row))
    return [*rows, ("plain Flask, a page of 24", *(f"{plain:.2f}", "1", "1") * len(shops))]
