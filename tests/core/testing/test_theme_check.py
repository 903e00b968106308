"""The check of a theme finds what its author cannot see, and says where; the house's own themes pass it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.app import App
from core.kernel.installation import installation
from core.lib.colours import colour, contrast
from core.testing.themes import check_theme

pytestmark = pytest.mark.once
LOGO, STYLE = "templates/parts/logo.html", "static/css/theme.css"
FAULTS = {
    "a picture without alt": (LOGO, '<img src="x.svg">', "logo.html:1: a picture without alt"),
    "an inline style": (LOGO, '\n<p style="color: red">{{ _("Cart") }}</p>', "logo.html:2: an inline style"),
    "an inline script": (LOGO, "<script>buy()</script>", "an inline script"),
    "an inline handler": (LOGO, '<a href="/" onclick="buy()">{{ _("Cart") }}</a>', "an inline handler"),
    "a bare text": (LOGO, "<p>Welcome</p>", "'Welcome' is not marked for translation"),
    "an English text": (LOGO, "<p>{{ _('Quite a new sentence') }}</p>", "has no Chinese"),
    "unescaped output": (LOGO, "<p>{{ words|safe }}</p>", "output that is not escaped"),
    "a picture without alt, in capitals": (LOGO, '<IMG\n SRC="x.svg">', "logo.html:1: a picture without alt"),
    "a drawing without a name": (LOGO, '<svg role="img"></svg>', "a drawing with the role of a picture"),
    "an address that is a script": (
        LOGO,
        '<a href="javascript:buy()">{{ site.name }}</a>',
        "an address that is a script",
    ),
    "a bare text that is read out": (
        LOGO,
        '<a href="/" aria-label="Cart"></a>',
        "'Cart' is not marked for translation",
    ),
    "a bare alt": (LOGO, '<img src="x.svg" alt="Lighthouse">', "'Lighthouse' is not marked for translation"),
    "a bare button": (LOGO, '<input type="submit" value="Buy">', "'Buy' is not marked for translation"),
    "a text that is written out": (LOGO, '{{ "Open" if site.name else "" }}', "'Open' is not marked for translation"),
    "escaping that is switched off": (LOGO, "{% autoescape false %}{% endautoescape %}", "output that is not escaped"),
    "a template that cannot be read": (LOGO, "\n{% if x %}", "logo.html:2: Unexpected end of template"),
    "a slot that is gone": ("templates/layouts/page.html", "", "layouts/page.html: the slot 'page.head' is gone"),
    "a side": (STYLE, ".a { margin-left: 1rem }", "theme.css:1: names left or right"),
    "importance": (STYLE, ".a { color: red !important }", "!important"),
    "grey in one rule": (STYLE, ".a { color: #ccc; background: #fff }", "theme.css: .a: #ccc on #fff in light"),
    "grey in the dark": (
        STYLE,
        "@media (prefers-color-scheme: dark) { :root { --color-text: #333 } }",
        "--color-text on --color-canvas in dark",
    ),
    "grey on white": (STYLE, ":root { --color-text-soft: #999 }", "--color-text-soft on --color-canvas in light"),
}


@pytest.fixture
def theme(app: App, instance: Path) -> Path:
    """A theme of the installation's own that changes nothing yet."""
    folder = instance / "themes" / "mine"
    folder.mkdir(parents=True)
    (folder / "theme.toml").write_text('parent = "plain"\n', "utf-8")
    return folder


def found() -> list[str]:
    return check_theme(installation().themes, "mine")


def test_a_theme_that_changes_nothing_has_no_faults(theme: Path) -> None:
    assert found() == []


def test_a_sign_written_by_its_name_is_no_word(theme: Path) -> None:
    page = theme / "templates" / "parts" / "logo.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("<p>{{ site.name }}&nbsp;· {{ language() }}&#160;&copy;</p>", "utf-8")
    assert found() == []


def test_each_fault_is_found_with_its_place(theme: Path) -> None:
    for fault, (name, text, said) in FAULTS.items():
        path = theme / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        installation().themes.forget()

        faults = found()

        assert said in next(iter(faults), "nothing"), (fault, faults)
        path.unlink()


@pytest.mark.parametrize("name", ["plain", "lantern"])
def test_the_themes_of_the_house_pass(app: App, name: str) -> None:
    assert check_theme(installation().themes, name) == []


@pytest.mark.parametrize(
    ("written", "red", "green", "blue"),
    # Pairs that CSS Color 4 gives for sRGB's corners, and hexadecimal digits by hand.
    [
        ("oklch(0.628 0.2577 29.23)", 255, 0, 0),
        ("oklch(0.8664 0.2948 142.5)", 0, 255, 0),
        ("oklch(0.452 0.3132 264.05)", 0, 0, 255),
        ("oklch(1 0 0)", 255, 255, 255),
        ("#7f0080", 127, 0, 128),
        ("var(--deep)", 51, 51, 51),
    ],
)
def test_colours_are_computed_as_a_browser_shows_them(written: str, red: int, green: int, blue: int) -> None:
    shown = colour(written, {"--deep": "light-dark(#333, #ccc)"}, dark=False)
    assert [round(part * 255) for part in shown[:3]] == pytest.approx([red, green, blue], abs=1)


def test_the_contrast_is_that_of_the_guidelines() -> None:
    white, grey = colour("#fff", {}, dark=False), colour("#767676", {}, dark=False)
    # The lightest grey that passes on white is known to be #767676.
    assert contrast(white, grey) == pytest.approx(4.54, abs=0.01)
    assert contrast(white, colour("#777", {}, dark=False)) < 4.5


def test_a_label_without_chinese_is_found(theme: Path) -> None:
    (theme / "theme.toml").write_text('parent = "plain"\n[settings.hours]\nlabel = "When it is open"\n', "utf-8")
    assert found() == ["theme.toml: 'When it is open' has no Chinese"]


def test_a_theme_without_its_parent_is_told_which_there_are(theme: Path) -> None:
    (theme / "theme.toml").write_text('parent = "plane"\n', "utf-8")
    assert found() == ["theme.toml: there is no theme 'plane' for it to be a child of; there are lantern, mine, plain"]


def test_a_theme_that_cannot_be_used_says_why(theme: Path) -> None:
    (theme / "theme.toml").write_text("parent =\n", "utf-8")
    assert installation().themes.why_not("mine") == "Invalid value (at line 1, column 9)"
    assert installation().themes.why_not("plain") == ""
    assert installation().themes.why_not("nobody") == ""


def test_the_lead_of_a_lantern_shop_without_goods_has_the_colour_of_text_on_paper(app: App) -> None:
    style = installation().themes.style("lantern", ()).body.decode()

    # The empty shop has a lead outside the dark hero.
    assert ".hero .hero__lead{color: oklch(.93 .02 80)" in style
    assert not re.search(r"[};]\.hero__lead\{color: oklch\(\.9", style)
