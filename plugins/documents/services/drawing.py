"""Papers as PDF: A4, one typeface, the table's head again on every page. The same paper is the same bytes.

Latin letters need no font file. For others one is looked for on the server, and its letters are embedded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTLibError  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from fpdf.errors import FPDFException
from msgspec import Struct

from core.api import Broken, is_cjk
from plugins.documents.forms import number_in
from plugins.documents.services.joining import in_order, is_reordered, joined
from plugins.documents.services.paper import Column, Paper

CHINESE_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
)
WIDE_FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf")
_CORE = "helvetica"
_FONT_BEGINS = (b"\0\1\0\0", b"true", b"OTTO", b"ttcf")
_MARGIN, _LINE = 18.0, 4.8
_INK, _SOFT, _RULE = (24, 24, 27), (95, 95, 104), (205, 205, 212)


class FontMissing(Broken):
    """There are letters that no font of this server has."""

    code = "font_missing"
    default_message = (
        "This document has letters, such as Chinese ones, that no font of the server has. Have the package"
        " fonts-noto-cjk installed on the server (Debian, Ubuntu), or name a font file in the settings of the plugin"
        " Documents. Then print again."
    )


class Face(Struct, frozen=True):
    """A font file; an empty path is the typeface that every PDF reader brings along."""

    path: str = ""


def face_for(papers: Sequence[Paper], own: str = "") -> Face:
    """The font in which all these can be read. Raises FontMissing."""
    text = "".join(part for paper in papers for part in paper.texts())
    if own:
        if not Path(own).is_file():
            raise FontMissing(
                "There is no font file %(path)s on the server. Name another one in the settings of the plugin"
                " Documents, or none.",
                path=own,
            )
        return Face(own)
    if text.encode("cp1252", "ignore").decode("cp1252") == text:
        return Face()
    chinese = any(is_cjk(letter) for letter in text)
    known = CHINESE_FONTS if chinese else (*WIDE_FONTS, *CHINESE_FONTS)
    found = next((path for path in known if Path(path).is_file()), None)
    if found is None:
        raise FontMissing
    return Face(found)


def draw(papers: Sequence[Paper], *, font: str = "", compressed: bool = True) -> bytes:
    """The papers one after the other, each from a page of its own. Raises FontMissing."""
    face = face_for(papers, font)
    sheet = _drawn(papers, face, [1] * len(papers), compressed=compressed)
    if any(count > 1 for count in sheet.lengths):
        sheet = _drawn(papers, face, sheet.lengths, compressed=compressed)
    return bytes(sheet.output())


def _drawn(papers: Sequence[Paper], face: Face, lengths: Sequence[int], *, compressed: bool) -> _Sheet:
    """All papers on one sheet, whose feet say of how many pages each is."""
    sheet = _Sheet(face, lengths)
    sheet.set_compression(compressed)
    if papers:
        sheet.set_creation_date(papers[0].at)
        sheet.set_title(f"{papers[0].title} {papers[0].code}" if len(papers) == 1 else papers[0].title)
    for paper in papers:
        sheet.put(paper)
    return sheet


def _check_beginning(path: str) -> None:
    """Raise ValueError for a file that is no font: the library would leave it open."""
    with Path(path).open("rb") as stream:
        if stream.read(4) not in _FONT_BEGINS:
            raise ValueError(path)


class _Sheet(FPDF):
    """A4 with our margins; knows the paper it is at.

    `said` is of how many pages each paper shall say that it is, `lengths` of how many it is so far.
    """

    def __init__(self, face: Face, said: Sequence[int]) -> None:
        super().__init__(format="A4")
        self.core_fonts_encoding = "cp1252"
        self.set_margins(_MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=26)
        self.family = _CORE
        self.paper: Paper | None = None
        self.following: Paper | None = None
        self.said = said
        self.lengths: list[int] = []
        if face.path:
            self._add(face)

    def _add(self, face: Face) -> None:
        try:
            _check_beginning(face.path)
            self.add_font("own", "", face.path, collection_font_number=number_in(face.path))
        except (FPDFException, TTLibError, OSError, ValueError, IndexError) as error:
            raise FontMissing(
                "The font file %(path)s cannot be read. Name another one in the settings of the plugin Documents,"
                " or none.",
                path=face.path,
            ) from error
        self.family = "own"

    def write_in(self, size: float, colour: tuple[int, int, int] = _INK, *, strong: bool = False) -> None:
        """The typeface at a size. An own font has one weight: what is strong is larger there, by its caller."""
        self.set_font(self.family, "B" if strong and self.family == _CORE else "", size)
        self.set_text_color(*colour)

    # -- what is written from right to left ------------------------------------------------------------------------

    def _line(self, width: float, height: float, text: str, **wanted: Any) -> None:
        """A line in the order in which its letters stand."""
        self.cell(width, height, in_order(self._joined(text)) if is_reordered(text) else text, **wanted)

    def _lines(self, width: float, height: float, text: str, **wanted: Any) -> None:
        """What takes several lines: it is cut into them before each is put in order."""
        if is_reordered(text):
            cut: Any = self.multi_cell(width, height, self._joined(text), dry_run=True, output="LINES")
            text = "\n".join(in_order(line) for line in cut)
        self.multi_cell(width, height, text, **wanted)

    def _joined(self, text: str) -> str:
        return joined(text, getattr(self.current_font, "cmap", ()))

    # -- the parts of a paper --------------------------------------------------------------------------------------

    def put(self, paper: Paper) -> None:
        """Draw it from a new page on."""
        self.following = paper
        self.add_page()
        self._head(paper)
        self._parties(paper)
        self._table(paper)
        self._sums(paper)
        self.write_in(9, _SOFT)
        for note in paper.notes:
            self.ln(3)
            self._text(note)

    def header(self) -> None:
        """A page begins: only now is the next paper ours, as the page before has ended with its own footer."""
        if self.following is not None:
            self.paper, self.following = self.following, None
            self.lengths.append(0)
        self.lengths[-1] += 1

    def footer(self) -> None:
        """The merchant's lines, and which page of which paper this is. fpdf2 calls it at the end of every page."""
        if self.paper is None:
            return
        self.set_y(-9 - 3.6 * len(self.paper.footer[:3]) - 4)
        self.write_in(7.5, _SOFT)
        for line in self.paper.footer[:3]:
            self._line(self.epw, 3.6, line, align=Align.C, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        page = self.paper.paging.format(page=self.lengths[-1], pages=self.said[len(self.lengths) - 1])
        place = f"{self.paper.code} · {page}"
        self._line(self.epw, 3.6, place, align=Align.C)

    def _head(self, paper: Paper) -> None:
        top, half = self.get_y(), self.epw / 2
        self.write_in(20, strong=True)
        self._lines(half, 9, paper.title, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.write_in(11, _SOFT)
        self._lines(half, 6, paper.code, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        left = self.get_y()
        self.set_y(top)
        for place, line in enumerate(paper.sender):
            self.write_in(11 if not place else 9, _INK if not place else _SOFT, strong=not place)
            self.set_x(self.l_margin + half)
            height = 6 if not place else _LINE
            self._lines(half, height, line, align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_y(max(left, self.get_y()) + 8)

    def _parties(self, paper: Paper) -> None:
        """Addresses at the left, two in a row, facts at the right."""
        top, third = self.get_y(), self.epw / 3
        begin = lowest = top
        for place, (heading, lines) in enumerate(paper.parties):
            if place and place % 2 == 0:
                begin = lowest = lowest + 4
            self._block(self.l_margin + place % 2 * third, begin, third - 4, heading, lines)
            lowest = max(lowest, self.get_y())
        self.set_y(top)
        for label, value in paper.facts:
            y = self.get_y()
            self.write_in(9, _SOFT)
            self.set_x(self.l_margin + 2 * third)
            self._lines(third * 0.42, _LINE, label, align=Align.L, new_x=XPos.RIGHT, new_y=YPos.TOP)
            self.write_in(9)
            self._lines(third * 0.58, _LINE, value, align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.set_y(max(self.get_y(), y + _LINE))
        self.set_y(max(lowest, self.get_y()) + 9)

    def _block(self, x: float, y: float, width: float, heading: str, lines: Sequence[str]) -> None:
        self.set_xy(x, y)
        self.write_in(9, _SOFT)
        self._lines(width, _LINE, heading, align=Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.write_in(9.5)
        for line in lines:
            self._lines(width, _LINE, line, align=Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def _table(self, paper: Paper) -> None:
        self._table_head(paper.columns)
        for row in paper.rows:
            height = self._height(paper.columns, row)
            if self.get_y() + height > self.page_break_trigger:
                self.add_page()
                self._table_head(paper.columns)
            self._row(paper.columns, row, height)

    def _table_head(self, columns: Sequence[Column]) -> None:
        self.write_in(8.5, _SOFT)
        for column in columns:
            self._line(self._width(column), 6, column.title, align=Align.R if column.is_end else Align.L)
        self.ln(6.5)
        self._rule(0.35, _INK)

    def _row(self, columns: Sequence[Column], row: Sequence[str], height: float) -> None:
        top, x = self.get_y() + 1.6, self.l_margin
        for column, text in zip(columns, row, strict=True):
            first, _line, small = text.partition("\n")
            self.set_xy(x, top)
            self.write_in(9.5)
            align = Align.R if column.is_end else Align.L
            self._lines(self._width(column) - 1, _LINE, first, align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)
            if small:
                self.write_in(8, _SOFT)
                self._lines(self._width(column) - 1, 4, small, align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)
            x += self._width(column)
        self.set_y(top - 1.6 + height)
        self._rule(0.15, _RULE)

    def _height(self, columns: Sequence[Column], row: Sequence[str]) -> float:
        """How tall a row will be: its tallest cell."""
        tallest = _LINE
        for column, text in zip(columns, row, strict=True):
            first, _line, small = text.partition("\n")
            self.write_in(9.5)
            height = _LINE * self._lines_of(column, first)
            if small:
                self.write_in(8)
                height += 4 * self._lines_of(column, small)
            tallest = max(tallest, height)
        return tallest + 3.2

    def _lines_of(self, column: Column, text: str) -> int:
        found: Any = self.multi_cell(self._width(column) - 1, _LINE, text, dry_run=True, output="LINES")
        return max(1, len(found))

    def _sums(self, paper: Paper) -> None:
        self.ln(4)
        if self.get_y() + 6 * len(paper.sums) > self.page_break_trigger:
            self.add_page()
        for label, value, is_total in paper.sums:
            if is_total:
                self._rule(0.35, _INK, begins=0.45)
            self.write_in(12 if is_total else 9.5, _INK if is_total else _SOFT, strong=is_total)
            self.set_x(self.l_margin + self.epw * 0.45)
            height = 8 if is_total else 5.6
            self._line(self.epw * 0.33, height, label)
            self.write_in(12 if is_total else 9.5, strong=is_total)
            self._line(self.epw * 0.22 - 1, height, value, align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _text(self, text: str) -> None:
        self._lines(self.epw, _LINE, text, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _width(self, column: Column) -> float:
        return float(self.epw) * column.share / 100

    def _rule(self, thickness: float, colour: tuple[int, int, int], begins: float = 0.0) -> None:
        self.set_draw_color(*colour)
        self.set_line_width(thickness)
        y = self.get_y()
        self.line(self.l_margin + self.epw * begins, y, self.l_margin + self.epw, y)
