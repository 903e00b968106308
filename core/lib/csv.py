"""CSV as people have it: any common encoding and delimiter read in constant memory, and written without formulas."""

from __future__ import annotations

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from msgspec import Struct

from core.lib.errors import Refused

ROW_LIMIT = 1_000_000
COLUMN_LIMIT = 1_000
_HEAD = 64 * 1024
_CHUNK = 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
# How workbooks, papers and pictures begin.
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
# The limit is global to Python's parser; the row limit below is the one that is reached first.
csv.field_size_limit(ROW_LIMIT)


class UnreadableFile(Refused):
    """The file as a whole is no table that can be read: nothing of it has been used."""

    status = 422
    code = "unreadable_file"
    default_message = "This file could not be read as a table. Save it as CSV (UTF-8) and try again."


class Row(Struct, frozen=True):
    """One record: the line of the file on which it begins (the first line is 1) and its cells by column name.

    `surplus` counts filled cells beyond the last named column: the sign of a delimiter that was not quoted.
    """

    line: int
    cells: dict[str, str]
    surplus: int = 0


class Dialect(Struct, frozen=True, kw_only=True):
    """How a file is written, found by looking at all of its bytes once."""

    encoding: str
    delimiter: str


class Rows(Iterator[Row]):
    """The records below the header, one at a time; `columns` are the header's names, `dialect` what was found out."""

    def __init__(self, text: TextIO, encoding: str) -> None:
        head = text.read(_HEAD)
        skipped, delimiter = _detect_delimiter(head)
        text.seek(0)
        self.dialect = Dialect(encoding=encoding, delimiter=delimiter)
        self._lines = _Lines(text)
        self._reader = csv.reader(self._lines, delimiter=delimiter, skipinitialspace=_is_aligned(head, delimiter))
        for _ in range(skipped):
            next(self._lines)
        header = self._record() or []
        if len(header) > COLUMN_LIMIT:
            raise UnreadableFile("This file has more than %(limit)s columns.", limit=COLUMN_LIMIT)
        places = {name: place for place, name in reversed(list(enumerate(map(_name, header)))) if name}
        self._places = sorted(places.items(), key=lambda item: item[1])
        self._width = len(header)
        self.columns = tuple(name for name, _ in self._places)

    def _record(self) -> list[str] | None:
        """The next record that has a filled cell; None at the end."""
        while True:
            self._lines.begin()
            try:
                cells = next(self._reader, None)
            except csv.Error as error:
                raise UnreadableFile("Line %(line)s cannot be read.", line=self._lines.first) from error
            if cells is None or any(map(str.strip, cells)):
                return cells

    def __next__(self) -> Row:
        cells = self._record()
        if cells is None:
            raise StopIteration
        last = len(cells)
        found = {name: cells[place] if place < last else "" for name, place in self._places}
        return Row(self._lines.first, found, sum(1 for cell in cells[self._width :] if cell.strip()))


class _Lines(Iterator[str]):
    """Lines of the file with a bound on the size of one record, which may span many lines inside quotes."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._number = 0
        self.first = 1
        self._size = 0
        self._quotes = 0

    def begin(self) -> None:
        """A new record begins on the next line."""
        self.first = self._number + 1
        self._size = self._quotes = 0

    def __next__(self) -> str:
        line = self._text.readline(ROW_LIMIT + 1)
        if not line:
            # Python's parser takes the end of the file for the end of the quote: half the file would be one cell.
            if self._quotes % 2 and self._number > self.first:
                raise UnreadableFile("A quotation mark opened on line %(line)s is never closed.", line=self.first)
            raise StopIteration
        self._number += 1
        self._size += len(line)
        self._quotes += line.count('"')
        if self._size > ROW_LIMIT:
            raise UnreadableFile("The row on line %(line)s is too long; is a quotation mark missing?", line=self.first)
        return line.replace("\0", "") if "\0" in line else line


@contextmanager
def open_rows(source: str | Path | BinaryIO) -> Iterator[Rows]:
    """The records of a CSV file below its header, in constant memory; rows without a filled cell are left out.

    Encodings: UTF-8 (with or without BOM), UTF-16, GB18030 (and with it GBK), Windows-1252. Delimiters: comma,
    semicolon, tab. Line ends: LF, CRLF, lone CR. A stream is read from its beginning and stays open.
    Raises UnreadableFile.
    """
    with ExitStack() as stack:
        if isinstance(source, str | Path):
            stream: BinaryIO = stack.enter_context(Path(source).open("rb"))
        else:
            stream = source if source.seekable() else stack.enter_context(_spooled(source))
        encoding = detect_encoding(stream)
        stream.seek(0)
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        stack.callback(text.detach)
        yield Rows(text, encoding)


def read_rows(source: str | Path | BinaryIO) -> Iterator[Row]:
    """The records alone, for a caller that needs neither the columns nor the dialect: see `open_rows`."""
    with open_rows(source) as rows:
        yield from rows


def _spooled(stream: BinaryIO) -> BinaryIO:
    """A copy that can be read twice, on disk beyond the first megabyte."""
    spool = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_CHUNK))  # noqa: SIM115 (closed by open_rows)
    while chunk := stream.read(_CHUNK):
        spool.write(chunk)
    return spool


def _name(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").split())


# --- encoding


def detect_encoding(stream: BinaryIO) -> str:
    """A codec name, decided by all the bytes: a first Chinese letter may come in the last line.

    Raises UnreadableFile for what is no text: a workbook that was not saved as CSV, a paper, a picture.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    if head.startswith(_NO_TEXT):
        raise UnreadableFile
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    if head[1::2].count(0) * 3 > len(head):
        return "utf-16-le"
    if head[0::2].count(0) * 3 > len(head):
        return "utf-16-be"
    if _decodes(stream, "utf-8") or _is_damaged_utf8(stream):
        return "utf-8"
    if _decodes(stream, "gb18030") and _is_mostly_chinese(stream):
        return "gb18030"
    return "cp1252"


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        yield chunk


def _decodes(stream: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(stream):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_damaged_utf8(stream: BinaryIO) -> bool:
    """Whether one bad byte stands among many good letters: then the rest is UTF-8 all the same."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    for chunk in _chunks(stream):
        text = decoder.decode(chunk)
        broken = text.count("\ufffd")
        bad += broken
        good += sum(map(len, _NOT_ASCII.findall(text))) - broken
    return good > 20 * bad


_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_COMMON_HANZI = re.compile(rb"(?:[\xa1-\xa9\xb0-\xd7][\xa1-\xfe])+")


def _is_mostly_chinese(stream: BinaryIO) -> bool:
    """Tell GB18030 from Windows-1252, where most bytes of one are also good in the other.

    Chinese comes as pairs of high bytes, the everyday letters of GB 2312 beginning with B0 to D7; an accented letter
    of a European language mostly stands alone between two plain ones.
    """
    chinese = other = 0
    for chunk in _chunks(stream):
        for run in _HIGH_RUN.findall(chunk):
            if _COMMON_HANZI.fullmatch(run):
                chinese += len(run) // 2
            else:
                other += 1
    return chinese > other


# --- delimiter


def _detect_delimiter(head: str) -> tuple[int, str]:
    """(lines to skip, delimiter): the one that cuts the header into most cells, unless a line `sep=;` declares one."""
    lines = head.splitlines(keepends=True)
    declared = re.match(r"sep=(.)\r?$", lines[0].strip("\ufeff\n")) if lines else None
    if declared:
        return 1, declared[1]
    counts = {mark: _cells_in_header(lines, mark) for mark in ",;\t"}
    return 0, max(counts, key=lambda mark: counts[mark])


def _is_aligned(head: str, delimiter: str) -> bool:
    """Whether cells stand below each other with spaces before them: then a quotation mark may come after the space."""
    cells = next((line.split(delimiter) for line in head.splitlines() if line.strip()), [])
    return len(cells) > 1 and sum(cell.startswith(" ") for cell in cells[1:]) * 2 > len(cells) - 1


def _cells_in_header(lines: list[str], mark: str) -> int:
    try:
        return next((len(cells) for cells in csv.reader(lines, delimiter=mark) if any(cells)), 0)
    except csv.Error:
        return 0


# --- formulas: CWE-1236, in short that a cell which begins like a formula runs when the file is opened

_FORMULA_START = "=+-@\t\r\n＝＋－＠"
_PLAIN_NUMBER = re.compile(r"-\d+(?:[.,]\d+)?")
_ESCAPED = re.compile(rf"'+[{re.escape(_FORMULA_START)}]")
_ACTIVE = re.compile(r"[=\t\r＝]|[-+@＋－＠].*(?:\w\(|[|!])", re.DOTALL)


def escape_formula(text: str) -> str:
    """`text` as a spreadsheet shows it instead of running it: an apostrophe before a formula; -5.20 stays a number."""
    if not text or text[0] not in _FORMULA_START + "'" or _PLAIN_NUMBER.fullmatch(text):
        return text
    return "'" + text if text[0] != "'" or _ESCAPED.match(text) else text


def unescape_formula(text: str) -> str:
    """The inverse of `escape_formula`."""
    return text[1:] if _ESCAPED.match(text) else text


def is_active_formula(text: str) -> bool:
    """Whether a cell that came in would calculate or call something, not just begin with a sign ("-20 % on all")."""
    return bool(_ACTIVE.match(text))


def write_rows(stream: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a header and rows, CRLF as RFC 4180 says, every text cell escaped; answers how many rows were written.

    None becomes an empty cell; no columns, no header. The stream must have been opened with `newline=""`.
    """
    writer = csv.writer(stream, lineterminator="\r\n")
    if columns:
        writer.writerow(map(escape_formula, columns))
    count = 0
    for row in rows:
        writer.writerow(["" if cell is None else escape_formula(str(cell)) for cell in row])
        count += 1
    return count
