"""Templates and styles as text: what escapes nobody, translates nothing or breaks from right to left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

_KEYWORDS = ("_", "gettext", "ngettext")
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# The kind of page is a class name, not a text.
_KIND = re.compile(r"\{%-?\s*block kind\s*-?%\}.*?\{%-?\s*endblock\s*-?%\}", re.DOTALL)
_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
_HIDDEN = re.compile(r"<(svg|script|style|code)\b.*?</\1>", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
_IN_TEMPLATES = (
    (re.compile(r"<img\b(?![^>]*\balt=)", re.DOTALL), 'a picture without alt; alt="" if it only decorates'),
    (re.compile(r"\sstyle\s*="), "an inline style; the security policy drops it"),
    (re.compile(r"\son[a-z]+\s*="), "an inline handler; the security policy drops it"),
    (
        re.compile(r"<script(?![^>]*\b(src|type=\"application/(ld\+)?json\"))"),
        "an inline script; the security policy drops it",
    ),
    (re.compile(r"\{%-?\s*autoescape\s+false"), "output that is not escaped"),
)
# What core hands over already cleaned; anything else that is marked safe is not.
_CLEANED = re.compile(r"\w*_html\s*\|\s*safe|'[^']*'\s*\|\s*safe")
_SAFE = re.compile(r"\|\s*safe\b")
_IN_STYLES = (
    (
        re.compile(r"(?<![\w-])(margin|padding|border)-(left|right)\b"),
        "names left or right; use -inline-start or -inline-end",
    ),
    (re.compile(r"(?<![\w-])(left|right)\s*:"), "names left or right; use inset-inline-start or -end"),
    (re.compile(r"text-align\s*:\s*(left|right)"), "names left or right; use start or end"),
    (re.compile(r"!important"), "!important; a layer decides"),
)


def faults_of_sources(folder: Path) -> list[str]:
    """Faults of every template and stylesheet of a theme."""
    found = [fault for path in sorted(folder.rglob("templates/**/*.html")) for fault in _of_template(folder, path)]
    return found + [fault for path in sorted(folder.rglob("static/**/*.css")) for fault in _of_style(folder, path)]


def _of_template(folder: Path, path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    shown = _blanked(re.compile(r"\{#.*?#\}", re.DOTALL), text)
    for pattern, fault in _IN_TEMPLATES:
        yield from (_said(folder, path, text, at.start(), fault) for at in pattern.finditer(_without_jinja(shown)))
    for at in _SAFE.finditer(_blanked(_CLEANED, shown)):
        yield _said(folder, path, text, at.start(), "output that is not escaped")
    for at in _WORD.finditer(_blanked(_TAG, _blanked(_HIDDEN, _without_jinja(_blanked(_KIND, shown))))):
        yield _said(folder, path, text, at.start(), f"{at[0]!r} is not marked for translation: {{{{ _('...') }}}}")


def _without_jinja(text: str) -> str:
    return _blanked(_JINJA, text)


def _of_style(folder: Path, path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    plain = _blanked(re.compile(r"/\*.*?\*/", re.DOTALL), text)
    for pattern, fault in _IN_STYLES:
        yield from (_said(folder, path, text, at.start(), fault) for at in pattern.finditer(plain))


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    """The text with every match made of spaces, so that places stay what they were."""
    return pattern.sub(lambda at: re.sub(r"[^\n]", " ", at[0]), text)


def _said(folder: Path, path: Path, text: str, place: int, fault: str) -> str:
    return f"{path.relative_to(folder)}:{text.count(chr(10), 0, place) + 1}: {fault}"


def untranslated(folder: Path, known: Iterable[Path]) -> list[str]:
    """Texts of a theme's templates that none of these catalogues has in Chinese."""
    translated = {msgid for path in known if path.exists() for msgid in _msgids(path)}
    found = []
    for path in sorted(folder.rglob("templates/**/*.html")):
        stream = BytesIO(path.read_bytes())
        for line, _, message, _ in babel_extract(stream, _KEYWORDS, (), {"silent": "false"}):
            msgid = message[0] if isinstance(message, tuple) else message
            if msgid and msgid not in translated:
                found.append(f"{path.relative_to(folder)}:{line}: {msgid!r} has no Chinese")
    return found


def untranslated_words(words: Iterable[str], known: Iterable[Path]) -> list[str]:
    """Words of a manifest that none of these catalogues has in Chinese."""
    translated = {msgid for path in known if path.exists() for msgid in _msgids(path)}
    return [f"theme.toml: {text!r} has no Chinese" for text in words if text and text not in translated]


def _msgids(path: Path) -> set[str]:
    with path.open("rb") as stream:
        return {
            message.id if isinstance(message.id, str) else message.id[0]
            for message in read_po(stream)
            if message.id and message.string
        }
