"""What is counted of every table before and after, so that a restored shop can be told to be the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from msgspec import Struct, field

# Any of these has rows in a shop that somebody has begun.
BEGUN = ("site", "staff", "product", "orders")
_SIZE = 16
Sum = tuple[int, str]


class Dumped(Struct, frozen=True, kw_only=True):
    """A database in a file, and what was in it at that moment: rows and digest of every table, sites, plugins."""

    path: Path
    version: str
    tables: Mapping[str, Sum]
    sites: list[str] = field(default_factory=list)
    plugins: list[str] = field(default_factory=list)


def summed(rows: Iterable[tuple[Any, ...]]) -> Sum:
    """How many rows, and a digest in which their order does not count."""
    count, total = 0, 0
    for row in rows:
        count += 1
        total += int.from_bytes(blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=_SIZE).digest(), "big")
    return count, f"{total % 2 ** (8 * _SIZE):0{2 * _SIZE}x}"


def differing(then: Mapping[str, Sum], now: Mapping[str, Sum]) -> list[str]:
    """The tables that are not as they were, each with its rows then and now."""
    return [
        f"{name}: {then[name][0] if name in then else 'no'} rows then, {now[name][0] if name in now else 'none'} now"
        for name in sorted({*then, *now})
        if tuple(then.get(name, ())) != tuple(now.get(name, ()))
    ]
