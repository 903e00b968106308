"""Claim: what every page of the panel costs its server in CPU and statements, in a shop with as many past orders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from bench.claims import Bench, Shop, bar
from bench.measure import Meter
from bench.past import EMAIL, PASSWORD
from bench.servers import Visitor, expect

MOST_MS = 200
_LISTS: dict[str, tuple[str, ...]] = {
    "/panel/": ("", "days=30", "days=90"),
    "/panel/products": (
        "", "show=on_sale", "show=hidden", "show=scheduled", "show=low", "show=archived", "q=lamp", "q=zzz", "q=B9999",
        "category=4", "before=50000", "before=500&q=lamp",
    ),
    "/panel/orders": (
        "", "view=to_ship", "view=held", "view=unpaid", "view=returns", "view=cancelled", "payment=paid",
        "payment=disputed", "payment=authorized", "payment=partly_paid", "payment=refunded", "payment=overpaid",
        "payment=paid&fulfilment=partly_shipped", "fulfilment=delivered", "fulfilment=unfulfilled", "q=shopper77",
        "q=nobody", "q=50000", "tag=vip", "tag=vip&payment=disputed", "since=2025-12-01&until=2025-12-05",
        "country=CH", "country=NZ", "country=DE&payment=disputed", "carrier=flat_rate", "carrier=pickup",
        "carrier=pickup&payment=disputed", "gateway=bank_transfer", "gateway=cash_on_delivery",
        "gateway=none&country=NZ&carrier=none", "least=1&most=2", "least=100&most=200&order=completed",
        "sort=oldest", "sort=highest", "sort=lowest&country=FR&order=open", "sku=A1", "sku=none", "sku=A1&country=DE",
    ),
    "/panel/orders/held": ("",),
    "/panel/returns": ("",),
    "/panel/shoppers": ("", "q=shopper77", "q=nobody"),
    "/panel/shoppers/1": ("",),
    "/panel/stock": ("", "q=lamp", "q=zzz", "q=B9999", "show=low"),
    "/panel/find": ("q=lamp", "q=zzz", "q=shopper77", "q=50000"),
}  # fmt: skip
_PLAIN = (
    "/panel/categories", "/panel/media", "/panel/media?show=unused", "/panel/stock/locations", "/panel/activity",
    "/panel/installation/jobs", "/panel/installation/health", "/panel/installation/plugins",
    "/panel/installation/staff", "/panel/installation/sites", "/panel/plugins", "/panel/settings", "/panel/theme",
    "/panel/drafts",
    "/panel/products/imports", "/panel/pulse/", "/panel/documents/", "/panel/documents/packing", "/panel/reviews/",
    "/panel/webhooks/", "/panel/webhooks/deliveries", "/panel/coupons/", "/panel/sale_prices/", "/panel/back_in_stock/",
)  # fmt: skip


def measure(bench: Bench) -> dict[str, Any]:
    """Every page of every shop, each asked again and again by its owner."""
    return {"shops": [_of_shop(bench, shop) for shop in bench.shops]}


def _of_shop(bench: Bench, shop: Shop) -> dict[str, Any]:
    past = _past(shop)
    with ExitStack() as stack:
        server = shop.serve()
        stack.callback(server.stop)
        server.wait("/readyz")
        owner = Visitor(server)
        owner.post("/panel/login", {"email": EMAIL, "password": PASSWORD})
        paths = [path for path in _paths() if owner.get(path).status == 200]
        if not paths:
            raise RuntimeError("the owner could not sign in")
        found = []
        for place, path in enumerate(paths):
            meter, owner.counts = Meter(), True
            meter.statements = expect(owner.get(path)).statements
            owner.counts = False
            for _ in range(bench.effort.panel_rounds):
                with meter.over(2, *bench.roots(server)):
                    expect(owner.get(path))
                    expect(owner.get(path))
            found.append({"page": path, "cpu_ms": meter.cpu_ms, "statements": meter.statements})
            bar(place + 1, len(paths), "pages of the panel")
    return {"products": shop.products, "orders": past["orders"], "pages": found}


def _past(shop: Shop) -> dict[str, Any]:
    """The shop's past orders, as many as it has products: written now, or kept from before."""
    known = shop.folder / "past.json"
    if not known.exists():
        known.write_text(json.dumps(shop.run("bench.past", str(shop.products))), "utf-8")
    told: dict[str, Any] = json.loads(known.read_text("utf-8"))
    return told


def _paths() -> Iterator[str]:
    for path, queries in _LISTS.items():
        yield from (f"{path}?{query}" if query else path for query in queries)
    yield from _PLAIN


def table(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row per page, the dearest first; what is over MOST_MS is marked."""
    rows = [("page of the panel", "products and orders", "CPU-ms", "statements")]
    for shop in figures["shops"]:
        rows += [
            (
                one["page"],
                f"{shop['products']:,}",
                f"{one['cpu_ms']:.1f}{' !' * (one['cpu_ms'] > MOST_MS)}",
                str(one["statements"]),
            )
            for one in sorted(shop["pages"], key=lambda one: -float(one["cpu_ms"]))
        ]
    return rows
