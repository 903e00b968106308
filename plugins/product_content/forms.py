"""What the sections' forms may say, read from plain text: as typed, or as a spreadsheet puts it on the clipboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from core.api import Settings, command_line, form_words, setting
from core.api import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

Group = dict[str, Any]
Row = tuple[int, list[str]]  # The number of its first line, and its cells.
_MOST_ROWS, _MOST_SIZES, _MOST_COLUMNS, _MOST_SKUS = 200, 60, 12, 24
_LONGEST_NAME, _LONGEST_VALUE, _LONGEST_CELL = 120, 1000, 60
# A spreadsheet puts quotes around a cell that holds a tab, a line break or a quote, and doubles the quotes inside.
_QUOTED = re.compile(r'"((?:[^"]|"")*)"(?=\t|\n|\Z)')
_PLAIN = re.compile(r"[^\t\n]*")
_NAMED = re.compile(r"([^:：]{1,120})[:：]\s*(\S.*)", re.DOTALL)
KINDS = ("accessory", "similar", "replaces")


class ProductContent(Settings):
    """What the merchant may change."""

    fall_back: bool = setting(
        True,
        label="Show goods of the same category",
        help="On pages of products for which you picked no related ones.",
    )
    most: int = setting(4, label="Goods in a row", help="At most so many of a kind.", minimum=2, maximum=12)
    most_mb: int = setting(16, label="Largest download in MB", minimum=1, maximum=200)


class Unreadable(ValueError):
    """A text that cannot be read, in words for whoever typed it."""


def sheet(text: str) -> list[Row]:
    """The rows of a pasted text, empty ones left out, trimmed."""
    rows: list[Row] = []
    for line, found in _rows(text.replace("\r\n", "\n").replace("\r", "\n")):
        cells = [cell.strip() for cell in found]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append((line, cells))
    return rows


def _rows(text: str) -> Iterator[Row]:
    at, line, begun, cells = 0, 1, 1, []
    while True:
        quoted = _QUOTED.match(text, at)
        if quoted and re.search(r'[\t\n]|""', quoted[1]):
            cells.append(quoted[1].replace('""', '"').replace("\t", " "))
            at, line = quoted.end(), line + quoted[1].count("\n")
        else:
            plain = _PLAIN.match(text, at)
            assert plain is not None
            cells.append(plain[0])
            at = plain.end()
        if at >= len(text) or text[at] == "\n":
            yield begun, cells
            line += 1
            begun, cells = line, []
        if at >= len(text):
            return
        at += 1


def specs(text: str) -> list[Group]:
    """Groups of (name, value). A line of one cell begins a group; `Name: value` is a row too. Raises Unreadable."""
    groups: list[Group] = []
    count = 0
    for line, cells in sheet(text):
        name, value = _row(line, cells)
        if value is None:
            groups.append({"title": name, "rows": []})
            continue
        count += 1
        if not groups:
            groups.append({"title": "", "rows": []})
        groups[-1]["rows"].append([name, value])
    if count > _MOST_ROWS:
        raise Unreadable(_("At most %(count)s rows.", count=_MOST_ROWS))
    return [group for group in groups if group["rows"]]


def _row(line: int, cells: list[str]) -> tuple[str, str | None]:
    """A name with its value; the value is None for the title of a group."""
    if len(cells) > 2:
        found = len(cells)
        many = _("Line %(line)s has %(found)s columns. Two are read: name and value.", line=line, found=found)
        raise Unreadable(many)
    if len(cells) == 1 and cells[0].startswith("["):
        cells = ["", cells[0]]
    elif len(cells) == 1 and (named := _NAMED.fullmatch(cells[0])):
        cells = [named[1].strip(), named[2]]
    if len(cells) == 2 and not cells[0] and not cells[1].startswith("["):
        raise Unreadable(_("Line %(line)s has a value without a name.", line=line))
    name, value = cells[0].rstrip(":："), cells[1] if len(cells) == 2 else None
    if len(name) > _LONGEST_NAME or len(value or "") > _LONGEST_VALUE:
        raise Unreadable(_("Line %(line)s is too long.", line=line))
    return name, value


def specs_text(groups: list[Group]) -> str:
    """The inverse of `specs`, for the form."""
    lines: list[str] = []
    for group in groups:
        if group["title"]:
            lines += [*([""] if lines else []), _cell(group["title"])]
        lines += [f"{_cell(name)}\t{_cell(value)}" if name else value for name, value in group["rows"]]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A cell as a spreadsheet would write it; one that begins with a quote could be taken for a quoted one."""
    if "\n" not in text and not text.startswith('"'):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def sizes(text: str) -> list[list[str]]:
    """A table of equal rows, the first its head; empty for an empty text. Raises Unreadable."""
    found = sheet(text)
    if not found:
        return []
    if len(found) < 2:
        raise Unreadable(_("Write a head and at least one line of sizes."))
    if len(found) > _MOST_SIZES:
        raise Unreadable(_("At most %(count)s rows.", count=_MOST_SIZES))
    width = max(len(cells) for _line, cells in found)
    if width < 2:
        raise Unreadable(_("Columns are parted by tabs: copy the table from a spreadsheet."))
    if width > _MOST_COLUMNS:
        raise Unreadable(_("At most %(count)s columns.", count=_MOST_COLUMNS))
    for line, cells in found:
        if any(len(cell) > _LONGEST_CELL for cell in cells):
            raise Unreadable(_("Line %(line)s is too long.", line=line))
    return [[*cells, *[""] * (width - len(cells))] for _line, cells in found]


def sizes_text(cells: list[list[str]]) -> str:
    """The inverse of `sizes`, for the form."""
    return "\n".join("\t".join(_cell(cell) for cell in row).rstrip("\t") for row in cells)


def skus(text: str) -> list[str]:
    """The SKUs of a list, each once. Raises Unreadable."""
    found = list(dict.fromkeys(form_words(text)))
    if len(found) > _MOST_SKUS:
        raise Unreadable(_("At most %(count)s products.", count=_MOST_SKUS))
    return found


def import_arguments(words: list[str]) -> Namespace:
    """`FILE --site HOST`."""
    parser = command_line("product_content import", "Take content from a JSON file.")
    parser.add_argument("file", help="a list of products, as the README shows it")
    parser.add_argument("--site", required=True, metavar="HOST")
    return parser.parse_args(words)
