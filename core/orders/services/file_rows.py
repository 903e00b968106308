"""An opened file of orders, whichever: laid out on disk by number, so that memory stays the same however long it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from core.imports.services.sources import open_table
from core.imports.services.staging import Staging
from core.lib.csv import Row

Read = TypeVar("Read")
Shown = Mapping[str, str]
_Make = Callable[[Mapping[str, str], Sequence[Row]], Read]


class OpenFile(Generic[Read]):
    """How many orders a file speaks of, then the orders. `shown` is what it calls our columns."""

    def __init__(
        self, shown: Shown, staging: Staging, count: int, make: Callable[[Shown, Sequence[Row]], Read]
    ) -> None:
        self.count = count
        self.shown = shown
        self._staging, self._make = staging, make

    def read(self, after: int = 0) -> Iterator[Read]:
        """Those whose first line is beyond `after`, in the order in which each first appears."""
        for rows in self._staging.products():
            if rows[0].line > after:
                yield self._make(self.shown, rows)


class ByNumber:
    """Rows of one `key` are one order, wherever they stand; a row without a key stands alone."""

    def __init__(self, key: Callable[[Mapping[str, str]], str | None]) -> None:
        self._key = key

    def key(self, cells: Mapping[str, str], above: str | None) -> str | None:
        del above
        return self._key(cells)

    def aliases(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        del cells
        return ()


@contextmanager
def opened(
    source: Path,
    mapping: Mapping[str, str],
    by: ByNumber,
    make: _Make[Read],
    most: int | None = None,
) -> Iterator[OpenFile[Read]]:
    """Lay a whole file out and find its orders; `most` rows do for a preview. Raises UnreadableFile."""
    with Staging() as staging, open_table(source) as rows:
        folded = {column: mapping.get(column) or f"-{column}" for column in rows.columns}
        shown = {target: column for column, target in folded.items()}
        count = staging.fill(rows if most is None else islice(rows, most), folded, by)
        yield OpenFile(shown, staging, count, make)
