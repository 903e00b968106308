"""What the claims share: the shops that are measured, how thoroughly, and where progress is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.servers import Server, clean_environment, keep, start
from core.cli.boot import bar
from core.kernel.config import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How often things are repeated. Rounds take turns between everything that is compared."""

    rounds: int = 12
    requests: int = 25
    kept_requests: int = 300
    buyers: int = 8
    starts: int = 5
    memory_requests: int = 300
    orders: int = 400
    crowd_rounds: int = 5
    crowd: int = 64
    panel_rounds: int = 5


QUICK = Effort(
    rounds=2,
    requests=5,
    kept_requests=20,
    buyers=2,
    starts=1,
    memory_requests=20,
    orders=20,
    crowd_rounds=1,
    crowd=8,
    panel_rounds=1,
)


@dataclass(slots=True, kw_only=True)
class Shop:
    """A shop in an instance folder of its own. `facts` are what building it told."""

    folder: Path
    products: int
    facts: dict[str, Any] = field(default_factory=dict)

    def serve(self, *options: str, page_cache: bool = False) -> Server:
        """A server for it that has not answered yet."""
        return start("bench.served:app", self.folder, *options, **self._environment(page_cache=page_cache))

    def keep(self, workers: int) -> Server:
        """Workers of `./stoa serve`, with the page cache, as the shop would run."""
        return keep("bench.served:app", self.folder, workers, **self._environment(page_cache=True))

    def _environment(self, *, page_cache: bool) -> dict[str, str]:
        return {
            "STOA_INSTANCE": str(self.folder),
            "STOA_PAGE_CACHE": str(int(page_cache)),
            "STOA_TRUSTED_PROXIES": "127.0.0.1",
        }

    def run(self, module: str, *words: str) -> dict[str, Any]:
        """Run a program of the bench on this shop; its bar shows on the terminal, its JSON is the answer."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *words],
            env={**clean_environment(), "STOA_INSTANCE": str(self.folder), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr.isatty() else subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{module}: {(done.stderr or '')[-3000:]}")
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def paths(self, kind: str, count: int) -> list[str]:
        """Addresses of products or categories, spread over all of them."""
        found: list[str] = self.facts[kind]
        return found[:: max(1, len(found) // count)][:count]


@dataclass(slots=True, kw_only=True)
class Bench:
    """One run: its shops, the plain application beside them, and how thorough it is."""

    shops: Sequence[Shop]
    folder: Path
    effort: Effort
    database_root: int | None = None

    def roots(self, server: Server) -> tuple[int, ...]:
        """The processes that a request to `server` may keep busy."""
        return (server.root,) if self.database_root is None else (server.root, self.database_root)

    def plain(self) -> Server:
        """A server for the plain application that has not answered yet."""
        return start("bench.plain:app", self.folder, BENCH_PLAIN=str(self.folder / "plain.db"))


class Claim(Protocol):
    """A script of the bench."""

    def measure(self, bench: Bench) -> dict[str, Any]:
        """Figures by name, for JSON."""

    def table(self, figures: dict[str, Any]) -> list[tuple[str, ...]]:
        """The same as rows for a reader, the head first."""


def say(text: str) -> None:
    """Progress for whoever watches."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


__all__ = ["QUICK", "Bench", "Claim", "Effort", "Shop", "bar", "say"]
