"""A plugin's answer, looked at down to its fields: a struct does not check what it is given.

Without this a price that is no Money would fail far behind the guard, in the midst of a page.
"""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from msgspec import Struct

Check = Callable[[Any], bool]
# Nothing within them is to be looked at.
_PLAIN = (str, int, bool)
_Kind = TypeVar("_Kind")


class WrongAnswer(TypeError):
    """A plugin answered something that its spec does not allow."""


def checked(answer: object, *kinds: type[_Kind], asked: str) -> _Kind:
    """The answer, if it is one of `kinds` down to its fields; WrongAnswer about `asked` otherwise."""
    kind = next((kind for kind in kinds if isinstance(answer, kind)), None)
    if kind is None:
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise WrongAnswer(f"{asked} answers {wanted}, not {type(answer).__name__}")
    if wrong := complaint(kind, answer):
        raise WrongAnswer(f"{asked}: {wrong}")
    return typing.cast("_Kind", answer)


def checked_all(answers: object, *kinds: type[_Kind], asked: str) -> list[_Kind]:
    """The answers as a list, each checked; WrongAnswer for what is no list."""
    if isinstance(answers, str | bytes | collections.abc.Mapping) or not isinstance(answers, collections.abc.Iterable):
        raise WrongAnswer(f"{asked} answers a list, not {type(answers).__name__}")
    return [checked(one, *kinds, asked=asked) for one in answers]


def complaint(kind: type, item: object) -> str:
    """The first attribute of `item` that is not what `kind` declares, in words for its author; empty if all are."""
    for name, exactly, wanted, is_right in _attributes(kind):
        value = getattr(item, name, None)
        # Most are what is declared to the letter: that is told without a call.
        if type(value) is not exactly and not is_right(value):
            return f"{kind.__name__}.{name} is {wanted}, not {value!r:.80}"
    more: Callable[[Any], str] | None = getattr(kind, "_complaint", None)
    wrong = more(item) if more is not None else ""
    return f"{kind.__name__}.{wrong}" if wrong else ""


@cache
def _attributes(kind: type) -> tuple[tuple[str, type | None, str, Check], ...]:
    """(name, plain type or None, type in words, check) of what a class declares.

    Class variables too, which providers must set.
    """
    hints = typing.get_type_hints(kind) if kind.__module__.startswith("core.") else {}
    return tuple(
        (name, hint if hint in _PLAIN else None, _words(hint), _check(hint))
        for name, hint in hints.items()
        if not name.startswith("_")
    )


def _words(hint: Any) -> str:
    text = getattr(hint, "__name__", "") if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
    return text.replace("typing.", "").replace("collections.abc.", "").removeprefix("ClassVar[").rstrip("]")


def _check(hint: Any) -> Check:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.ClassVar:
        return _check(inner[0])
    if origin in {typing.Union, types.UnionType}:
        return _any_of([_check(one) for one in inner])
    if origin is typing.Literal:
        return lambda value: value in inner
    return _holder(origin, inner) if isinstance(origin, type) else _plain(hint)


def _holder(origin: type, inner: tuple[Any, ...]) -> Check:
    if origin is tuple:
        return _tuple(inner)
    if issubclass(origin, collections.abc.Mapping):
        return _mapping(_check(inner[0]), _check(inner[1]))
    if issubclass(origin, collections.abc.Collection):
        return _collection(origin, _check(inner[0]))
    return _plain(origin)


def _plain(hint: Any) -> Check:
    if hint is datetime:
        # A time without a zone cannot be compared with ours.
        return lambda value: isinstance(value, datetime) and value.tzinfo is not None
    if not isinstance(hint, type):
        return lambda _: True
    if hint is str:
        # A text that is translated when it is shown is no str, but knows how to be shown.
        return lambda value: isinstance(value, str) or hasattr(type(value), "__html__")
    if issubclass(hint, Struct):
        return lambda value: isinstance(value, hint) and not complaint(hint, value)
    return lambda value: isinstance(value, hint)


def _any_of(checks: list[Check]) -> Check:
    return lambda value: any(is_right(value) for is_right in checks)


def _tuple(inner: tuple[Any, ...]) -> Check:
    if inner[1:] == (...,):
        return _collection(tuple, _check(inner[0]))
    checks = [_check(one) for one in inner]
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == len(checks)
        and all(is_right(one) for is_right, one in zip(checks, value, strict=True))
    )


def _collection(kind: Any, is_right: Check) -> Check:
    return lambda value: (
        isinstance(value, kind) and not isinstance(value, str | bytes) and all(is_right(one) for one in value)
    )


def _mapping(is_key: Check, is_value: Check) -> Check:
    return lambda value: (
        isinstance(value, collections.abc.Mapping) and all(is_key(key) and is_value(one) for key, one in value.items())
    )
