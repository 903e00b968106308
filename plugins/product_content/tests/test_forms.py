"""Tables as spreadsheets and people write them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from plugins.product_content import forms


def test_two_columns_of_a_spreadsheet_with_groups() -> None:
    pasted = "Size\t\r\nHeight\t44 cm\r\nWeight\t2.1 kg\r\n\t\r\nLight\t\r\nColour\t2700 K\r\n"
    assert forms.specs(pasted) == [
        {"title": "Size", "rows": [["Height", "44 cm"], ["Weight", "2.1 kg"]]},
        {"title": "Light", "rows": [["Colour", "2700 K"]]},
    ]


def test_lines_that_a_person_types() -> None:
    assert forms.specs("Size:\nHeight: 44 cm\n重量：2.1 公斤\nRatio: 16:9") == [
        {"title": "Size", "rows": [["Height", "44 cm"], ["重量", "2.1 公斤"], ["Ratio", "16:9"]]}
    ]


def test_cells_with_quotes_and_line_breaks_as_spreadsheets_write_them() -> None:
    assert forms.specs('In the box\t"Lamp\nCable"\nScreen\t15.6" wide\nName\t"Sun"\nSaid\t"a ""b"""') == [
        {
            "title": "",
            "rows": [["In the box", "Lamp\nCable"], ["Screen", '15.6" wide'], ["Name", '"Sun"'], ["Said", 'a "b"']],
        }
    ]


def test_a_fact_is_named_with_or_without_words_of_its_own() -> None:
    assert forms.specs("[material]\nMade of\t[material]") == [
        {"title": "", "rows": [["", "[material]"], ["Made of", "[material]"]]}
    ]


@pytest.mark.parametrize(
    ("text", "line"), [("A\t1\nB\t2\t3", "2"), ('A\t"1\n2"\nB\t2\t3', "3"), ("\t44 cm", "1"), ("A\t" + "x" * 1001, "1")]
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: str, app: object) -> None:
    with pytest.raises(forms.Unreadable, match=f"Line {line} "):
        forms.specs(text)


def test_endless_tables_are_refused(app: object) -> None:
    with pytest.raises(forms.Unreadable):
        forms.specs("A\t1\n" * 201)


@pytest.mark.parametrize("text", ["S\tM", "only\nwords", "a\t" * 13 + "\nb"])
def test_sizes_need_a_head_columns_and_room(text: str, app: object) -> None:
    with pytest.raises(forms.Unreadable):
        forms.sizes(text)


def test_short_lines_of_sizes_are_filled_up() -> None:
    assert forms.sizes("Size\tChest\tWaist\nS\t88\nM\t96\t80") == [
        ["Size", "Chest", "Waist"],
        ["S", "88", ""],
        ["M", "96", "80"],
    ]


WORDS = some.text(some.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12).filter(
    lambda word: word[-1] not in ":：" and not word.startswith("[")
)
TITLES = WORDS.filter(lambda word: not any(colon in word for colon in ":："))


@example([('"', [('"', "0"), ("Size", '"L"')])])
@given(some.lists(some.tuples(TITLES, some.lists(some.tuples(WORDS, WORDS), min_size=1, max_size=3)), max_size=3))
def test_the_form_shows_what_was_stored(groups: list[tuple[str, list[tuple[str, str]]]]) -> None:
    stored = [{"title": title, "rows": [list(row) for row in rows]} for title, rows in groups]
    assert forms.specs(forms.specs_text(stored)) == stored


@given(some.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for _line, cells in forms.sheet(text):
        assert cells[-1]
