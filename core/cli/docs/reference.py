"""Reference pages that are read from the code: what plugins import, what their tests are given, each hook's facts."""

from __future__ import annotations

import ast
import enum
import functools
import inspect
import itertools
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, Struct

from core.cli.docs.since import exported, present, recorded
from core.kernel.retiring import NAMES
from core.lib.errors import Refused, StoaError
from core.lib.retired import Retired

_QUOTED = re.compile(r"(: |-> )'([^']*)'")
# Defaults that say nothing to a reader: objects by their address, functions, enum members in brackets.
_OBJECT = re.compile(r"<(?:[^<>]|<[^<>]*>)*>")
_MEMBER = re.compile(r"<(\w+\.\w+): [^<>]*>")


def sinces(root: Path) -> Callable[[str], str]:
    """A function from a name to the version that it came with."""
    known, now = recorded(root), present(root)
    return lambda name: known.get(name, now)


_DOOR = """\
Everything that a plugin may import, with the version that each name came with. What begins with a capital is a class:
its fields stand in brackets, and below it what else it has."""
_KIT = """\
What the tests of a plugin are given; `./stoa plugin check NAME` runs them. A fixture is an argument of a test. A suite
is a class to inherit, from `core.testing.contracts`, with fixtures of your own for what it asks."""


# -- the door ----------------------------------------------------------------------------------------------------------


def door(root: Path) -> str:
    """All that `core.api` exports, by the floor it comes from: signatures, members and docstrings, in Markdown."""
    import core.api as opened

    since = sinces(root)
    groups: dict[str, list[tuple[str, str]]] = {}
    for floor, name in exported(root):
        groups.setdefault(floor, []).append((name, _told(name, getattr(opened, name), since(name))))
    told = [
        "# core.api",
        "",
        _DOOR,
        "",
    ]
    for floor, lines in sorted(groups.items()):
        told += [f"## core.{floor}", "", *(line for _, line in sorted(lines, key=lambda one: one[0].casefold())), ""]
    return "\n".join([*told, *_retired()])


def _retired() -> Iterator[str]:
    """What goes: it works, and nobody should begin to use it."""
    if NAMES:
        yield "## Retired\n"
        for name, known in sorted(NAMES.items()):
            yield f"- `{name}`: {_goes(known)}"


def _goes(known: Retired) -> str:
    return f"retired since {known.since}, gone with {known.until}. Use {known.instead}."


def _told(name: str, found: Any, since: str) -> str:
    """One name with its signature, its docstring, and its members a step further in."""
    given = "" if _words_of_fields(found) else _signature(found)
    first, *more = _paragraphs(found) if _is_ours(found) else [""]
    line = f"- `{name}{given}`{f': {first}' if first else ''} *Since {since}.*"
    return "\n".join([line, *_below(more, "  "), *_members(found)])


def _below(paragraphs: list[str], indent: str) -> Iterator[str]:
    """Further paragraphs of an entry, below its first line."""
    for one in paragraphs:
        yield ""
        yield textwrap.indent(one, indent)
    if paragraphs:
        yield ""


def _said(found: Any) -> str:
    return f": {_docstring(found)}" if _is_ours(found) and _docstring(found) else ""


def _paragraphs(found: Any) -> list[str]:
    """A docstring's paragraphs, each in one line but for its lists; one empty text where there are no words."""
    text = _words(found).replace("<", "&lt;")  # `/p/<path>` is no element.
    told = [_joined(one) for one in re.split(r"\n\s*\n", text)]
    return told or [""]


def _joined(paragraph: str) -> str:
    """Lines joined, but each item of a list begins one."""
    lines: list[str] = []
    for line in paragraph.splitlines():
        if lines and not line.lstrip().startswith("- "):
            lines[-1] = f"{lines[-1]} {line.strip()}"
        else:
            lines.append(line.strip())
    return "\n".join(lines)


def _docstring(found: Any) -> str:
    """In one paragraph."""
    return " ".join(_words(found).split()).replace("<", "&lt;")


def _words(found: Any) -> str:
    """A docstring. A class that says nothing for itself says nothing, rather than what its base says."""
    text = (vars(found).get("__doc__") if isinstance(found, type) else getattr(found, "__doc__", None)) or ""
    # A struct without words gets its signature as words.
    if text.startswith(f"{getattr(found, '__name__', '')}("):
        return ""
    return inspect.cleandoc(text)


def _is_ours(found: Any) -> bool:
    return str(getattr(found, "__module__", "")).startswith("core.")


def _parameters(found: Any) -> inspect.Signature:
    """How it is called. A struct's own answer wants the types behind its names, which are there for checkers alone."""
    if not (isinstance(found, type) and issubclass(found, Struct)):
        return inspect.signature(found)
    kinds = {name: kind for one in reversed(found.__mro__) for name, kind in _annotations(one).items()}
    names, known = found.__struct_fields__, found.__struct_defaults__
    defaults = [NODEFAULT] * (len(names) - len(known)) + list(known)
    return inspect.Signature(
        [_parameter(name, kinds[name], default) for name, default in zip(names, defaults, strict=True)]
    )


def _annotations(found: type) -> dict[str, str]:
    return dict(vars(found).get("__annotations__", {}))


def _parameter(name: str, kind: str, default: Any) -> inspect.Parameter:
    is_given, by_name = default is NODEFAULT, inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, by_name, annotation=kind, default=inspect.Parameter.empty if is_given else default)


def _signature(found: Any) -> str:
    if isinstance(found, type) and issubclass(found, StoaError | enum.Enum):
        return ""
    try:
        given = str(_parameters(found)) if callable(found) and _is_ours(found) else ""
    except (TypeError, ValueError):
        return ""
    if isinstance(found, type):
        given = given.partition(" -> ")[0].replace("*, ", "")
        given = "" if given in {"()", "(*args, **kwargs)"} else given
    return _readable(given)


def _readable(given: str) -> str:
    given = _MEMBER.sub(r"\1", given)
    return _OBJECT.sub("…", _QUOTED.sub(r"\1\2", given).replace("<factory>", "…"))


def _members(found: Any) -> Iterator[str]:
    """The words of an enum, what an error is answered with, the attributes and methods of a class to build upon."""
    if not isinstance(found, type) or not _is_ours(found):
        return
    if issubclass(found, enum.Enum):
        yield "    - " + ", ".join(f"`{one.name}`" for one in found)
    elif issubclass(found, StoaError):
        yield f"    - a `{found.__bases__[0].__name__}`"
    else:
        yield from _attributes(found)
        for name, one in vars(found).items():
            if name == name.lower().lstrip("_") and _method(one) is not None:
                yield _method_line(name, one)


def _attributes(found: type) -> Iterator[str]:
    """What a class says of itself beside what it is made with, with the defaults that can be written down."""
    try:
        fields = set(_parameters(found).parameters)
    except (TypeError, ValueError):
        fields = set()
    for name, words in _words_of_fields(found).items():
        yield f"    - {words}"
        fields.add(name)
    own = vars(found)
    for name, kind in own.get("__annotations__", {}).items():
        if name not in fields and not name.startswith("_"):
            is_plain = isinstance(own.get(name), str | int | tuple | frozenset)
            default = f" = {own[name]!r}" if is_plain else ""
            yield f"    - `{name}: {_readable(str(kind))}{default}`"


def _words_of_fields(found: Any) -> dict[str, str]:
    """Fields that have a docstring below them, each with its line: its type, its default and these words."""
    if not isinstance(found, type) or not issubclass(found, Struct):
        return {}
    told = {}
    for one, after in itertools.pairwise(_classes_of(found.__module__).get(found.__name__, ())):
        if isinstance(one, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            words = " ".join(str(after.value.value).split())
            default = f" = {ast.unparse(one.value)}" if one.value and not isinstance(one.value, ast.Call) else ""
            name = ast.unparse(one.target)
            told[name] = f"`{name}: {ast.unparse(one.annotation)}{default}`: {words}"
    return told


@functools.cache
def _classes_of(module: str) -> dict[str, list[ast.stmt]]:
    """The bodies of the classes of a module, read once."""
    path = getattr(sys.modules.get(module), "__file__", None)
    tree = ast.parse(Path(path).read_text("utf-8")) if path else ast.Module([], [])
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}


def _method(one: Any) -> Any:
    """The function behind a method or property; None for what is neither."""
    if isinstance(one, property):
        return one.fget
    plain = getattr(one, "__func__", one)
    return plain if inspect.isfunction(plain) else None


def _method_line(name: str, one: Any) -> str:
    function = _method(one)
    given = (
        ""
        if isinstance(one, property)
        else _readable(re.sub(r"\((self|cls)(, )?", "(", str(inspect.signature(function))))
    )
    must = " Must be given." if getattr(function, "__isabstractmethod__", False) else ""
    first, *more = _paragraphs(function)
    return "\n".join([f"    - `{name}{given}`{f': {first}' if first else ''}{must}", *_below(more, "      ")])


# -- tests -------------------------------------------------------------------------------------------------------------


def test_kit() -> str:
    """What tests of plugins are given: fixtures, contract suites, samples, in Markdown."""
    from core.testing import contracts

    suites = [name for name in contracts.__all__ if name.endswith("Contract")]
    told = [
        "# core.testing",
        "",
        _KIT,
        "",
        "## Fixtures",
        "",
        *(f"- `{name}{_called(one)}`: {_docstring(one)}{''.join(_given(one))}" for name, one in _fixtures()),
        "",
        "## Suites",
        "",
    ]
    for name in suites:
        suite = getattr(contracts, name)
        told += [f"- `{name}`: {_docstring(suite)}", *_asked(suite)]
    told += ["", "## Samples and drivers", "", "From `core.testing.contracts` as well.", ""]
    for name in contracts.__all__:
        if name not in suites:
            found = getattr(contracts, name)
            told += [f"- `{name}{_signature(found)}`{_said(found)}", *_members(found)]
    return "\n".join(told)


def _fixtures() -> list[tuple[str, Any]]:
    """(name, function) of every fixture that tests ask for by its name."""
    import importlib

    from core.testing import pytest_plugins

    found = {}
    for module in pytest_plugins:
        for name, one in vars(importlib.import_module(module)).items():
            marker = getattr(one, "_fixture_function_marker", None)
            if marker is not None and not marker.autouse and not name.startswith("_"):
                found[name] = one._fixture_function  # noqa: SLF001 -- pytest has no other way to its docstring
    return sorted(found.items())


def _called(function: Any) -> str:
    """The signature of the function that a fixture gives, which is made within it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    made = {one.name: one.args for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    given = (one.value for one in ast.walk(tree) if isinstance(one, ast.Return | ast.Yield))
    names = [one.id for one in given if isinstance(one, ast.Name) and one.id in made]
    return f"({ast.unparse(made[names[0]])})" if names else ""


def _given(function: Any) -> Iterator[str]:
    """The methods of what a fixture gives, where it is a helper of ours."""
    wanted = inspect.get_annotations(function).get("return", "")
    name = re.sub(r"Iterator\[(.*)\]", r"\1", str(wanted))
    kind = function.__globals__.get(name)
    if isinstance(kind, type) and kind.__module__.startswith("core.testing"):
        for member in _members(kind):
            yield f"\n{member}"


def _asked(suite: type) -> Iterator[str]:
    """The fixtures that a suite wants: those that raise say in their error what to give."""
    for name, one in vars(suite).items():
        function = getattr(one, "_fixture_function", None)
        if function is not None and not name.startswith("_"):
            raised = re.search(r'NotImplementedError\("(.*)"\)', inspect.getsource(function))
            said = raised[1] if raised else _docstring(function) or "may be given"
            yield f"    - `{name}`: {said}"
    for name, kind in vars(suite).get("__annotations__", {}).items():
        yield f"    - `{name}: {_readable(str(kind))}`"


# -- the panel ---------------------------------------------------------------------------------------------------------

_PARTS = """\
What pages of the panel are made of, those of plugins too: `{% from "panel/parts/field.html" import field %}`. Further
names that a part is handed become attributes of its element."""
_MACRO = re.compile(r"(?:\{#-?((?:(?!#\}).)*)-?#\}\n)?\{%-? macro (\w+)(\(.*?\)) -?%\}", re.DOTALL)


def panel_parts(root: Path) -> str:
    """The macros of the panel's templates with what is written above them, in Markdown."""
    told = ["# Parts of the panel", "", _PARTS, ""]
    for path in sorted((root / "core" / "panel" / "templates" / "panel" / "parts").glob("*.html")):
        macros = _MACRO.findall(path.read_text("utf-8"))
        if macros:
            told += [f"## panel/parts/{path.name}", ""]
        for said, name, given in macros:
            words = " ".join(said.split())
            told.append(f"- `{name}{given}`{f': {words}' if words else ''}")
        told.append("")
    return "\n".join(told)


# -- the theme ---------------------------------------------------------------------------------------------------------

_PARTS_HEAD = "## Parts that plugins may use"
_PART = re.compile(r"\{#-?\s*(.*?)\s*-?#\}")


def parts_for_plugins(readme: str) -> list[str]:
    """The names of the parts that the theme promises to plugins."""
    section = readme.partition(_PARTS_HEAD)[2].partition("; each")[0]
    return re.findall(r"`(\w+)`", section)


def part_says(root: Path, name: str) -> str:
    """What a part says in its first line of what it wants; empty where it says nothing."""
    for folder in ("themes/plain/templates/parts", "core/templates/parts"):
        path = root / folder / f"{name}.html"
        if path.exists():
            said = _PART.match(path.read_text("utf-8").partition("\n")[0])
            return said[1] if said else ""
    return ""


def theme_parts(root: Path, readme: str) -> str:
    """The parts that plugins may use with what each wants, in Markdown."""
    rows = [f"| `{name}` | {part_says(root, name).replace('|', '/')} |" for name in parts_for_plugins(readme)]
    return "\n".join(["## What each part wants", "", "| part | wants |", "|---|---|", *rows])


# -- hooks -------------------------------------------------------------------------------------------------------------

_ON_ERROR = {
    "skip": "The plugin is left out and reported; the others answer.",
    "block": "The act is refused and nothing is stored.",
    "retry": "It is delivered again later, and ends in the dead letters.",
}


def hook_facts(name: str, root: Path) -> str:
    """Signature, question, transaction, error policy and age of a hook, as its spec has them, in Markdown."""
    from core.hookspecs import FAMILIES

    spec = next((getattr(family, name) for family in FAMILIES if hasattr(family, name)), None)
    if spec is None:
        raise Refused(f"docs/hooks/{name}.md: there is no hook of this name")
    policy = spec.stoa_policy
    signature = inspect.signature(spec, eval_str=False)
    given = ", ".join(f"{one.name}: {one.annotation}" for one in signature.parameters.values() if one.name != "self")
    said = inspect.cleandoc(spec.__doc__ or "")
    inside = "after the commit, by a worker" if policy.on_error == "retry" else "outside any transaction"
    lines = [
        f"```python\n@hookimpl\ndef {name}({given}) -> {signature.return_annotation}: ...\n```",
        said,
        "",
        "| | |",
        "|---|---|",
        f"| Asked | {inside} |",
        f"| Many answers | {'the first one wins' if policy.first else 'all count'} |",
        f"| A failing plugin | {_ON_ERROR[policy.on_error]} |",
        f"| Since | {sinces(root)(name)} |",
    ]
    if policy.retired is not None:
        lines.append(f"| Retired | {_goes(policy.retired)} |")
    if kinds := _kinds(f"{given} {signature.return_annotation}", root):
        lines.append(f"| Its classes | {', '.join(f'[`{kind}`](../../core/api.py#{kind})' for kind in kinds)} |")
    return "\n".join(lines)


def _kinds(signature: str, root: Path) -> list[str]:
    """The classes of `core.api` that a signature names, each once."""
    known = {name for _, name in exported(root)}
    return list(dict.fromkeys(word for word in re.findall(r"[A-Z]\w+", signature) if word in known))
