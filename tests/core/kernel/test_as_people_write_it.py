"""Days with their time, words in a row and labels, as each language puts them together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from markupsafe import Markup

from core.kernel.i18n import after_colon, after_comma, clauses, enumerated, labelled, phrases, sentences, speaking, when

AT = datetime(2026, 11, 15, 10, 48, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "15 Nov 2026, 10:48 am"), ("zh-CN", "2026年11月15日 10:48"), ("de", "15.11.2026, 10:48")],
)
def test_a_day_and_its_time_stand_together_without_seconds(language: str, said: str) -> None:
    with speaking(language):
        assert when(AT).replace("\u202f", " ") == said


@pytest.mark.parametrize(
    ("language", "row", "label", "question"),
    [
        ("en", "oak, ash", "Name: Write it out.", "Why? Choose one."),
        ("zh-CN", "oak、ash", "Name：Write it out.", "Why?Choose one."),
        ("ar", "oak وash", "Name: Write it out.", "Why? Choose one."),
    ],
)
def test_words_stand_in_a_row_and_behind_a_label(language: str, row: str, label: str, question: str) -> None:
    with speaking(language):
        assert (enumerated(("oak", "ash")), labelled("Name", "Write it out.")) == (row, label)
        assert "Name" + after_colon("Write it out.") == label
        assert labelled("Why?", "Choose one.") == question
        html = label.replace("Name", "Na&amp;me").replace("Write it out.", "&lt;i&gt;")
        assert labelled(Markup("Na&amp;me"), "<i>") == html
        assert phrases(("Lamp", "red")) == {"zh-CN": "Lamp，red", "ar": "Lamp، red"}.get(language, "Lamp, red")
        assert "Lamp" + after_comma("red") == phrases(("Lamp", "red"))
        assert clauses(("a, b", "c")) == {"zh-CN": "a, b；c", "ar": "a, b؛ c"}.get(language, "a, b; c")
        assert sentences(("One.", "", "Two.")) == ("One.Two." if language == "zh-CN" else "One. Two.")
