"""Names that are written from right to left stand on a sheet as people read them."""

from __future__ import annotations

import unicodedata

import pytest

from plugins.documents.services.joining import in_order, is_reordered, joined

EVERY = range(0x110000)


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("ليلى", ("initial", "medial", "medial", "final")),
        ("حداد", ("initial", "final", "isolated", "isolated")),
        ("سلام", ("initial", "final", "isolated")),  # Lam and alef are one shape.
        ("چای", ("initial", "final", "isolated")),
    ],
)
def test_each_letter_has_the_shape_of_its_place(name: str, shapes: tuple[str, ...]) -> None:
    found = joined(name, EVERY)
    assert tuple(unicodedata.decomposition(letter).split()[0].strip("<>") for letter in found) == shapes
    assert unicodedata.normalize("NFKC", found) == name


def test_a_font_without_shapes_keeps_the_letters() -> None:
    assert joined("ليلى", range(0x700)) == "ليلى"


def test_marks_join_nothing_apart() -> None:
    assert unicodedata.normalize("NFKC", joined("مُحَمَّد", EVERY)) == unicodedata.normalize("NFKC", "مُحَمَّد")
    assert joined("مُح", EVERY)[0] == "\ufee3", "the first letter joins across its mark"


@pytest.mark.parametrize(
    ("line", "stands"),
    [
        ("ABC 12", "ABC 12"),
        ("ليلى", "ىليل"),
        ("12 شارع", "عراش 12"),
        ("سلام (1234) Ltd", "Ltd (1234) مالس"),
    ],
)
def test_a_line_stands_in_the_order_that_is_seen(line: str, stands: str) -> None:
    assert in_order(line) == stands
    assert is_reordered(line) is (line != stands)
