"""Days as people write them are read in the order that is said, and never guessed."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.lib.days import fitting, read_day

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "order", "is_read_as"),
    [
        ("2010-12-01 08:26:00", "", "2010-12-01T08:26:00"),
        ("2010-12-01", "dmy", "2010-12-01T00:00:00"),
        ("2010/12/1 8:26", "mdy", "2010-12-01T08:26:00"),
        ("2010年12月1日 8:26", "", "2010-12-01T08:26:00"),
        ("20101201", "", "2010-12-01T00:00:00"),
        ("12/1/2010 8:26", "mdy", "2010-12-01T08:26:00"),
        ("12/1/2010 8:26", "dmy", "2010-01-12T08:26:00"),
        ("01.12.2010, 08:26", "dmy", "2010-12-01T08:26:00"),
        ("1-12-10", "dmy", "2010-12-01T00:00:00"),
        ("12/1/99", "mdy", "1999-12-01T00:00:00"),
        ("12/1/2010 12:05 AM", "mdy", "2010-12-01T00:05:00"),
        ("12/1/2010 1:05:07 p.m.", "mdy", "2010-12-01T13:05:07"),
        ("2010-12-01 08:26:00 +0100", "", "2010-12-01T08:26:00+01:00"),
        ("2010-12-01 08:26:00 UTC", "", "2010-12-01T08:26:00+00:00"),
        ("1/12/2010 08:26 -05:30", "dmy", "2010-12-01T08:26:00-05:30"),
    ],
)
def test_a_day_is_read_in_the_order_that_is_said(text: str, order: str, is_read_as: str) -> None:
    found = read_day(text, order)
    assert found is not None
    assert found.at.isoformat() == is_read_as


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("12/1/2010", ""), ("12/1/2010", "ymd"), ("13/12/2010", "mdy"), ("12/13/2010", "dmy"), ("31/2/2010", "dmy"),
        ("yesterday", "dmy"), ("", "dmy"), ("1/12/2010 25:00", "dmy"), ("1/12/2010 13:00 pm", "dmy"), ("1/12", "dmy"),
        ("1/12/2010 soon", "dmy"), ("1/12/201", "dmy"), ("1/12/20101", "dmy"), ("001/12/2010", "dmy"),
    ],
)  # fmt: skip
def test_what_is_no_day_in_that_order_is_none(text: str, order: str) -> None:
    assert read_day(text, order) is None


def test_a_part_above_twelve_says_the_order() -> None:
    assert fitting("1/12/2010") == ("dmy", "mdy")
    assert fitting("13/12/2010") == ("dmy",)
    assert fitting("12/13/2010") == ("mdy",)
    assert fitting("2010-12-01") == ("ymd", "dmy", "mdy")
    assert fitting("yesterday") == ()


def test_an_hour_is_told_from_none() -> None:
    assert [bool(found and found.has_hour) for found in map(read_day, ("2010-12-01", "2010/12/1", "20101201"))] == [
        False, False, False,
    ]  # fmt: skip
    midnight = read_day("2010-12-01 00:00")
    assert midnight is not None
    assert midnight.has_hour
    assert midnight.at == datetime(2010, 12, 1)  # noqa: DTZ001 -- none was written
