"""Signatures that can be read: a parameter on each line where there are many, types that lead to what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape

_ENTRY = re.compile(r"(<li[^>]*>(?:\n?<p>)?)<code>([^<]*)</code>(:?)")
_ID = re.compile(r'<li id="(\w+)">')
_FIRST_SECTION = "<h2"
# What is written in quotes is no type.
_WORDS = re.compile(r"('[^']*')|\b([A-Z]\w+)\b")
_WIDE = 76


def laid_out(html: str, known: Mapping[str, str]) -> str:
    """A page of entries with its signatures laid out; `known` are the addresses of names."""
    return _ENTRY.sub(lambda at: f"{at[1]}{_code(unescape(at[2]), at[3], known)}", html)


def _code(text: str, colon_after: str, known: Mapping[str, str]) -> str:
    name, bracket, rest = text.partition("(")
    if not bracket or ":" in name:
        # An attribute: its name, then its type.
        name, colon, rest = text.partition(":")
        return f"<code>{escape(name, quote=False)}{colon}{_linked(rest, known)}</code>{colon_after}"
    inside, after = _split(rest)
    if len(text) <= _WIDE or len(inside) < 2:
        return f"<code>{escape(name, quote=False)}({_linked(rest, known)}</code>{colon_after}"
    lines = "".join(f"<span>{_linked(one, known)}</span>" for one in inside)
    return f'<code class="docs__signature">{escape(name, quote=False)}({lines}){_linked(after, known)}</code>'


def _split(rest: str) -> tuple[list[str], str]:
    """The parameters, each with its comma, and what comes after the closing bracket."""
    depth, begin, quoted = 0, 0, False
    found: list[str] = []
    for at, letter in enumerate(rest):
        quoted ^= letter == "'"
        if quoted:
            continue
        if letter == ")" and depth == 0:
            return [*found, rest[begin:at]], rest[at + 1 :]
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            found.append(f"{rest[begin : at + 1]} ")
            begin = at + 2
    return [rest], ""


def _linked(text: str, known: Mapping[str, str]) -> str:
    parts, end = [], 0
    for at in _WORDS.finditer(text):
        word = escape(at[0], quote=False)
        parts += [escape(text[end : at.start()], quote=False)]
        parts += [f'<a href="{known[at[2]]}">{word}</a>' if at[2] in known else word]
        end = at.end()
    return "".join([*parts, escape(text[end:], quote=False)])


def names_in(html: str) -> list[str]:
    """The names that can be linked to on a page."""
    return _ID.findall(html)


def with_index(html: str, names: Iterable[str]) -> str:
    """A page with an index of its names before its first section, which needs no script."""
    listed = sorted(names, key=str.casefold)
    rows = "".join(f'<li><a href="#{name}">{name}</a></li>' for name in listed)
    index = f'<details class="docs__index"><summary>Index of {len(listed)} names</summary><ul>{rows}</ul></details>\n'
    return html.replace(_FIRST_SECTION, index + _FIRST_SECTION, 1)
