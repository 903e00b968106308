"""A block of cells copied from a spreadsheet, laid over the grid of variants; what finds no place in it is answered."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from msgspec import Struct

from core.lib.text import fold
from core.panel.products.forms.grid import Column, GridRow


class Laid(Struct, frozen=True):
    """How many cells say something else now, and the lines of the block of which some cell found no place."""

    filled: int
    left: list[str]


def lay(rows: Sequence[GridRow], columns: Sequence[Column], text: str, first: str = "", row_id: int = 0) -> Laid:
    """Fill the cells from the column `first` and the row `row_id` on, else from the grid's corner.

    A first line that names columns decides instead which is which; with an SKU among them it also decides the rows.
    """
    block = _cells(text)
    named = _named(block[0], columns) if block else []
    start = next((place for place, column in enumerate(columns) if column.key == first), 0)
    keys = named or [column.key for column in columns[start:]]
    below = 0 if named else next((place for place, row in enumerate(rows) if row.id == row_id), 0)
    by_sku = {row.cells["sku"].stored: row for row in rows}
    fixed = {column.key for column in columns if column.fixed}
    filled, left = 0, []
    for place, line in enumerate(block[1:] if named else block, below):
        cells = list(zip([*keys, *[""] * len(line)], (cell.strip() for cell in line), strict=False))
        sku = dict(cells).get("sku") if "sku" in named else None
        row = by_sku.get(sku) if sku is not None else rows[place] if place < len(rows) else None
        changed = [] if row is None else [pair for pair in cells if pair[0] and row.cells[pair[0]].value != pair[1]]
        homeless = any(value and (row is None or not key) for key, value in cells)
        if homeless or fixed & dict(changed).keys():
            left.append("\t".join(line))
        for key, value in changed:
            if row is not None and key not in fixed:
                row.cells[key].value = value
                filled += 1
    return Laid(filled, left)


def _cells(text: str) -> list[list[str]]:
    """Lines of cells between tabs; spreadsheets put quotes around a cell with a line break or a quote in it."""
    plain = text.replace("\0", "").strip("\r\n")
    try:
        return list(csv.reader(io.StringIO(plain, newline=""), delimiter="\t"))
    except csv.Error:
        return [line.split("\t") for line in plain.splitlines()]


def _named(line: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """The keys of the columns that a line names, empty for words that are no column; nothing if it names none."""
    known = {fold(word): column.key for column in columns for word in (column.title, column.key)}
    keys = [known.get(fold(cell.strip()), "") for cell in line]
    return keys if any(keys) else []
