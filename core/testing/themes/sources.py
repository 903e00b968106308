"""Templates and styles as text: what escapes nobody, translates nothing or breaks from right to left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import babel_extract

from core.kernel.contrast import TEXT
from core.lib.colours import NotAColour, colour, contrast, tokens

_KEYWORDS = ("_", "gettext", "ngettext")
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# The kind of page is a class name, not a text.
_KIND = re.compile(r"\{%-?\s*block kind\s*-?%\}.*?\{%-?\s*endblock\s*-?%\}", re.DOTALL)
_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
_HIDDEN = re.compile(r"<(svg|script|style|code)\b.*?</\1>", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
_IN_TEMPLATES = (
    (
        re.compile(r"<(?:img|input\b[^>]*\btype=[\"']?image)\b(?![^>]*\balt=)", re.DOTALL | re.IGNORECASE),
        'a picture without alt; alt="" if it only decorates',
    ),
    (
        re.compile(r"<svg\b(?=[^>]*\brole=[\"']?img)(?![^>]*\baria-label)", re.DOTALL | re.IGNORECASE),
        "a drawing with the role of a picture and without aria-label",
    ),
    (
        re.compile(r"=\s*[\"']?\s*javascript:", re.IGNORECASE),
        "an address that is a script; the security policy drops it",
    ),
    (re.compile(r"\sstyle\s*="), "an inline style; the security policy drops it"),
    (re.compile(r"\son[a-z]+\s*="), "an inline handler; the security policy drops it"),
    (
        re.compile(r"<script(?![^>]*\b(src|type=\"application/(ld\+)?json\"))", re.IGNORECASE),
        "an inline script; the security policy drops it",
    ),
)
_UNESCAPED = re.compile(r"\{%[-+]?\s*autoescape\s+false")
# Attributes that are read out or shown.
_SPOKEN = re.compile(
    r"""\s(?:alt|title|placeholder|aria-label|aria-description|aria-roledescription)\s*=\s*("[^"]*"|'[^']*')"""
    r"""|<input\b(?=[^>]*\btype=["']?(?:submit|reset|button)\b)[^>]*?\svalue\s*=\s*("[^"]*"|'[^']*')""",
    re.IGNORECASE,
)
_SLOT = re.compile(r"""\bslot\(\s*["']([\w.]+)["']""")
# What core hands over already cleaned; anything else that is marked safe is not.
_CLEANED = re.compile(r"\w*_html\s*\|\s*safe|'[^']*'\s*\|\s*safe")
_SAFE = re.compile(r"\|\s*safe\b")
_ENTITY = re.compile(r"&#?\w+;")
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")
_DECLARED = re.compile(r"(?:^|;)\s*([\w-]+)\s*:\s*([^;]+?)\s*(?=;|$)")
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
    plain = _without_jinja(shown)
    for pattern, fault in _IN_TEMPLATES:
        yield from (_said(folder, path, text, at.start(), fault) for at in pattern.finditer(plain))
    for at in [*_UNESCAPED.finditer(shown), *_SAFE.finditer(_blanked(_CLEANED, shown))]:
        yield _said(folder, path, text, at.start(), "output that is not escaped")
    for place, word in sorted([*_bare(shown), *_spoken(plain), *_written_out(text)]):
        yield _said(folder, path, text, place, f"{word!r} is not marked for translation: {{{{ _('...') }}}}")


def _bare(shown: str) -> Iterator[tuple[int, str]]:
    """Words between tags, with their places."""
    words = _blanked(_TAG, _blanked(_HIDDEN, _without_jinja(_blanked(_KIND, shown))))
    for at in _WORD.finditer(_blanked(_ENTITY, words)):
        yield at.start(), at[0]


def _spoken(plain: str) -> Iterator[tuple[int, str]]:
    """Words in attributes that are read out or shown."""
    for at in _SPOKEN.finditer(plain):
        number = 1 if at[1] else 2
        for word in _WORD.finditer(at[number]):
            yield at.start(number) + word.start(), word[0]
            break


def _written_out(text: str) -> Iterator[tuple[int, str]]:
    """Strings that a template writes out: `{{ "Open" if here else "Closed" }}`. Names of classes are small."""
    try:
        outputs = list(Environment(extensions=["jinja2.ext.i18n"]).parse(text).find_all(nodes.Output))
    except TemplateSyntaxError:
        return  # Told elsewhere.
    lines = [0, *(at.end() for at in re.finditer("\n", text))]
    for output in outputs:
        for written in output.nodes:
            for word in _constants(written):
                if re.match(r"\s*[A-Z][a-z]", word):
                    yield lines[written.lineno - 1], word.strip()


def _constants(written: nodes.Node) -> Iterator[str]:
    if isinstance(written, nodes.Const) and isinstance(written.value, str):
        yield written.value
    elif isinstance(written, nodes.CondExpr):
        yield from _constants(written.expr1)
        yield from _constants(written.expr2) if written.expr2 else ()
    elif isinstance(written, nodes.Concat):
        for part in written.nodes:
            yield from _constants(part)


def broken(folder: Path) -> list[str]:
    """Templates that cannot be read."""
    found = []
    for path in sorted(folder.rglob("templates/**/*.html")):
        try:
            Environment(extensions=["jinja2.ext.i18n"]).parse(path.read_text("utf-8"))
        except TemplateSyntaxError as error:
            found.append(f"{path.relative_to(folder)}:{error.lineno}: {error.message}")
    return found


def silenced(folder: Path, parents: Sequence[Path]) -> list[str]:
    """Places of plugins that a theme's templates lost: those they take the place of had them."""
    own = {path.relative_to(folder): path.read_text("utf-8") for path in folder.rglob("templates/**/*.html")}
    kept = {slot for text in own.values() for slot in _SLOT.findall(text)}
    found = []
    for name in sorted(own):
        replaced = next((parent / name for parent in parents if (parent / name).is_file()), None)
        if replaced is not None and "{% extends" not in own[name]:
            lost = dict.fromkeys(slot for slot in _SLOT.findall(replaced.read_text("utf-8")) if slot not in kept)
            found += [f"{name}: the slot {slot!r} is gone, so that plugins fall silent" for slot in lost]
    return found


def unread(css: str, own: str) -> list[str]:
    """Rules of a theme's own style that set words and what is behind them in colours that some cannot tell apart."""
    known, found = tokens(css), []
    for at in _RULE.finditer(_blanked(_CSS_COMMENT, own)):
        said = dict(_DECLARED.findall(at[2]))
        front, back = said.get("color", ""), said.get("background-color", "") or said.get("background", "")
        for dark in (False, True) if front and back else ():
            try:
                ratio = contrast(colour(front, known, dark=dark), colour(back, known, dark=dark))
            except (NotAColour, KeyError):
                continue
            if ratio < TEXT:
                mode, selector = "dark" if dark else "light", " ".join(at[1].split())
                found.append(f"{selector}: {front} on {back} in {mode} has a contrast of {ratio:.2f}; {TEXT} is needed")
    return found


def _without_jinja(text: str) -> str:
    return _blanked(_JINJA, text)


def _of_style(folder: Path, path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    plain = _blanked(_CSS_COMMENT, text)
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
