"""`./stoa bench`: build shops of their own, measure every claim, show tables, write JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import plain
from bench.claims import QUICK, Bench, Claim, Effort, Shop, say
from core.lib.command_line import command_line

CLAIMS = {
    "pages": "CPU and statements per page",
    "buying": "CPU and statements of a whole order",
    "orders": "orders per second in process",
    "crowd": "buyers at once",
    "memory": "memory of two workers",
    "starting": "cold start",
    "panel": "CPU and statements per page of the panel",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the bench; answers the exit code."""
    options = _options(words)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stoa-bench-")))
        url, root = stack.enter_context(_database(options.database))
        plain.fill(str(folder / "plain.db"), options.products[0])
        shops = [_shop(folder, url, options.keep, products) for products in options.products]
        effort = QUICK if options.quick else Effort()
        bench = Bench(shops=shops, folder=folder, effort=effort, database_root=root)
        results = _measured(bench, options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    return 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line("bench", "Measure this machine's shop, never yours.")
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"some of {', '.join(CLAIMS)}; all without it")
    parser.add_argument("--products", type=_sizes, default=[1000], metavar="N,N", help="sizes of shops (1000)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--quick", action="store_true", help="few repetitions: shows that it works, proves nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep SQLite shops there, and use them again")
    options = parser.parse_args(words)
    if unknown := sorted(set(options.claims) - CLAIMS.keys()):
        parser.error(f"unknown claim {unknown[0]}; known are {', '.join(CLAIMS)}")
    if options.keep and options.database != "sqlite":
        parser.error("only SQLite shops can be kept")
    return options


def _sizes(text: str) -> list[int]:
    sizes = [int(word) for word in text.split(",")]
    if min(sizes) < 1:
        raise ValueError
    return sizes


def _measured(bench: Bench, options: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "database": options.database,
        "quick": options.quick,
        "shops": [{name: fact for name, fact in shop.facts.items() if name not in _ADDRESSES} for shop in bench.shops],
    }
    _show(_loading(bench.shops))
    for name in options.claims or CLAIMS:
        say(f"{CLAIMS[name]} ...")
        claim: Claim = import_module(f"bench.{name}")  # type: ignore[assignment]
        results[name] = claim.measure(bench)
        _show(claim.table(results[name]))
    return results


# -- shops -------------------------------------------------------------------------------------------------------------

_ADDRESSES = ("categories", "pages")


def _shop(folder: Path, url: str, keep: Path | None, products: int) -> Shop:
    """A shop of this size, built now or kept from before."""
    home = (keep.resolve() if keep else folder) / f"shop-{products}"
    shop, known = Shop(folder=home, products=products), home / "facts.json"
    if known.exists():
        return replace(shop, facts=json.loads(known.read_text("utf-8")))
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if url:
        (home / "stoa.toml").write_text(f"database_url = {json.dumps(_made(url, products))}\n", "utf-8")
    say(f"a shop of {products:,} products ...")
    shop.facts = shop.run("bench.shop", str(products))
    known.write_text(json.dumps(shop.facts), "utf-8")
    return shop


def _loading(shops: Sequence[Shop]) -> list[tuple[str, ...]]:
    rows = [("storing products, with cards and prices", "products/s", "CPU-ms each", "index, s")]
    for shop in shops:
        facts = shop.facts
        figures = (f"{facts['products_per_s']:.0f}", f"{facts['cpu_ms_per_product']:.2f}", f"{facts['index_s']:.1f}")
        rows.append((f"{shop.products:,}", *figures))
    return rows


@contextmanager
def _database(kind: str) -> Iterator[tuple[str, int | None]]:
    """An address with `{}` for the database's name, and the server's process; nothing of both for SQLite."""
    if kind == "sqlite":
        yield "", None
        return
    from core.testing import postgres

    server = postgres.start()
    try:
        yield server.url("{}"), server.process.pid
    finally:
        server.stop()


def _made(url: str, products: int) -> str:
    import psycopg

    name = f"bench{products}"
    with psycopg.connect(url.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.format(name)


# -- the terminal ------------------------------------------------------------------------------------------------------


def _show(rows: Sequence[tuple[str, ...]]) -> None:
    """A table: words to the left, figures to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("─" * (sum(widths) + 2 * (len(widths) - 1)))
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
