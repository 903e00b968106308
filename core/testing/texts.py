"""Every text that code and templates say, by the file that says it.

A text is what is marked with `_()`, `lazy()`, `gettext()`, `ngettext()` or `{% trans %}`, and the English message of an
error that a person may see (a `Refused` or one of its descendants, `default_message`, what `Unfit` says of a field).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2.ext import babel_extract

KEYWORDS = ("_", "gettext", "ngettext", "lazy")
_EXTENSIONS = {"extensions": "jinja2.ext.i18n", "silent": "false"}
_TESTS = {"tests", "testing"}


class Text(NamedTuple):
    """A msgid with its plural, if it has one, and where it is said."""

    path: Path
    line: int
    msgid: str
    plural: str = ""


class Call(NamedTuple):
    """A call whose first argument is a string; `second` is its second one, if that is a string too."""

    line: int
    name: str
    first: str
    second: str


class Class(NamedTuple):
    """A class by its name, those of its parents, and whether it is made in a way of its own."""

    name: str
    parents: tuple[str, ...]
    has_init: bool


class Source(NamedTuple):
    """What a Python file has in it that may be a text. A string is (line, text)."""

    calls: tuple[Call, ...]
    classes: tuple[Class, ...]
    messages: tuple[tuple[int, str], ...]
    strings: tuple[tuple[int, str], ...]


def texts(folder: Path, refusals: set[str]) -> Iterator[Text]:
    """Every text in the Python files and templates of `folder`; tests may say what they like."""
    for path in [*sources(folder, "*.py"), *sources(folder, "*.html"), *sources(folder, "*.txt")]:
        yield from texts_of(path, refusals)


def texts_of(path: Path, refusals: set[str]) -> list[Text]:
    """Every text of one file."""
    if path.suffix != ".py":
        return [Text(path, *found) for found in _of_template(path, path.stat().st_mtime_ns)]
    source = source_of(path)
    spoken = {*KEYWORDS, *refusals}
    said = [
        Text(path, call.line, call.first, call.second if call.name == "ngettext" else "")
        for call in source.calls
        if call.name in spoken
    ]
    return said + [Text(path, *message) for message in source.messages]


def sources(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder that are not its tests'."""
    return sorted(path for path in folder.rglob(pattern) if not _TESTS & set(path.relative_to(folder).parts))


def refusal_names(folders: Iterable[Path]) -> set[str]:
    """`Refused` and every class in these folders that descends from it and takes its message first."""
    every = [one for folder in folders for path in sources(folder, "*.py") for one in source_of(path).classes]
    known = {"Refused"}
    while new := {one.name for one in every if known & {*one.parents}} - known:
        known |= new
    return known - ({one.name for one in every if one.has_init} - {"Refused"})


def source_of(path: Path) -> Source:
    """What may be a text in a Python file; read once as long as the file stays."""
    return _source_of(path, path.stat().st_mtime_ns)


@cache
def _source_of(path: Path, changed: int) -> Source:
    del changed
    tree = ast.parse(path.read_text("utf-8"))
    calls, classes, messages, strings = [], [], [], []
    names = {id(node) for part in tree.body if _is_all(part) for node in ast.walk(part)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and (first := _string(node.args[0])):
            second = _string(node.args[1]) if len(node.args) > 1 else ""
            calls.append(Call(node.lineno, _last_name(node.func), first, second))
        elif isinstance(node, ast.Call) and node.args and _last_name(node.func) == "Unfit":
            messages += _said_of_fields(node.args[0])
        elif isinstance(node, ast.ClassDef):
            has_init = any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body)
            classes.append(Class(node.name, tuple(map(_last_name, node.bases)), has_init))
        elif isinstance(node, ast.Assign) and _last_name(node.targets[0]) == "default_message":
            messages.append((node.lineno, str(ast.literal_eval(node.value))))
        elif isinstance(node, ast.Constant) and (text := _string(node)) and id(node) not in names:
            strings.append((node.lineno, text))
    return Source(tuple(calls), tuple(classes), tuple(messages), tuple(strings))


def _said_of_fields(errors: ast.expr) -> list[tuple[int, str]]:
    said = errors.values if isinstance(errors, ast.Dict) else []
    return [(value.lineno, text) for value in said if (text := _string(value))]


def _is_all(part: ast.stmt) -> bool:
    return isinstance(part, ast.Assign) and _last_name(part.targets[0]) == "__all__"


@cache
def _of_template(path: Path, changed: int) -> tuple[tuple[int, str, str], ...]:
    del changed
    if "templates" not in path.parts:
        return ()
    said: list[tuple[int, str, str]] = []
    with path.open("rb") as stream:
        for line, _, message, _ in babel_extract(stream, KEYWORDS, (), _EXTENSIONS):
            one, many = (*message, "")[:2] if isinstance(message, tuple) else (message, "")
            if one:  # a text that only a variable holds is none
                said.append((line, str(one), str(many or "")))
    return tuple(said)


def _string(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _last_name(node: ast.expr) -> str:
    """`c` of `a.b.c`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
