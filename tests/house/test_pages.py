"""Templates and styles fit the strict CSP, read from either side, and never jump: nothing inline, no left and right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->|/\*.*?\*/", re.DOTALL)
INLINE = {
    "an inline style": re.compile(r"""\sstyle\s*=\s*["']"""),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    # A data block such as JSON-LD is not run, so the CSP lets it pass.
    "an inline script": re.compile(
        r"<script\b(?![^>]*\bsrc=)(?![^>]*\btype=[\"'](application/(ld\+)?json|speculationrules)[\"'])", re.IGNORECASE
    ),
    "an inline handler": re.compile(r"""<[a-z][^<>]*\son[a-z]+\s*=\s*["']""", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
}
# A template's own expressions may hold a `>`; they are read as one piece.
UNSIZED = {
    what: re.compile(rf"<img\b(?!(?:(?>{{{{.*?}}}})|(?>{{%.*?%}})|[^>{{]|{{(?![{{%]))*\s{what}=)", re.DOTALL)
    for what in ("alt", "width", "height")
}
PHYSICAL = re.compile(
    r"""(?<![\w-])(
        (margin|padding|border|scroll-margin|scroll-padding)-(left|right)(-\w+)*\s*:
      | border-(top|bottom)-(left|right)-radius\s*:
      | (left|right)\s*:
      | (text-align|float|clear)\s*:\s*(left|right)\b
    )""",
    re.VERBOSE,
)


def inline_parts(root: Path) -> list[str]:
    """Styles and scripts inside templates; mails are left out, since mail readers know nothing else."""
    return [
        f"{path.relative_to(root)}:{line}: {what}"
        for path in files(root, "*.html", "templates")
        if "mail" not in path.parts
        for what, pattern in INLINE.items()
        for line in matches(pattern, path)
    ]


def physical_sides(root: Path) -> list[str]:
    """Style rules that name left or right where a reader of Arabic means the other side."""
    return [
        f"{path.relative_to(root)}:{line}: name the logical side (inline-start, inline-end)"
        for path in files(root, "*.css", "static")
        for line in matches(PHYSICAL, path)
    ]


def unsized_pictures(root: Path) -> list[str]:
    """Pictures without a size, for which a page would make room too late, or without a text in their stead."""
    return [
        f"{path.relative_to(root)}:{line}: a picture without {what}"
        for path in files(root, "*.html", "templates")
        if "mail" not in path.parts
        for what, pattern in UNSIZED.items()
        for line in matches(pattern, path)
    ]


def files(root: Path, pattern: str, room: str) -> Iterator[Path]:
    for top in ("core", "plugins", "themes"):
        for path in sorted((root / top).rglob(pattern)):
            if room in path.parts and "vendor" not in path.parts:
                yield path


def matches(pattern: re.Pattern[str], path: Path) -> Iterator[int]:
    """Lines of the file on which the pattern is found outside comments."""
    # A comment leaves its line breaks behind, so that lines keep their numbers.
    text = COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), path.read_text("utf-8"))
    return (text.count("\n", 0, found.start()) + 1 for found in pattern.finditer(text))


RULES = (inline_parts, physical_sides, unsized_pictures)
PAGE, STYLE = "plugins/forum/templates/forum/topic.html", "themes/plain/static/css/parts/card.css"
BREACHES = [
    (inline_parts, {PAGE: '<p style="color: red">'}),
    (inline_parts, {PAGE: "<style>p { color: red }</style>"}),
    (inline_parts, {PAGE: "<script>buy()</script>"}),
    (inline_parts, {PAGE: '<button\n  class="buy" onclick="buy()">'}),
    (inline_parts, {PAGE: '<a href="javascript:buy()">'}),
    (unsized_pictures, {PAGE: '<img src="a.webp" width="4" height="3">'}),
    (unsized_pictures, {PAGE: '<img src="a.webp" alt="" height="3">'}),
    (unsized_pictures, {PAGE: '<img src="a.webp" alt="{{ 1 > 0 }}"\n width="4">'}),
    (physical_sides, {STYLE: ".card { margin-left: 1rem; }"}),
    (physical_sides, {STYLE: ".card { padding-right: 1rem }"}),
    (physical_sides, {STYLE: ".card { border-left-color: red }"}),
    (physical_sides, {STYLE: ".card { border-top-left-radius: 0 }"}),
    (physical_sides, {STYLE: ".card {\n  left: 0;\n}"}),
    (physical_sides, {STYLE: ".card { text-align: right }"}),
    (physical_sides, {STYLE: ".card { float: left }"}),
]
IN_ORDER = {
    PAGE: '{# style="" #}<script type="module" src="/a.js"></script><script type="application/ld+json">{}</script>'
    '<button class="once" data-on="x">{{ _("Buy") }}</button>'
    '<img src="a.webp" alt="{{ name if n > 1 }}"{% if n > 2 %} loading="lazy"{% endif %} width="4" height="3">',
    "themes/plain/templates/mail/order.html": "<style>p { color: red }</style>",
    STYLE: "/* left: 0 */ .left { inset-inline-start: 0; margin-inline-end: 0; text-align: start; --left: 1 }",
    "themes/plain/static/vendor/other.css": ".a { left: 0 }",
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_the_rule(house: Path, rule: Callable[[Path], list[str]]) -> None:
    found = rule(house)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", RULES)
def test_a_tree_in_order_passes(plant: Callable[..., Path], rule: Callable[[Path], list[str]]) -> None:
    assert rule(plant(IN_ORDER)) == []


@pytest.mark.parametrize(("rule", "files_"), BREACHES)
def test_a_planted_breach_is_caught(
    plant: Callable[..., Path], rule: Callable[[Path], list[str]], files_: Mapping[str, str]
) -> None:
    assert len(rule(plant(files_))) == 1
