"""Whatever a spreadsheet saved can be read, in constant memory, and what is written cannot run."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
from pathlib import Path

import pytest

from core.lib.csv import (
    UnreadableFile,
    escape_formula,
    is_active_formula,
    open_rows,
    read_rows,
    unescape_formula,
    write_rows,
)

TABLE = "sku,name,price\nA-1,Lamp,12.50\nA-2,Café,3\n"
CHINESE = "sku,name,price\nA-1,黄铜台灯,12.50\nA-2,亚麻桌布，米色,3\n"
ACCENTED = "sku,name,price\nA-1,Théière à pois,12.50\nA-2,Açúcar e pão,3\nA-3,Küchenstuhl «groß» €,4\n"


def _cells(data: bytes) -> list[dict[str, str]]:
    return [row.cells for row in read_rows(io.BytesIO(data))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk"])
def test_chinese_is_read_in_the_encodings_that_spreadsheets_save(encoding: str) -> None:
    assert [row["name"] for row in _cells(CHINESE.encode(encoding))] == ["黄铜台灯", "亚麻桌布，米色"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_accents_are_read_in_the_encodings_that_spreadsheets_save(encoding: str) -> None:
    assert [row["name"] for row in _cells(ACCENTED.encode(encoding))] == [
        "Théière à pois",
        "Açúcar e pão",
        "Küchenstuhl «groß» €",
    ]


def test_a_first_chinese_letter_far_below_the_first_lines_decides_the_encoding() -> None:
    plain = "sku,name\n" + "".join(f"A-{n},Lamp number {n}\n" for n in range(20_000))
    assert len(plain) > 4 * 64 * 1024
    rows = _cells((plain + "Z-1,黄铜台灯\n").encode("gbk"))
    assert rows[-1] == {"sku": "Z-1", "name": "黄铜台灯"}
    assert rows[0] == {"sku": "A-0", "name": "Lamp number 0"}


def test_one_damaged_letter_does_not_turn_the_whole_file_into_another_encoding() -> None:
    data = ("sku,name\n" + "".join(f"A-{n},黄铜台灯\n" for n in range(20))).encode() + b"B-1,L\xe9mp\n"
    rows = _cells(data)
    assert rows[0]["name"] == "黄铜台灯"
    assert rows[-1]["name"] == "L\ufffdmp"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_delimiter_is_found_even_if_the_header_quotes_another_one(mark: str) -> None:
    text = f'sku{mark}"name, long; or short"{mark}price\nA-1{mark}"Lamp, brass"{mark}"12,50"\n'
    assert _cells(text.encode()) == [{"sku": "A-1", "name, long; or short": "Lamp, brass", "price": "12,50"}]


def test_the_line_in_which_excel_names_its_delimiter_is_obeyed() -> None:
    assert _cells(b"sep=;\r\nsku;name\r\nA,b\r\n") == [{"sku": "A,b", "name": ""}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read_and_lines_are_counted(end: str) -> None:
    rows = list(read_rows(io.BytesIO(TABLE.replace("\n", end).encode())))
    assert [(row.line, row.cells["sku"]) for row in rows] == [(2, "A-1"), (3, "A-2")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_cell_may_hold_line_breaks_and_the_next_row_keeps_its_line_number(end: str) -> None:
    text = 'sku,body\nA-1,"one\ntwo\n\nthree"\nA-2,x\n'.replace("\n", end)
    rows = list(read_rows(io.BytesIO(text.encode())))
    assert [row.line for row in rows] == [2, 6]
    assert rows[0].cells["body"].splitlines() == ["one", "two", "", "three"]


def test_empty_rows_are_left_out_and_short_rows_are_filled() -> None:
    rows = list(read_rows(io.BytesIO(b"\n\nsku,name,price\n,,\nA-1\n   ,,\nA-2,b,3\n\n")))
    assert [(row.line, row.cells) for row in rows] == [
        (5, {"sku": "A-1", "name": "", "price": ""}),
        (7, {"sku": "A-2", "name": "b", "price": "3"}),
    ]


def test_filled_cells_beyond_the_header_are_reported() -> None:
    rows = list(read_rows(io.BytesIO(b"sku,name\nA-1,Lamp, brass,\nA-2,x,,\n")))
    assert [row.surplus for row in rows] == [1, 0]


def test_of_two_columns_with_one_name_the_first_counts_and_nameless_ones_are_left_out() -> None:
    with open_rows(io.BytesIO(b"sku,,name,sku\nA,b,c,d\n")) as rows:
        assert rows.columns == ("sku", "name")
        assert next(rows).cells == {"sku": "A", "name": "c"}


def test_nul_bytes_never_reach_a_cell() -> None:
    assert _cells(b"sku,name\nA\x00-1,La\x00mp\n") == [{"sku": "A-1", "name": "Lamp"}]


def test_what_was_found_out_is_told_before_the_first_record(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_bytes(CHINESE.replace(",", ";").encode("gbk"))
    with open_rows(path) as rows:
        assert (rows.dialect.encoding, rows.dialect.delimiter) == ("gb18030", ";")
        assert rows.columns == ("sku", "name", "price")


def test_a_stream_that_cannot_be_read_twice_is_read_all_the_same() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    assert [row.cells["name"] for row in read_rows(Pipe(CHINESE.encode("gbk")))] == ["黄铜台灯", "亚麻桌布，米色"]


def test_the_callers_stream_stays_open() -> None:
    stream = io.BytesIO(TABLE.encode())
    assert len(list(read_rows(stream))) == 2
    assert not stream.closed


def test_a_quotation_mark_that_is_never_closed_is_named_by_its_line() -> None:
    with pytest.raises(UnreadableFile, match="line 3"):
        _cells(b'sku,name\nA,b\nB,"Lamp\nC,d\nD,e\n')


def test_a_row_without_end_is_refused_without_being_kept() -> None:
    with pytest.raises(UnreadableFile, match="line 2"):
        _cells(b'sku,name\nA,"' + b"x" * 3_000_000)
    with pytest.raises(UnreadableFile, match="line 2"):
        _cells(b'sku,name\nA,"' + b"word\n" * 600_000)


def test_more_columns_than_any_shop_writes_are_refused() -> None:
    with pytest.raises(UnreadableFile, match="columns"):
        _cells(b"c," * 1_001 + b"\n1,2\n")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_rows(data: bytes) -> None:
    assert _cells(data) == []


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 40, b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n" + bytes(range(255, 0, -1)) * 9]
)
def test_bytes_that_are_no_table_do_no_harm(data: bytes) -> None:
    with contextlib.suppress(UnreadableFile):
        _cells(data)


@pytest.mark.parametrize("rows", [40_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_rows_are_read_in_constant_memory_however_many(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "large.csv"
    with path.open("w", encoding="gbk") as file:
        file.write("sku,name,body\n")
        file.writelines(f'A-{n},黄铜台灯 {n},"{"lamp " * 20}"\n' for n in range(rows))
    assert path.stat().st_size > 100 * rows
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_rows(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == rows
    assert peak < 8_000_000


FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("http://x")',
    "-2+3+cmd|' /C calc'!A0",
    "＝1",
    "＠x",
]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_written_as_text(cell: str) -> None:
    assert escape_formula(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "Lamp", "-5", "-5.20", "-5,20", "12", "a=b", "'quoted'", "黄铜"])
def test_other_cells_are_written_as_they_are(cell: str) -> None:
    assert escape_formula(cell) == cell


@pytest.mark.parametrize("cell", [*FORMULAS, "'=1", "''=1", "'a", "-5", "", "'"])
def test_what_was_escaped_comes_back_as_it_was(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell


def test_only_cells_that_would_calculate_count_as_active() -> None:
    assert [cell for cell in FORMULAS if not is_active_formula(cell)] == ["+1+1", "-1+1", "\n=1", "＠x"]
    assert not any(map(is_active_formula, ["-20 % on lamps", "+size shirt", "@home mug", "-5", "a=b", "'=1"]))


def test_what_is_written_is_read_again() -> None:
    out = io.StringIO(newline="")
    rows = [["A-1", '5" pipe, black', None], ["=1+1", "one\r\ntwo", -5]]
    assert write_rows(out, ["sku", "name", "stock"], rows) == 2
    assert _cells(out.getvalue().encode()) == [
        {"sku": "A-1", "name": '5" pipe, black', "stock": ""},
        {"sku": "'=1+1", "name": "one\r\ntwo", "stock": "-5"},
    ]
