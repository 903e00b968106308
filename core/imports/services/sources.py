"""A file as a table, whatever it is: CSV as spreadsheets write it, or the JSON of another shop system."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from core.imports.services.saleor import SaleorTable
from core.lib.csv import Row, open_rows

_HEAD = 4096
_LISTS = (b"[", b"{")


class Table(Protocol):
    """Rows with the names of their columns."""

    columns: tuple[str, ...]

    def __iter__(self) -> Iterator[Row]: ...


@contextmanager
def open_table(source: str | Path | BinaryIO) -> Iterator[Table]:
    """The rows of a CSV or JSON file, in constant memory. Raises UnreadableFile."""
    with ExitStack() as stack:
        stream = stack.enter_context(Path(source).open("rb")) if isinstance(source, str | Path) else source
        if not (stream.seekable() and _is_json(stream)):
            yield stack.enter_context(open_rows(stream))
            return
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace")
        stack.callback(text.detach)
        yield stack.enter_context(SaleorTable(text))


def _is_json(stream: BinaryIO) -> bool:
    head = stream.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    stream.seek(0)
    return head.startswith(_LISTS) and b'"model"' in head
