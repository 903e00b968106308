"""Claim: how many orders a second `place_order()` stores durably, beside the commits that the database itself takes.

Also a program: `python -m bench.orders COUNT` on the instance that STOA_INSTANCE names; prints JSON.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.claims import Bench, bar
from bench.servers import HOST
from core.cart.services import Details, add_to_cart, find_cart, save_details
from core.checkout.services.look import price_cart
from core.checkout.services.place_order import place_order
from core.cli.boot import boot
from core.hookspecs.checkout import Address
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.sites import SiteState, site_by_host, state_of

_BLOCK = 20
_COMMITS = 200


def measure(bench: Bench) -> dict[str, Any]:
    """Each shop in a process of its own."""
    return {
        "shops": [
            {"products": shop.products, **shop.run("bench.orders", str(bench.effort.orders))} for shop in bench.shops
        ]
    }


def table(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row per shop."""
    rows = [("place_order() in process", "orders/s", "CPU-ms", "p99 ms", "plain commits/s", "share")]
    return rows + [
        (
            f"{one['products']:,} products",
            f"{one['orders_per_s']:.0f}",
            f"{one['cpu_ms']:.2f}",
            f"{one['p99_ms']:.1f}",
            f"{one['commits_per_s']:,.0f}",
            f"{one['orders_per_s'] / one['commits_per_s']:.1%}",
        )
        for one in figures["shops"]
    ]


# -- the program -------------------------------------------------------------------------------------------------------


def run(count: int) -> dict[str, Any]:
    """Blocks of orders and of plain commits in turns; the medians of their rates."""
    boot()
    state = state_of(site_by_host(HOST).id)
    carts = _carts(state, count + 2)
    commit, close = _plain_commits()
    for cart in carts[:2]:
        place_order(state, cart[0], seen_total=cart[1])
    orders, commits, waits, spent = [], [], [], 0.0
    for start in range(2, count + 2, _BLOCK):
        block = carts[start : start + _BLOCK]
        began, cpu = time.perf_counter(), time.process_time()
        for token, total in block:
            asked = time.perf_counter()
            place_order(state, token, seen_total=total)
            waits.append((time.perf_counter() - asked) * 1000)
        orders.append(len(block) / (time.perf_counter() - began))
        spent += time.process_time() - cpu
        began = time.perf_counter()
        for _ in range(_COMMITS):
            commit()
        commits.append(_COMMITS / (time.perf_counter() - began))
        bar(min(start + _BLOCK - 2, count), count, "orders in process")
    close()
    return {
        "orders": count,
        "orders_per_s": round(statistics.median(orders), 1),
        "commits_per_s": round(statistics.median(commits), 1),
        "cpu_ms": round(spent * 1000 / count, 3),
        "p99_ms": round(sorted(waits)[int(len(waits) * 0.99)], 2),
    }


def _carts(state: SiteState, count: int) -> list[tuple[str, int]]:
    """(token, total) of carts that are ready to be ordered."""
    variants = [row[0] for row in db.rows("SELECT id FROM variant ORDER BY id LIMIT 500")]
    address = Address(name="Mira K.", lines=("Lange Str. 1",), city="Berlin", postcode="10115", country="DE")
    gateway = Details(email="mira@example.org", address=address, gateway="cash_on_delivery")
    found = []
    for number in range(count):
        token = add_to_cart(state.site, None, variants[number % len(variants)], 1 + number % 2)
        save_details(state.site, token, gateway)
        stored = find_cart(state.site, token)
        assert stored is not None
        found.append((token, price_cart(state, stored).total.amount))
    return found


def _plain_commits() -> tuple[Callable[[], None], Callable[[], None]]:
    """One row, one durable commit, by the database's own driver; and how to end it."""
    if not db.is_sqlite():
        import psycopg

        address = installation().config.database_url.replace("postgresql:", "postgres:")
        server = psycopg.connect(address)
        server.execute("CREATE TABLE plain_commit (id BIGSERIAL PRIMARY KEY, text TEXT)")

        def store() -> None:
            server.execute("INSERT INTO plain_commit (text) VALUES ('an order')")
            server.commit()

        return store, server.close
    plain = sqlite3.connect(installation().config.instance / "plain-commits.db", isolation_level=None)
    plain.execute("PRAGMA journal_mode = wal")
    plain.execute("PRAGMA synchronous = full")
    plain.execute("CREATE TABLE IF NOT EXISTS plain_commit (id INTEGER PRIMARY KEY, text TEXT)")

    def write() -> None:
        plain.execute("BEGIN IMMEDIATE")
        plain.execute("INSERT INTO plain_commit (text) VALUES ('an order')")
        plain.execute("COMMIT")

    return write, plain.close


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]))))
